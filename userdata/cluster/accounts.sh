#!/bin/bash
# Makes the portal's accounts on a node of a cluster.
#
# usage: accounts.sh head|compute
#
# ParallelCluster runs this as OnNodeStart, as root, on the head node and on every compute node, before it configures
# them. A job runs under its submitter's uid, so each account has one uid everywhere: on both portal nodes, both
# clusters and in their files on /efs. Where an account is missing, Slurm accepts the job and requeues it endlessly. A
# second run changes nothing.
readonly script=accounts.sh node=${1:?usage: accounts.sh head|compute}
. "$(dirname "$0")/common.sh"

# account NAME ID SHELL: makes a group and a user with the same name and number, without a password.
# The numbers are set at the end of this file; the portal's scripts use the same ones (a test compares them).
account() {
  local name=$1 id=$2 shell=$3 home=--no-create-home entry
  if entry=$(getent group "$name"); then
    [[ $(cut -d : -f 3 <<< "$entry") == "$id" ]] ||
      fail "group $name exists on this image with another gid than $id: remove it from the image."
  elif entry=$(getent group "$id"); then
    fail "gid $id, which the portal's group $name needs, belongs to ${entry%%:*} on this image: remove that group."
  else
    groupadd --gid "$id" "$name" || fail "groupadd could not make group $name: see its message above."
    say "made group $name ($id)"
  fi
  # Compute nodes mount /home from the head node, so only the head node makes home directories.
  [[ $node != head ]] || home=--create-home
  if entry=$(getent passwd "$name"); then
    [[ $(cut -d : -f 3,4 <<< "$entry") == "$id:$id" ]] ||
      fail "account $name exists on this image with other ids than $id:$id: remove it from the image."
  elif entry=$(getent passwd "$id"); then
    fail "uid $id, which the portal's account $name needs, belongs to ${entry%%:*} on this image: remove that account."
  else
    useradd --uid "$id" --gid "$id" --shell "$shell" "$home" "$name" ||
      fail "useradd could not make account $name: see its message above."
    say "made account $name ($id)"
  fi
}

[[ $node == head || $node == compute ]] || fail "usage: accounts.sh head|compute, not '$node'."
account efadmin 5001 /bin/bash
account efnobody 5002 /sbin/nologin
say "the portal's accounts are in place"
