# shellcheck shell=bash disable=SC2154  # the bench puts values and an interpreter before it
# A directory: OpenLDAP that takes passwords over TLS only, and shows nothing to anybody but its reading user.
# From the bench: BASE, READER, SCHEMA, ENTRIES, CERTIFICATE, KEY.
set -euo pipefail
umask 077
etc=/etc/ldap
printf '%s\n' "$SCHEMA" > $etc/schema/bench.schema
printf '%s\n' "$CERTIFICATE" > $etc/server.pem
printf '%s\n' "$KEY" > $etc/server.key
cat > $etc/slapd.conf << END
include $etc/schema/core.schema
include $etc/schema/cosine.schema
include $etc/schema/inetorgperson.schema
include $etc/schema/bench.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile /run/slapd/slapd.pid
TLSCertificateFile $etc/server.pem
TLSCertificateKeyFile $etc/server.key
security simple_bind=128
database mdb
suffix $BASE
directory /var/lib/ldap
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="$READER" read by * none
END
slapadd -q -f $etc/slapd.conf <<< "$ENTRIES"
chown -R openldap: $etc/slapd.conf $etc/schema/bench.schema $etc/server.pem $etc/server.key /var/lib/ldap
cat > /etc/default/slapd << END
SLAPD_CONF=$etc/slapd.conf
SLAPD_USER=openldap
SLAPD_GROUP=openldap
SLAPD_SERVICES="ldap:/// ldaps:///"
END
systemctl enable -q slapd.service # a script of init.d, for which --now does nothing
systemctl start slapd.service
