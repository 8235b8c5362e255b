#!/bin/bash
# Rejects every packet to the instance metadata service that does not come from root, by the owner match that
# ParallelCluster uses on its head nodes. Adds each rule once, before all others; run at bootstrap and at every boot.
set -euo pipefail

only_root() { # only_root <iptables command> <address>
  local rule=(OUTPUT --destination "$2" -m owner ! --uid-owner 0 -j REJECT)
  "$1" -w 10 -C "${rule[@]}" 2> /dev/null || "$1" -w 10 -I "${rule[@]}"
}

only_root iptables 169.254.169.254
# The IPv6 address is off unless an operator's launch template turns it on; a kernel without IPv6 has no such table.
if command -v ip6tables > /dev/null && ip6tables -w 10 -S OUTPUT > /dev/null 2>&1; then
  only_root ip6tables fd00:ec2::254
fi
