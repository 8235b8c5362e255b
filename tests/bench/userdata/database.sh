# shellcheck shell=bash disable=SC2154  # the bench puts values and an interpreter before it
# Aurora's stand-in: MariaDB that takes TLS connections only, with a certificate in the name of its endpoint.
# From the bench: MASTER, PASSWORD, CERTIFICATE, KEY.
set -euo pipefail
umask 077
printf '%s\n' "$CERTIFICATE" > /etc/mysql/server.pem
printf '%s\n' "$KEY" > /etc/mysql/server.key
chown mysql: /etc/mysql/server.pem /etc/mysql/server.key
cat > /etc/mysql/mariadb.conf.d/90-bench.cnf << END
[mariadbd]
bind-address = 0.0.0.0
skip-name-resolve
require-secure-transport = ON
ssl-cert = /etc/mysql/server.pem
ssl-key = /etc/mysql/server.key
innodb-lock-wait-timeout = 900
innodb-buffer-pool-size = 64M
innodb-flush-log-at-trx-commit = 2
character-set-server = utf8mb4
END
chmod 644 /etc/mysql/mariadb.conf.d/90-bench.cnf
systemctl enable -q --now mariadb.service
mysql << END
CREATE USER '$MASTER'@'%' IDENTIFIED BY '$PASSWORD';
GRANT ALL PRIVILEGES ON *.* TO '$MASTER'@'%' WITH GRANT OPTION;
END
