#!/bin/bash
# Turns a bare instance of ParallelCluster's image into a portal node: runs the steps in order, each within its bound,
# and stops at the first that fails. A second run changes nothing, and finishes an interrupted one.
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" || exit 1
. ./lib.sh

# run SECONDS STEP: a step of the folder $steps, for at most so long.
run() {
  local status=0
  echo "==> $2"
  timeout --kill-after=10 "$1" "$steps/$2.sh" 8>&- &
  wait $! || status=$?
  case $status in
    0) return 0 ;;
    "$EXPLAINED") ;;
    124 | 137) echo "ERROR: Step $2 did not end within $1 s; the lines above say what it was waiting for." >&2 ;;
    *) echo "ERROR: Step $2 ended with status $status; the lines above say more." >&2 ;;
  esac
  echo "==> stopped in step $2; once the cause is removed, run /opt/hpc-portal/bootstrap.sh again"
  exit 1
}

# Two runs at once on one node (the first boot's and one by hand) would undo each other; the watchdog looks at this lock
# too. Steps do not inherit it, or a service that they start would keep it.
exec 8>> "$RUN/bootstrap.lock"
flock -n 8 || fail "Another bootstrap is running on this node: wait until it has ended."

# The user data allows all steps together an hour less a few minutes, and then ends the bootstrap with this signal.
ended() {
  kill "$!" 2> /dev/null || true
  echo "ERROR: The bootstrap was ended before its step had finished; the lines above say what it was waiting for." >&2
  exit 1
}
trap ended TERM

steps=$BUNDLE/steps
run 120 10-image
run 900 20-logs
run 60 30-imds
run 900 40-storage
run 600 50-accounts
run 600 55-munge
run 1500 58-directory
steps=$FLAVOR_FOLDER/steps
# shellcheck source=flavors/enginframe/steps.sh
. "$FLAVOR_FOLDER/steps.sh"
echo "==> portal node $ZONE_NUMBER of $ZONES is ready; its users go to $PORTAL_URL"
