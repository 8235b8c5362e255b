#!/bin/bash
# Takes a directory's users off a head node when the cluster has no directory any more.
#
# usage: directory.sh given|none [ROOT]
#   ROOT  where the node's file system begins (blank)
#
# ParallelCluster runs this as root on the head node as OnNodeUpdated. When DirectoryService leaves the cluster's
# configuration, ParallelCluster itself leaves the head node's sssd as it was: its users could still log in there, on a
# cluster whose new compute nodes do not know them. Run again, it changes nothing.
set -euo pipefail

readonly given=${1:?usage: directory.sh given|none [ROOT]} root=${2:-}
# The copies that ParallelCluster makes for its other nodes; where there is none, sssd is none of its business.
shared=("$root"/opt/parallelcluster/shared*/directory_service/sssd.conf)

# To ParallelCluster's log (stdout) and to the system log, which ParallelCluster sends to CloudWatch.
say() {
  printf 'directory.sh: %s\n' "$*"
  logger --tag hpc-portal "directory.sh: $*" || true
}

fail() {
  say "error: $*"
  printf '%s\n' "$*" >&2
  exit 1
}

[[ $given == given || $given == none ]] || fail "usage: directory.sh given|none, not '$given'."
if [[ $given == given || ! -e ${shared[0]} ]]; then
  exit
fi
# Not disabled: without its configuration it does not start, and with a new one ParallelCluster only restarts it.
timeout 60 systemctl stop sssd.service || fail "sssd could not be stopped: see systemctl status sssd."
# The caches go as well: from that in mc/, accounts are known for minutes without sssd.
rm -f "$root/etc/sssd/sssd.conf" "$root"/var/lib/sss/db/*.ldb "$root"/var/lib/sss/mc/*
rm "${shared[@]}" # last, so that a run that is cut short is done again
say "users from a directory are no longer known here"
