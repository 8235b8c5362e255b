#!/bin/bash
# Removes a directory's users from a head node once the cluster has no directory any more.
#
# usage: directory.sh given|none [ROOT]
#   ROOT  where the node's file system begins (blank)
#
# ParallelCluster runs this as root on the head node as OnNodeUpdated. When DirectoryService leaves the cluster's
# configuration, ParallelCluster itself leaves the head node's sssd unchanged: its users could still log in there, on a
# cluster whose new compute nodes do not know them. A second run changes nothing.
readonly script=directory.sh given=${1:?usage: directory.sh given|none [ROOT]} root=${2:-}
. "$(dirname "$0")/common.sh"

# ParallelCluster's copies for its other nodes. Without one, it has not configured sssd, so sssd is left alone.
shared=("$root"/opt/parallelcluster/shared*/directory_service/sssd.conf)

[[ $given == given || $given == none ]] || fail "usage: directory.sh given|none, not '$given'."
if [[ $given == given || ! -e ${shared[0]} ]]; then
  exit
fi
# Not disabled: without its configuration it does not start, and with a new one ParallelCluster only restarts it.
timeout 60 systemctl stop sssd.service || fail "sssd could not be stopped: see systemctl status sssd."
# The caches go as well: from mc/ alone, accounts stay known for minutes without sssd.
rm -f "$root/etc/sssd/sssd.conf" "$root"/var/lib/sss/db/*.ldb "$root"/var/lib/sss/mc/*
rm "${shared[@]}" # last, so that an interrupted run is repeated
say "users from a directory are no longer known here"
