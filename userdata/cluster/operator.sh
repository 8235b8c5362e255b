#!/bin/bash
# Makes an account, the portal's administrator, a Slurm operator: it may then see and change everybody's jobs.
#
# usage: operator.sh ACCOUNT [SLURM-FOLDER]
#   SLURM-FOLDER  where slurm.conf is (/opt/slurm/etc)
#
# ParallelCluster runs this as root on the head node, after publish.sh, as OnNodeConfigured and OnNodeUpdated. Without
# accounting, Slurm has no such role and this does nothing. A second run changes nothing.
readonly script=operator.sh account=${1:?usage: operator.sh ACCOUNT [SLURM-FOLDER]} etc=${2:-/opt/slurm/etc}
. "$(dirname "$0")/common.sh"

# show association|user ... format=COLUMN: prints what slurmdbd knows.
show() {
  timeout 30 sacctmgr --noheader --parsable2 show "$@"
}

# change COMMAND...: a change in slurmdbd.
change() {
  timeout 30 sacctmgr --immediate --quiet "$@"
}

# pcdefault is the account (in Slurm's sense) that ParallelCluster makes on every cluster.
make_operator() {
  local known level
  known=$(show association "cluster=$cluster" "user=$account" format=user) || return
  [[ -n $known ]] || change add user "$account" "cluster=$cluster" account=pcdefault || return
  level=$(show user "$account" format=adminlevel) || return
  [[ $level == Operator ]] || change modify user "$account" set adminlevel=Operator
}

read_settings "$etc"
if [[ $(setting AccountingStorageType) != *slurmdbd ]]; then
  say "no accounting on this cluster, so no operators"
  exit
fi
cluster=$(setting ClusterName)
readonly cluster
attempt 6 10 make_operator || # slurmdbd, or the database behind it, may just be (re)starting
  fail "$account could not be made a Slurm operator: see slurmdbd's log and whether the database runs."
say "$account is a Slurm operator"
