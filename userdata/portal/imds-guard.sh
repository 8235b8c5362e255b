#!/bin/bash
# Closes the instance metadata service to all users except root, by the owner match that ParallelCluster uses on its
# head nodes. EnginFrame (not EF Portal) needs one more exception: on EC2 its server, which runs as efnobody, repeatedly
# reads its license from S3 with the node's role; no portal user's command ever runs as efnobody. Adds each rule once,
# before all others; run at bootstrap and at every boot.
set -euo pipefail
# shellcheck source=/dev/null
. "${HPC_PORTAL_ROOT:-}/etc/hpc-portal/node.env"

# rule TABLE REST...: puts a rule first in OUTPUT, unless it is there; TABLE is iptables or ip6tables.
rule() {
  local table=$1
  shift
  "$table" -w 10 -C OUTPUT "$@" 2> /dev/null || "$table" -w 10 -I OUTPUT "$@"
}

rule iptables --destination 169.254.169.254 -m owner ! --uid-owner 0 -j REJECT
if [[ $FLAVOR == EnginFrame ]]; then
  rule iptables --destination 169.254.169.254 -m owner --uid-owner 5002 -j ACCEPT # efnobody, made in a later step
fi
# The IPv6 address is off unless an operator's launch template turns it on; a kernel without IPv6 has no such table.
if command -v ip6tables > /dev/null && ip6tables -w 10 -S OUTPUT > /dev/null 2>&1; then
  rule ip6tables --destination fd00:ec2::254 -m owner ! --uid-owner 0 -j REJECT
fi
