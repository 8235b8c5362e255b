#!/bin/bash
# Unmounts a Lustre file system that no longer answers, such as that of a lost zone: every access would hang, those of
# df and logins included. Its automount remains, so the next use mounts it again, or fails within its bound.
#
# usage: watch-lustre.sh [SECONDS]
#   SECONDS  how long a file system may take to answer (20)
#
# A timer runs this several times a minute on every portal node.
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

# say SENTENCE: logs it with the time.
say() { echo "$(date -u +%FT%TZ) $*"; }

# answers FOLDER SECONDS: whether its file system does. A server that is merely slow, or fails over, gets some time: a
# forced unmount costs its users an error. Not `within`: a process that hangs in dead Lustre may not even die when
# killed, and must then be left behind.
answers() {
  local deadline=$((SECONDS + $2)) probe
  stat -f "$1" > /dev/null 2>&1 < /dev/null &
  probe=$!
  disown "$probe"
  while kill -0 "$probe" 2> /dev/null; do
    if ((SECONDS >= deadline)); then
      kill -KILL "$probe" 2> /dev/null || true
      return 1
    fi
    sleep 0.2
  done # an error, too, is an answer
}

for at in "$ROOT"/fsx_cluster*; do
  # The automount itself is in the list, too, with or without a file system on it.
  awk -v at="$at" '$2 == at && $3 != "autofs" { found = 1 } END { exit !found }' "$ROOT/proc/mounts" || continue
  if ! answers "$at" "${1:-20}"; then
    say "ERROR: ${at#"$ROOT"} does not answer (its zone may be down): unmounting it"
    within 20 umount --force --lazy "$at" || say "ERROR: ${at#"$ROOT"} could not be unmounted"
  fi
done
