#!/bin/bash
# Makes the settings of the installed portal that its installer does not ask for. They are on /efs: the first node makes
# them, and every node checks them.
. "$(dirname "$0")/../../../lib.sh"

# rewrite FILE: with standard input, keeping owner and mode.
rewrite() {
  put_file "$1" "$(stat -c %a "$1")" "$(stat -c %u:%g "$1")"
}

take_portal_lock 600

if [[ -n $LICENSE_SECRET_ARN ]]; then
  license=$(secret_text "$LICENSE_SECRET_ARN" "the portal's license")
  printf '%s\n' "$license" | put_file "$EF_TOP/license/license.ef" 0640 root:efnobody
elif [[ $FLAVOR == EFPortal ]]; then
  fail "EF Portal does not start without a license: set LicenseSecretArn to the ARN of its secret."
fi

# The agent fetches files from its own node's server; by default it would ask the load balancer's address.
agent=$EF_TOP/conf/enginframe/agent.conf
url=https://127.0.0.1:8443/enginframe/download
mkdir -p "$(dirname "$agent")"
[[ -e $agent ]] || touch "$agent"
if ! grep -qx "ef.download.server.url=$url" "$agent"; then
  {
    grep -v '^[[:space:]]*ef\.download\.server\.url[[:space:]]*=' "$agent" || true
    echo "ef.download.server.url=$url"
  } > "$RUN/agent.conf"
  rewrite "$agent" < "$RUN/agent.conf"
fi

# Tomcat drops idle connections after 20 s; the balancer, which keeps them for 60 s, would answer 502 now and then.
server=$EF_TOP/conf/tomcat/conf/server.xml
if [[ -e $server ]] && python3 "$FLAVOR_FOLDER/keepalive.py" 8443 75000 < "$server" > "$RUN/server.xml"; then
  rewrite "$server" < "$RUN/server.xml"
else
  echo "WARNING: No HTTPS connector was found in ${server#"$ROOT"}: set keepAliveTimeout=\"75000\" on it." >&2
fi

# The batch submission services. A corrected one takes the place of the one that was published before it; services that
# administrators have changed or removed since stay as they are.
published=$SHARED/batch-service.published # the SHA-256 and the name of each, as it was published
folder=$EF_TOP/data
for part in plugins applications services published batch; do
  folder+=/$part
  if [[ ! -d $folder ]]; then
    mkdir -p "$folder.new"
    chown efnobody:efnobody "$folder.new"
    mv -T "$folder.new" "$folder"
  fi
done

# sum FILE: its SHA-256; nothing if it is no regular file.
sum() {
  [[ ! -f $1 || -L $1 ]] || sha256sum < "$1" | cut -d ' ' -f 1
}

record=''
for service in "$BUNDLE"/templates/batch-service/*.xml; do
  name=${service##*/}
  before=$([[ ! -e $published ]] || awk -v name="$name" '$2 == name { print $1 }' "$published")
  there=$(sum "$folder/$name")
  if [[ $there == "$before" ]]; then # never published and not there, or just as it was published
    put_file "$folder/$name" 0644 efnobody:efnobody < "$service"
    there=$(sum "$service")
  fi
  [[ $there != "$(sum "$service")" ]] || before=$there
  [[ -z $before ]] || record+="$before  $name"$'\n'
done
put_file "$published" 0644 <<< "${record%$'\n'}"
release_portal_lock
