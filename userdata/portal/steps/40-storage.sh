#!/bin/bash
# Mounts /efs with TLS, and every zone's Lustre on demand. The portal is on /efs: without it the bootstrap ends. A
# Lustre file system may be dead with its zone, and must then cost its users no more than an error after a while.
. "$(dirname "$0")/../lib.sh"

# nofail: with /efs unreachable the node must still boot, or nobody could log in to look. No nosuid: EnginFrame's PAM
# helpers are suid. iam: the file system's policy may demand it, and without a policy it does no harm.
wanted=$(printf '%s:/ /efs efs _netdev,nofail,noresvport,tls,iam 0 0' "$FILE_SYSTEM_ID")
number=0
for source in $LUSTRE; do
  number=$((number + 1))
  [[ $source == ?*@?* ]] || fail "LUSTRE in /etc/hpc-portal/node.env must list dns-name@mount-name, not $source."
  at=/fsx_cluster$number
  wanted+=$(printf '\n%s@tcp:/%s %s lustre %s 0 0' "${source%@*}" "${source#*@}" "$at" \
    "noatime,flock,_netdev,nofail,x-systemd.automount,x-systemd.mount-timeout=15,x-systemd.idle-timeout=60")
  [[ -d $ROOT$at ]] || mkdir "$ROOT$at"
  # An idle mount whose servers are gone could not be unmounted otherwise.
  put_file "$ROOT/etc/systemd/system/fsx_cluster$number.mount.d/hpc-portal.conf" 0644 \
    <<< $'[Mount]\nLazyUnmount=yes\nForceUnmount=yes'
done
[[ -d $EFS ]] || mkdir "$EFS"

[[ -e $ROOT/etc/fstab ]] || touch "$ROOT/etc/fstab"
fstab=$(awk '$2 != "/efs" && $2 !~ "^/fsx_cluster[0-9]+$"' "$ROOT/etc/fstab")
put_file "$ROOT/etc/fstab" 0644 <<< "${fstab:+$fstab$'\n'}$wanted"
within 60 systemctl daemon-reload

# A nightly updatedb would walk /efs and every Lustre; masking a timer that is not there does no harm.
within 60 systemctl mask -q mlocate-updatedb.timer plocate-updatedb.timer ||
  echo "WARNING: updatedb's timers could not be masked; where they exist they walk /efs at night." >&2

# mount_efs: mounts it unless it is mounted already.
mount_efs() {
  mountpoint -q "$EFS" && return 0
  within 90 mount "$EFS" 2> "$RUN/mount-errors"
}
attempt 5 15 mount_efs ||
  fail "/efs could not be mounted from $FILE_SYSTEM_ID ($(tail -n 1 "$RUN/mount-errors")): check its mount target in" \
    "this zone, port 2049 of its security group, and elasticfilesystem:ClientMount of this node's role."
within 30 stat -f "$EFS" > /dev/null ||
  fail "/efs is mounted from $FILE_SYSTEM_ID but does not answer: see its mount target in this zone."
if ! within 30 mkdir -p "$SHARED" || ! within 30 chown 0:0 "$SHARED"; then
  fail "Root may not write to /efs ($FILE_SYSTEM_ID): this node's role needs elasticfilesystem:ClientWrite and" \
    "elasticfilesystem:ClientRootAccess, and the file system no access point that enforces a user."
fi
# ParallelCluster opens the top of /efs to everybody: trust nothing there that is not root's own.
[[ -O $SHARED && ! -L $SHARED ]] || fail "/efs/hpc-portal belongs to another user than root: remove it."

for ((n = 1; n <= number; n++)); do
  within 60 systemctl start "fsx_cluster$n.automount" ||
    echo "WARNING: /fsx_cluster$n cannot be mounted on demand; see systemctl status fsx_cluster$n.automount." >&2
done
put_unit "$BUNDLE/units/hpc-portal-lustre.service"
put_unit "$BUNDLE/units/hpc-portal-lustre.timer"
within 30 systemctl enable -q --now hpc-portal-lustre.timer
