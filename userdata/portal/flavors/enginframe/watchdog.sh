#!/bin/bash
# Checks every minute that this node's portal answers, and restarts EnginFrame when it does not. The Auto Scaling group
# replaces the node only when the fault is this node's own: the others answer, /efs and the database are available, and
# restarts have not helped for half an hour. (A health check of the load balancer would end all nodes at once whenever
# /efs or the database is down.)
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../lib.sh"

count=$RUN/watchdog.failures

# say SENTENCE: logs it with the time.
say() { echo "$(date -u +%FT%TZ) $*"; }

[[ -e $STATE/started ]] || exit 0
exec 8>> "$RUN/bootstrap.lock"
flock -n 8 || exit 0 # a bootstrap is at work
exec 8>&-

agent=$RUN/agent.heard

# agent_silent: whether the agent, which has answered before, does not. The server answers without its agent, but then
# nobody can log in or submit. The agent's port is the vendor's choice (9999 as far as is known), so an agent that never
# answered there proves nothing.
agent_silent() {
  # shellcheck disable=SC2016  # expanded by the inner shell
  if within 10 bash -c 'exec 3<> /dev/tcp/127.0.0.1/9999' 2> /dev/null; then
    touch "$agent"
    return 1
  fi
  [[ -e $agent ]]
}

failures=$(cat "$count" 2> /dev/null || echo 0)
status=$(portal_status 127.0.0.1)
if [[ $status == [23]?? ]] && agent_silent; then
  status="$status, but its agent is silent"
elif [[ $status == [23]?? ]]; then
  ((failures == 0)) || say "the portal answers again ($status)"
  rm -f "$count"
  exit 0
fi
failures=$((failures + 1))
echo "$failures" > "$count"
say "the portal does not answer (HTTP $status), $failures time(s) in a row"

# The first restart after three minutes, then one every ten: a start takes several.
((failures % 10 == 3)) || exit 0
within 10 stat -f "$EFS" > /dev/null ||
  { say "ERROR: /efs does not answer: a restart would not help" && exit 0; }
# shellcheck disable=SC2016  # expanded by the inner shell
within 10 bash -c 'exec 3<> "/dev/tcp/$1/$2"' - "$DATABASE_ENDPOINT" "$DATABASE_PORT" 2> /dev/null ||
  { say "ERROR: the database at $DATABASE_ENDPOINT does not answer: a restart would not help" && exit 0; }

if ((failures > 30)); then
  own=$(hostname -I)
  for peer in $PEERS; do
    [[ " $own " != *" $peer "* && $(portal_status "$peer") == [23]?? ]] || continue
    imds=http://169.254.169.254/latest
    token=$(curl -sSf -m 10 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $imds/api/token)
    instance=$(curl -sSf -m 10 -H "X-aws-ec2-metadata-token: $token" $imds/meta-data/instance-id)
    say "ERROR: $peer answers and this node has not for $failures minutes: giving it up for replacement"
    within 60 aws autoscaling set-instance-health --instance-id "$instance" --health-status Unhealthy
    exit 0
  done
fi
say "restarting EnginFrame"
within 600 systemctl restart enginframe.service || say "ERROR: enginframe.service did not restart"
