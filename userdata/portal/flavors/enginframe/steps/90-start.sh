#!/bin/bash
# Starts the portal and waits until it answers on this node: only then does the node belong behind the load balancer.
. "$(dirname "$0")/../../../lib.sh"

put_unit "$FLAVOR_FOLDER/units/hpc-portal-watchdog.service"
put_unit "$FLAVOR_FOLDER/units/hpc-portal-watchdog.timer"
put_file "$ROOT/etc/systemd/system/enginframe.service.d/hpc-portal.conf" 0644 < "$FLAVOR_FOLDER/units/enginframe.conf"
within 60 systemctl daemon-reload # the installer's own unit may be new to systemd as well
within 60 systemctl enable -q enginframe.service
within 600 systemctl start enginframe.service ||
  fail "EnginFrame's service did not start: see journalctl -u enginframe and ${EF_TOP#"$ROOT"}/logs."

# answers: whether the portal does.
answers() { [[ $(portal_status 127.0.0.1) == [23]?? ]]; }
if ! attempt 300 2 answers; then
  find "$EF_TOP/logs" -path "*$(hostname -s)*" -name '*.log' -mmin -30 -exec tail -n 5 {} + >&2 || true
  fail "The portal was started but https://127.0.0.1:8443/enginframe/ does not answer; the end of its logs is above."
fi
[[ -e $STATE/started ]] || put_file "$STATE/started" 0644 <<< "$HOSTNAME"
within 60 systemctl enable -q --now hpc-portal-watchdog.timer
