#!/bin/bash
# Holds the jobs of users whom the cluster does not know, and says so; releases them as soon as it knows them.
#
# usage: users.sh install|check EFS-FOLDER [SLURM-FOLDER]
#   install       has systemd run the check every minute
#   check         looks once
#   SLURM-FOLDER  where slurm.conf is (/opt/slurm/etc)
#
# A job runs under its submitter's uid. Where the head node does not know that number, Slurm accepts the job all the
# same, fails to start it, and requeues it for ever without a word. ParallelCluster runs `install` as root on the head
# node, as OnNodeConfigured and OnNodeUpdated. The check tells the portal nodes by way of a file TROUBLE in
# EFS-FOLDER/slurm/CLUSTER, a sentence a line, while there is something to tell. Run again, this changes nothing.
set -euo pipefail
umask 022

readonly task=${1:?usage: users.sh install|check EFS-FOLDER [SLURM-FOLDER]} efs=${2:?} etc=${3:-/opt/slurm/etc}
readonly root=${HPC_PORTAL_ROOT:-} # blank on a node; a folder in tests
readonly program=$root/usr/local/sbin/hpc-portal-users units=$root/etc/systemd/system held=$root/var/lib/hpc-portal/held
export PATH=$PATH:/opt/slurm/bin

# To ParallelCluster's log (stdout) and to the system log, which ParallelCluster sends to CloudWatch.
say() {
  printf 'users.sh: %s\n' "$*"
  logger --tag hpc-portal "users.sh: $*" || true
}

fail() {
  say "error: $*"
  printf '%s\n' "$*" >&2
  exit 1
}

# put FILE MODE: the text of standard input, at once; `changed` says whether it was news.
put() {
  local text
  text=$(cat)
  [[ "$(cat "$1" 2> /dev/null)" != "$text" ]] || return 0
  if ! mkdir -p "${1%/*}" || ! printf '%s\n' "$text" > "$1.new" || ! chmod "$2" "$1.new" || ! mv "$1.new" "$1"; then
    fail "$1 could not be written: see whether the disk is full."
  fi
  changed=yes
}

install() {
  changed=no
  put "$program" 755 < "$0"
  put "$units/hpc-portal-users.service" 644 << END
[Unit]
Description=Jobs of users whom the cluster does not know
After=slurmctld.service

[Service]
Type=oneshot
TimeoutStartSec=120
ExecStart=$program check $efs $etc
END
  put "$units/hpc-portal-users.timer" 644 << END
[Unit]
Description=Jobs of users whom the cluster does not know, every minute

[Timer]
OnBootSec=60
OnUnitInactiveSec=60
AccuracySec=5

[Install]
WantedBy=timers.target
END
  [[ $changed == no ]] || timeout 60 systemctl daemon-reload ||
    fail "systemd does not take its units anew: see journalctl -b."
  timeout 60 systemctl enable --quiet --now hpc-portal-users.timer ||
    fail "hpc-portal-users.timer does not start: see systemctl status hpc-portal-users.timer."
  say "jobs of unknown users will be held and told of"
}

control() {
  timeout 30 scontrol "$@"
}

check() {
  local cluster pending line id uid still='' trouble='' home
  local -A jobs=()
  cluster=$(sed -n 's/^ *ClusterName *= *//Ip' "$etc/slurm.conf")
  pending=$(timeout 30 squeue --noheader --states=PENDING --format='%A %U') || return 0 # others tell that it is down
  mkdir -p "${held%/*}"
  touch "$held"
  while read -r id uid; do
    if [[ -n $id ]] && ! getent passwd "$uid" > /dev/null; then
      jobs[$uid]+=" $id"
      still+="$id $uid"$'\n'
      grep -qx "$id $uid" "$held" || control hold "$id" || true
    fi
  done <<< "$pending"
  while read -r line; do
    grep -qx "$line" <<< "$still" && continue
    if grep -qx "$line" <<< "$pending"; then
      say "uid ${line#* } is known now: releasing job ${line% *}"
      control release "${line% *}" || still+="$line"$'\n'
    fi
  done < "$held"
  for uid in $(printf '%s\n' "${!jobs[@]}" | sort -n); do
    trouble+="it does not know the user with uid $uid and holds job(s)${jobs[$uid]}: make the account,"
    trouble+=" with that number, on its head node and its compute nodes"$'\n'
  done
  printf '%s' "$still" > "$held"
  home=$efs/slurm/$cluster
  if [[ -z $trouble ]]; then
    rm -f "$home/TROUBLE"
  elif [[ "$(cat "$home/TROUBLE" 2> /dev/null)"$'\n' != "$trouble" ]]; then
    say "error: $trouble"
    printf '%s' "$trouble" > "$home/.TROUBLE"
    mv "$home/.TROUBLE" "$home/TROUBLE"
  fi
}

case $task in
  install | check) "$task" ;;
  *) fail "usage: users.sh install|check EFS-FOLDER [SLURM-FOLDER], not '$task'." ;;
esac
