#!/bin/bash
# Holds and reports the jobs of users whom the cluster does not know; releases them once it knows the users.
#
# usage: users.sh install|check EFS-FOLDER [SLURM-FOLDER]
#   install       has systemd run the check every minute
#   check         checks once
#   SLURM-FOLDER  where slurm.conf is (/opt/slurm/etc)
#
# A job runs under its submitter's uid. Where the head node does not know that number, Slurm accepts the job all the
# same, fails to start it, and requeues it endlessly without a message. ParallelCluster runs `install` as root on the
# head node, as OnNodeConfigured and OnNodeUpdated. The check reports to the portal nodes in the file TROUBLE in
# EFS-FOLDER/slurm/CLUSTER, one sentence a line; without trouble there is no file. A second run changes nothing.
readonly script=users.sh task=${1:?usage: users.sh install|check EFS-FOLDER [SLURM-FOLDER]}
readonly efs=${2:?usage: users.sh install|check EFS-FOLDER [SLURM-FOLDER]} etc=${3:-/opt/slurm/etc}
. "$(dirname "$0")/common.sh"

readonly root=${HPC_PORTAL_ROOT:-} # blank on a node; a folder in tests
readonly program=$root/usr/local/sbin/hpc-portal-users units=$root/etc/systemd/system held=$root/var/lib/hpc-portal/held

install() {
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
  reload_units
  timeout 60 systemctl enable --quiet --now hpc-portal-users.timer ||
    fail "hpc-portal-users.timer does not start: see systemctl status hpc-portal-users.timer."
  say "jobs of unknown users will be held and reported"
}

# control COMMAND...: asks the controller.
control() {
  timeout 30 scontrol "$@"
}

# report TROUBLE: sentences for the portal nodes, or nothing.
report() {
  local home
  read_settings "$etc"
  home=$efs/slurm/$(setting ClusterName)
  if [[ -z $1 ]]; then
    rm -f "$home/TROUBLE"
  elif [[ "$(cat "$home/TROUBLE" 2> /dev/null)"$'\n' != "$1" ]]; then
    say "error: $1"
    printf '%s' "$1" > "$home/.TROUBLE"
    mv "$home/.TROUBLE" "$home/TROUBLE"
  fi
}

check() {
  local pending line id uid still='' trouble=''
  local -A jobs=()
  # That the controller is down is for the portal nodes to report.
  pending=$(timeout 30 squeue --noheader --states=PENDING --format='%A %U') || return 0
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
  report "$trouble"
}

case $task in
  install | check) "$task" ;;
  *) fail "usage: users.sh install|check EFS-FOLDER [SLURM-FOLDER], not '$task'." ;;
esac
