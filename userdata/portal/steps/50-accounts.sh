#!/bin/bash
# Makes the portal's accounts, with the same numbers on both portal nodes and on every node of the clusters (the
# clusters' scripts make them there): a job runs under its submitter's uid. Then sets efadmin's password, from Secrets
# Manager.
. "$(dirname "$0")/../lib.sh"

# account NAME ID SHELL: makes a group and a user with the same name and number.
account() {
  local name=$1 id=$2 shell=$3 entry
  if entry=$(getent group "$name"); then
    [[ $(cut -d : -f 3 <<< "$entry") == "$id" ]] ||
      fail "The image has a group $name with another gid than $id: remove it."
  elif entry=$(getent group "$id"); then
    fail "On this image gid $id, which the portal's group $name needs, belongs to ${entry%%:*}: remove that group."
  else
    within 60 groupadd --gid "$id" "$name"
  fi
  if entry=$(getent passwd "$name"); then
    [[ $(cut -d : -f 3,4 <<< "$entry") == "$id:$id" ]] ||
      fail "The image has an account $name with other ids than $id:$id: remove it."
  elif entry=$(getent passwd "$id"); then
    fail "On this image uid $id, which the portal's account $name needs, belongs to ${entry%%:*}: remove that account."
  else
    within 60 useradd --uid "$id" --gid "$id" --shell "$shell" --create-home "$name"
  fi
}

account efadmin 5001 /bin/bash
account efnobody 5002 /bin/bash # Tomcat is started through a login shell; no password is ever set

# password_of: prints the password in an answer of Secrets Manager. The operator's secret is the bare password or JSON
# with a key "password".
password_of() {
  python3 -c '
import json, sys
text = json.load(sys.stdin)["SecretString"]
try:
    text = json.loads(text)["password"]
except (ValueError, TypeError, KeyError):
    pass
sys.stdout.write(text if isinstance(text, str) else "")
'
}

# Set once for each version of the secret: hashing the same password again would change /etc/shadow every time.
answer=$(fetch_secret "$ADMIN_SECRET_ARN" "efadmin's password")
version=$(printf '%s' "$answer" | json_field VersionId)
password=$(printf '%s' "$answer" | password_of)
[[ -n $password && $password != *[[:cntrl:]]* && $password != '{'* ]] ||
  fail "The secret of efadmin's password ($ADMIN_SECRET_ARN) must be one line, or JSON with the key \"password\"."
if [[ $version != "$(cat "$STATE/admin-password.version" 2> /dev/null)" ]]; then
  printf 'efadmin:%s\n' "$password" | within 60 chpasswd ||
    fail "The system refused efadmin's password from $ADMIN_SECRET_ARN: see its reason above, and change the secret."
  put_file "$STATE/admin-password.version" 0600 <<< "$version"
fi
