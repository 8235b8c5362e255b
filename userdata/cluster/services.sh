#!/bin/bash
# Has systemd start Slurm's daemons on the head node again when they end by themselves.
#
# usage: services.sh [UNIT-FOLDER]
#   UNIT-FOLDER  where systemd looks for what extends its units (/etc/systemd/system)
#
# ParallelCluster runs this as root on the head node, as OnNodeConfigured and OnNodeUpdated. Its units start slurmctld
# and slurmdbd once, side by side: when a zone gets its power back, slurmctld ends if slurmdbd is not there yet and the
# controller has no saved state, and nobody starts it again. Run again, this changes nothing.
set -euo pipefail

readonly folder=${1:-/etc/systemd/system}

# To ParallelCluster's log (stdout) and to the system log, which ParallelCluster sends to CloudWatch.
say() {
  printf 'services.sh: %s\n' "$*"
  logger --tag hpc-portal "services.sh: $*" || true
}

fail() {
  say "error: $*"
  printf '%s\n' "$*" >&2
  exit 1
}

# extend UNIT: the text of standard input beside the unit; `changed` says whether it was news.
extend() {
  local file=$folder/$1.d/hpc-portal.conf text
  text=$(cat)
  [[ "$(cat "$file" 2> /dev/null)" != "$text" ]] || return 0
  if ! mkdir -p "${file%/*}" || ! printf '%s\n' "$text" > "$file.new" || ! mv "$file.new" "$file"; then
    fail "$file could not be written: see whether the disk is full."
  fi
  changed=yes
}

changed=no
extend slurmctld.service << END
[Unit]
After=slurmdbd.service
StartLimitIntervalSec=0

[Service]
Restart=on-failure
RestartSec=5
END
extend slurmdbd.service << END
[Unit]
StartLimitIntervalSec=0

[Service]
Restart=on-failure
RestartSec=5
END
if [[ $changed == yes ]]; then
  timeout 60 systemctl daemon-reload || fail "systemd does not take its units anew: see journalctl -b."
fi
say "Slurm's daemons are started again when they fail"
