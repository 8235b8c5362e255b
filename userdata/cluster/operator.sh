#!/bin/bash
# Makes an account, the portal's administrator, a Slurm operator: it may then see and change everybody's jobs.
#
# usage: operator.sh ACCOUNT [SLURM-FOLDER]
#   SLURM-FOLDER  where slurm.conf is (/opt/slurm/etc)
#
# ParallelCluster runs this as root on the head node, after publish.sh, as OnNodeConfigured and OnNodeUpdated. Without
# accounting Slurm knows no such role and this does nothing; nor does it when the account is an operator already.
set -euo pipefail

readonly account=${1:?usage: operator.sh ACCOUNT [SLURM-FOLDER]} etc=${2:-/opt/slurm/etc}
export PATH=$PATH:/opt/slurm/bin

# To ParallelCluster's log (stdout) and to the system log, which ParallelCluster sends to CloudWatch.
say() {
  printf 'operator.sh: %s\n' "$*"
  logger --tag hpc-portal "operator.sh: $*" || true
}

# Prints what slurmdbd knows: show association|user ... format=COLUMN.
show() {
  timeout 30 sacctmgr --noheader --parsable2 show "$@"
}

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

if ! grep -Eiqr '^ *AccountingStorageType *= *accounting_storage/slurmdbd' "$etc" --include='*.conf'; then
  say "no accounting on this cluster, so no operators"
  exit
fi
cluster=$(sed -n 's/^ *ClusterName *= *//Ip' "$etc/slurm.conf")
readonly cluster
for attempt in 1 2 3 4 5 6; do # slurmdbd, or the database behind it, may just be (re)starting
  ((attempt == 1)) || sleep 10
  if make_operator; then
    say "$account is a Slurm operator"
    exit
  fi
done
say "error: $account could not be made a Slurm operator: see slurmdbd's log and whether the database runs."
printf '%s\n' "$account could not be made a Slurm operator: see slurmdbd's log and whether the database runs." >&2
exit 1
