#!/bin/bash
# Portal users' commands run on this node. The instance metadata service hands out the role's credentials, and with
# them every secret that the role may read: it is closed to them, now and after every boot.
. "$(dirname "$0")/../lib.sh"

within 45 "$BUNDLE/imds-guard.sh" ||
  fail "The metadata service could not be closed to portal users (iptables): see the message above."
put_unit hpc-portal-imds.service
within 60 systemctl enable -q hpc-portal-imds.service
