#!/bin/bash
# Makes EnginFrame's schema and its user, as the master user and over TLS. Every statement may run again on a schema
# that is in use: nothing is ever dropped or emptied.
. "$(dirname "$0")/../../../lib.sh"

# The authorities of the region's databases (RDS user guide, "Using SSL/TLS to encrypt a connection"), which differ by
# partition. The region's own bundle is a handful of certificates; a region without one has those of the global bundle.
authorities=$ROOT/etc/hpc-portal/rds-ca.pem
case $REGION in
  cn-*) store=https://rds-truststore.s3.cn-north-1.$URL_SUFFIX ;;
  us-gov-*) store=https://truststore.pki.us-gov-west-1.rds.$URL_SUFFIX ;;
  *) store=https://truststore.pki.rds.$URL_SUFFIX ;;
esac

# fetch_authorities: the first bundle of certificates that can be had.
fetch_authorities() {
  local bundle
  for bundle in "$REGION/$REGION-bundle.pem" global/global-bundle.pem; do
    within 90 curl -sSf -m 60 --proto =https -o "$RUN/rds-ca.pem" "$store/$bundle" &&
      grep -q 'BEGIN CERTIFICATE' "$RUN/rds-ca.pem" && return 0
  done
  return 1
}
if [[ ! -s $authorities ]]; then
  attempt 5 10 fetch_authorities ||
    fail "The certificates of the region's databases could not be fetched from $store: check that this node" \
      "reaches it."
  put_file "$authorities" 0644 < "$RUN/rds-ca.pem"
fi

# trust_authorities: adds the certificates to the trust store of the portal's JVM, so that EnginFrame's own connection
# verifies the server as well.
trust_authorities() {
  local known pem=$RUN/ca- certificate alias
  known=$(within 60 "$JAVA_LINK/bin/keytool" -list -cacerts -storepass changeit) || return 1
  rm -f "$pem"*
  awk -v to="$pem" '/BEGIN CERTIFICATE/ { n++ } n { print > (to n) }' "$authorities"
  for certificate in "$pem"*; do
    alias=hpc-portal-rds-$(sha256sum < "$certificate" | cut -c 1-16)
    grep -q "^$alias," <<< "$known" ||
      within 60 "$JAVA_LINK/bin/keytool" -importcert -noprompt -cacerts -storepass changeit -alias "$alias" \
        -file "$certificate" || return 1
  done
  rm -f "$pem"*
}
trust_authorities || fail "Java's trust store refused the certificates of the region's databases; see above."

if ! command -v mysql > /dev/null; then
  install_package mariadb105 || install_package mariadb1011 ||
    fail "The image has no MySQL client (mysql), and none could be installed (mariadb105): check that this node" \
      "reaches its package repositories."
fi

# MySQL's and MariaDB's clients have different options for the same check: the server's certificate and its name.
verify=ssl-mode=VERIFY_IDENTITY
[[ $(mysql --version) != *MariaDB* ]] || verify=ssl-verify-server-cert

# quoted TEXT: prints it as it must stand between quotes, in an option file and in SQL alike.
quoted() {
  local text=${1//\\/\\\\}
  printf '%s' "${text//\'/\\\'}"
}

options=$RUN/master.cnf
trap 'rm -f "$options" "$RUN/mysql-errors"' EXIT
master_password=$(secret_text "$DATABASE_SECRET_ARN" "the database's master password")
portal_password=$(secret_text "$PORTAL_DATABASE_SECRET_ARN" "the portal's database password")
(
  umask 077
  cat > "$options" << OPTIONS
[client]
host=$DATABASE_ENDPOINT
port=$DATABASE_PORT
user=$DATABASE_MASTER_USERNAME
password='$(quoted "$master_password")'
ssl-ca=$authorities
$verify
protocol=tcp
connect-timeout=10
OPTIONS
)

# query: runs the SQL of standard input. --defaults-file must be the first option.
query() {
  within 60 mysql "--defaults-file=$options" --batch --skip-column-names 2> "$RUN/mysql-errors"
}

# answers: whether the database does; fails where another attempt cannot help.
answers() {
  query <<< 'SELECT 1;' > /dev/null && return 0
  case $(< "$RUN/mysql-errors") in
    *'ERROR 1045'*)
      fail "The database at $DATABASE_ENDPOINT refuses $DATABASE_MASTER_USERNAME: the password in" \
        "$DATABASE_SECRET_ARN is not the master user's: set the cluster's master password to it."
      ;;
    *'ERROR 2026'*)
      fail "No trusted TLS connection to $DATABASE_ENDPOINT: $(tail -n 1 "$RUN/mysql-errors"); is it Aurora?"
      ;;
  esac
  return 1
}
attempt 15 15 answers || fail "The database at $DATABASE_ENDPOINT:$DATABASE_PORT cannot be reached" \
  "($(tail -n 1 "$RUN/mysql-errors")): is it running, and does its security group admit this node?"

# latin1: with utf8mb4, the default of MySQL 8, EnginFrame's rows are too long. CREATE USER and GRANT apart, since
# MySQL 8 refuses GRANT with IDENTIFIED BY. ALTER USER corrects the password of a restored snapshot, but only before the
# portal is installed: afterwards its keystore on /efs has the password, and file system and snapshot are restored
# together.
user="'$DATABASE_USER'@'%'"
alter="ALTER USER $user IDENTIFIED BY '$(quoted "$portal_password")' REQUIRE SSL;"
if [[ -e $INSTALLED ]]; then
  alter=''
  count=$(query <<< "SELECT COUNT(*) FROM mysql.user WHERE User = '$DATABASE_USER';")
  [[ $count == 1 ]] ||
    fail "The database at $DATABASE_ENDPOINT has no user $DATABASE_USER, though there is a portal on /efs: it belongs" \
      "to another database, so restore that one's snapshot (DatabaseSnapshotArn), or move /efs/hpc-portal/installed" \
      "and ${PORTAL_ROOT#"$ROOT"} elsewhere to install again."
fi

# reason: prints the last error. A syntax error quotes the statement, and with it perhaps a password: that part is cut.
reason() {
  tail -n 1 "$RUN/mysql-errors" | sed 's/ near .*/ (a statement that this server does not know)/'
}

# make_schema: makes the schema, its user and the user's rights.
make_schema() {
  query << SQL
CREATE DATABASE IF NOT EXISTS \`$DATABASE_SCHEMA\` DEFAULT CHARACTER SET latin1;
CREATE USER IF NOT EXISTS $user IDENTIFIED BY '$(quoted "$portal_password")' REQUIRE SSL;
$alter
GRANT ALL PRIVILEGES ON \`$DATABASE_SCHEMA\`.* TO $user;
SQL
}
make_schema ||
  fail "The portal's schema could not be made on $DATABASE_ENDPOINT ($(reason)): check the rights of its master user."
