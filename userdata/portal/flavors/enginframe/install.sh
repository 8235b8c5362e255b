#!/bin/bash
# Installs the portal on /efs with the vendor's unattended installer. Called by step 70-portal, which holds the lock.
# The database's password is in efinstall.config for as long as the installer runs, in a tmpfs that only root reads.
. "$(dirname "$0")/../../lib.sh"

work=$RUN/install # the installer also writes its answers into the folder that it runs in
log=$ROOT/var/log/hpc-portal-installer.log
cache=$ROOT/var/cache/hpc-portal

# cleanup: removes the downloads and the password.
cleanup() { rm -rf "$work" "$cache"; }
trap cleanup EXIT
cleanup
mkdir -p "$cache"
(umask 077 && mkdir -p "$work")

# fetch URL FILE: downloads once. What follows a ? in a URL may be a credential: no message has it, and curl reads the
# URL from its standard input, since every user sees the arguments of a process.
fetch() {
  case $1 in
    s3://*) within 900 aws s3 cp --only-show-errors "$1" "$2" ;;
    https://*)
      within 930 curl -sSfL --connect-timeout 15 -m 900 --proto =https --proto-redir =https -o "$2" -K - \
        <<< "url = \"$1\""
      ;;
    *) fail "${1%%\?*} is neither an https:// nor an s3:// location: correct it." ;;
  esac
}

# download URL FILE NAME SHA256 PARAMETER: downloads and checks. Without a SHA256, that of the first installation
# counts, which is recorded on /efs. PARAMETER begins the names of the form's questions about this file.
download() {
  local url=${1%%\?*} file=$2 name=$3 wanted=${4,,} record=$SHARED/$3.sha256 sum origin="$5Sha256 names"
  attempt 3 20 fetch "$1" "$file" ||
    fail "The $name could not be downloaded from $url: see the message above, and set $5Url to where it is."
  sum=$(sha256sum < "$file" | cut -d ' ' -f 1)
  if [[ -z $wanted && -s $record ]]; then
    wanted=$(< "$record")
    origin="the first installation recorded in /efs/hpc-portal/$name.sha256"
  fi
  [[ $sum == "${wanted:-$sum}" ]] ||
    fail "The $name from $url has the SHA-256 $sum, not the $wanted that $origin: find out why before you change it."
  put_file "$record" 0644 <<< "$sum"
}

# property VALUE: prints it as a Java properties file spells it.
property() {
  local text=${1//\\/\\\\}
  text=${text//:/\\:}
  printf '%s' "${text//=/\\=}"
}

# fill PLACEHOLDER VALUE: in $config, whose text is never an argument of a command.
fill() {
  config=${config//"@$1@"/"$(property "$2")"}
}

# database_jar FOLDER: puts the driver's jar there, from the vendor's archive if it is in one.
database_jar() {
  case ${driver_url%%\?*} in
    *.jar) cp "$cache/driver" "$1/mysql-connector-j.jar" ;;
    *)
      tar -xf "$cache/driver" -C "$cache" --wildcards '*/mysql-connector-*.jar' --no-same-owner &&
        find "$cache" -mindepth 2 -maxdepth 2 -name 'mysql-connector-*.jar' -exec cp -t "$1" {} +
      ;;
  esac
  compgen -G "$1/mysql-connector-*.jar" > /dev/null
}

locations=$(secret_text "$DOWNLOADS_SECRET_ARN" "the download locations")
driver_url=$(json_field JdbcDriver <<< "$locations")
installer_url=$(json_field PortalInstaller <<< "$locations")
download "$driver_url" "$cache/driver" jdbc-driver "$JDBC_SHA256" JdbcDriver
download "$installer_url" "$cache/installer.jar" installer "$INSTALLER_SHA256" PortalInstaller

license=''
if [[ -n $LICENSE_SECRET_ARN ]]; then
  license=$work/license.ef
  (umask 077 && secret_text "$LICENSE_SECRET_ARN" "the portal's license" > "$license")
fi

password=$(secret_text "$PORTAL_DATABASE_SECRET_ARN" "the portal's database password")
(umask 077 && printf '%s\n' "$password" > "$work/password")
config=$(< "$BUNDLE/templates/efinstall.config")
[[ -n $license ]] || config=$(sed '/^kernel.eflicense/d' <<< "$config")
fill PORTAL_ROOT "${PORTAL_ROOT#"$ROOT"}"
fill EF_TOP "${EF_TOP#"$ROOT"}"
fill JAVA_HOME "${JAVA_LINK#"$ROOT"}"
fill HOST "$(hostname)"
fill LICENSE "$license"
fill DATABASE_URL "jdbc:mysql://$DATABASE_ENDPOINT:$DATABASE_PORT/$DATABASE_SCHEMA?sslMode=VERIFY_IDENTITY"
fill DATABASE_USER "$DATABASE_USER"
fill DATABASE_PASSWORD "$password"
fill SERVERS "$(portal_servers)"
(umask 077 && printf '%s\n' "$config" > "$work/efinstall.config")

echo "installing $FLAVOR from ${installer_url%%\?*} into ${EF_TOP#"$ROOT"}"
(umask 027 && : > "$log")
status=0
(cd "$work" && umask 022 && within 1500 "$JAVA_LINK/bin/java" -jar "$cache/installer.jar" \
  --text --batch -f "$work/efinstall.config" < /dev/null >> "$log" 2>&1) || status=$?
if ((status != 0)); then
  grep -vFf "$work/password" "$log" | tail -n 20 >&2 || true
  fail "The installer of $FLAVOR ended with status $status; the end of /var/log/hpc-portal-installer.log is above."
fi
[[ -x $EF_TOP/bin/enginframe && -s $EF_TOP/current-version ]] ||
  fail "The installer of $FLAVOR succeeded but made no ${EF_TOP#"$ROOT"}/bin/enginframe: is it the right installer?"

# The password belongs in EnginFrame's keystore only. Its line is removed from copies of the answers; any other file
# that contains it is reported and closed to other users.
find "$PORTAL_ROOT" -name 'efinstall.config*' -exec sed -i '/^kernel.ef.db.admin.password/d' {} +
while IFS= read -r file; do
  chmod o-rwx "$file"
  echo "WARNING: the installer left the database's password in $file" >&2
done < <(grep -rlFf "$work/password" --include='*.conf' --include='*.config*' --include='*.properties' \
  --include='*.xml' --include='*.log' "$PORTAL_ROOT" "$log" || true)

library=$(find "$EF_TOP" -path '*/enginframe/WEBAPP/WEB-INF/lib' -type d | sort | tail -n 1)
[[ -n $library ]] ||
  fail "The installer of $FLAVOR made no WEBAPP/WEB-INF/lib for the JDBC driver: is it the right installer?"
database_jar "$library" || fail "The archive at ${driver_url%%\?*} has no mysql-connector jar: correct JdbcDriverUrl."
