#!/bin/bash
# Installs the portal's program on /efs: the node that gets the lock first installs it, every other node joins. An
# interrupted installation is started over; an installation that is not this product's is never touched.
. "$(dirname "$0")/../../../lib.sh"

installing=$SHARED/installing # there from before the installer's first byte on /efs until all of it is right
wiring=$SHARED/wiring         # the database and the servers that the portal's configuration names
database=$DATABASE_ENDPOINT:$DATABASE_PORT
servers=$(portal_servers)

# rewire: points the installed portal at this stack. The file system may have outlived another stack, with another
# database and other addresses.
rewire() {
  local old_database old_servers
  old_database=$(sed -n 1p "$wiring")
  old_servers=$(sed -n 2p "$wiring")
  [[ $old_database != "$database" || $old_servers != "$servers" ]] || return 0
  echo "pointing the portal at $database and $servers (it was $old_database and $old_servers) in:"
  within 300 "$FLAVOR_FOLDER/rewire.py" "$EF_TOP/conf" "$old_database" "$database" "$old_servers" "$servers" ||
    fail "The portal in ${EF_TOP#"$ROOT"}/conf could not be pointed at this stack's database and addresses; see above."
}

# service: whether this node has the portal's.
service() {
  [[ -e $ROOT/etc/systemd/system/enginframe.service || -e $ROOT/usr/lib/systemd/system/enginframe.service ]]
}

take_portal_lock 2400
if [[ -e $INSTALLED ]]; then
  echo "joining the portal on /efs: $(< "$INSTALLED")"
  [[ ! -e $wiring ]] || rewire
else
  if [[ -e $installing ]]; then
    echo "an installation by $(< "$installing") ended half-way: starting over"
    within 600 rm -rf "$EF_TOP" # nobody ever worked with it: the portal starts only when it is installed
  elif [[ -e $EF_TOP || -L $PORTAL_ROOT ]]; then
    fail "There is a portal in ${EF_TOP#"$ROOT"} that this product did not install: move it elsewhere, or, to use it" \
      "as it is, create the file /efs/hpc-portal/installed."
  fi
  [[ ! -e $PORTAL_ROOT || -O $PORTAL_ROOT ]] ||
    fail "${PORTAL_ROOT#"$ROOT"} belongs to another user than root: remove it."
  put_file "$installing" 0644 <<< "$HOSTNAME (since $(date -u +%FT%TZ))"
  "$FLAVOR_FOLDER/install.sh"
  # shellcheck source=/dev/null
  version=$(. "$EF_TOP/current-version" && printf '%s' "${VERSION:-unknown}")
  put_file "$INSTALLED" 0644 <<< "$FLAVOR $version, installed by $HOSTNAME on $(date -u +%F)"
fi
put_file "$wiring" 0644 <<< "$database"$'\n'"$servers"
rm -f "$installing"

# A node joins by the vendor's own command, which makes its service. The installer has done so on the installing node.
if ! service; then
  within 300 "$EF_TOP/bin/enginframe" host-setup --roles=server,agent --boot=y 9>&- ||
    fail "$EF_TOP/bin/enginframe host-setup could not make this node a member of the portal; see above."
fi
service || fail "enginframe host-setup ended without an enginframe.service on this node: is it the right installer?"
release_portal_lock
