#!/bin/bash
# Turns a bare instance of ParallelCluster's image into a portal node: runs the steps in order, each within its bound,
# and stops at the first that fails. Running it again changes nothing, and finishes what an earlier run left half-way.
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" || exit 1
. ./lib.sh

run() { # run <seconds at most> <step>
  local status=0
  echo "==> $2"
  timeout --kill-after=10 "$1" "$BUNDLE/steps/$2.sh" 8>&- &
  wait $! || status=$?
  case $status in
    0) return 0 ;;
    "$EXPLAINED") ;;
    124 | 137) echo "ERROR: Step $2 did not end within $1 s; the lines above say what it was waiting for." >&2 ;;
    *) echo "ERROR: Step $2 ended with status $status; the lines above say more." >&2 ;;
  esac
  echo "==> stopped in step $2; once the cause is gone, run /opt/hpc-portal/bootstrap.sh again"
  exit 1
}

# Two runs at once on one node (the first boot's and a hand-started one) would undo each other; the watchdog looks at
# this lock too. Steps do not inherit it, or a service they start would keep it.
exec 8>> "$RUN/bootstrap.lock"
flock -n 8 || fail "Another bootstrap is running on this node: wait until it has ended."

# The header gives all steps together an hour less a few minutes, and then asks the bootstrap to end.
trap 'kill "$!" 2> /dev/null || true; echo "ERROR: The bootstrap was told to end before its step had." >&2; exit 1' TERM

run 120 10-image
run 900 20-logs
run 60 30-imds
run 900 40-storage
run 600 50-accounts
run 600 55-munge
run 1500 58-directory
run 1500 60-java
run 1800 65-database
run 2700 70-portal
run 900 75-settings
run 120 80-clusters
run 1500 90-start
echo "==> portal node $ZONE_NUMBER of $ZONES is ready; its users go to $PORTAL_URL"
