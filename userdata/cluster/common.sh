#!/bin/bash
# What the scripts of the clusters' nodes share. ParallelCluster downloads each script alone: packing puts this text in
# front of every script that sources it. Each of them sets `script`, its name in messages.
set -euo pipefail
umask 022
export PATH=$PATH:/opt/slurm/bin
. "$(dirname "$0")/../attempt.sh"
changed=no # yes once `put` has written a file

# say SENTENCE: logs it to ParallelCluster's log (stdout) and to the system log, which ParallelCluster sends to
# CloudWatch.
say() {
  printf '%s: %s\n' "${script:?}" "$*"
  logger --tag hpc-portal "$script: $*" || true
}

# fail SENTENCE: logs it and ends the script. From a compute node, only stderr reaches the cluster's event log.
fail() {
  say "error: $*"
  printf '%s\n' "$*" >&2
  exit 1
}

# put FILE MODE: writes standard input to FILE in one step, and only if it differs.
put() {
  local text
  text=$(cat)
  [[ "$(cat "$1" 2> /dev/null)" != "$text" ]] || return 0
  if ! mkdir -p "${1%/*}" || ! printf '%s\n' "$text" > "$1.new" || ! chmod "$2" "$1.new" || ! mv "$1.new" "$1"; then
    fail "$1 could not be written: see whether the disk is full."
  fi
  changed=yes
}

# reload_units: has systemd read its units again if `put` has written one.
reload_units() {
  [[ $changed == no ]] || timeout 60 systemctl daemon-reload ||
    fail "systemd did not read its units again: see journalctl -b."
}

# flatten FOLDER FILE: prints the settings of FILE as KEY=value lines, without comments, each included file in place of
# its include line. Relative includes start at FOLDER. Files about slurmdbd are left out: they hold its password.
flatten() {
  local line file
  [[ -r $2 ]] || return
  while IFS= read -r line; do
    if [[ ${line,,} == include[[:space:]]* ]]; then
      file=$(xargs <<< "${line#*[[:space:]]}")
      [[ $file == /* ]] || file=$1/$file
      [[ ${file##*/} == *slurmdbd* ]] || flatten "$1" "$file" || return
    else
      printf '%s\n' "$line"
    fi
  done < <(sed -e ':join' -e '/\\$/ { N; s/\\\n//; b join' -e '}' "$2" |
    sed -E -e 's/#.*//' -e 's/^\s+|\s+$//g' -e '/^$/d' -e 's/^([A-Za-z]+)\s*=\s*/\1=/')
}

# read_settings FOLDER: reads Slurm's configuration into `settings`. If a setting occurs twice, as CustomSlurmSettings
# allows, the last one counts.
read_settings() {
  [[ -r $1/slurm.conf ]] || fail "there is no $1/slurm.conf: run this on a head node that is configured."
  settings=$(flatten "$1" "$1/slurm.conf") ||
    fail "$1/slurm.conf includes a file that cannot be read: see its Include lines."
  settings=$(tac <<< "$settings" |
    awk -F = '/^(NodeName|NodeSet|PartitionName|DownNodes)=/ || !seen[tolower($1)]++' | tac)
}

# setting NAME: prints the value of a setting, or nothing.
setting() {
  sed -n "s/^$1=//Ip" <<< "$settings"
}
