#!/bin/bash
# Closes the instance metadata service to portal users, now and after every boot: their commands run on this node, and
# the service gives out the role's credentials, and with them every secret that the role may read.
. "$(dirname "$0")/../lib.sh"

within 45 "$BUNDLE/imds-guard.sh" ||
  fail "The metadata service could not be closed to portal users (iptables): see the message above."
put_unit "$BUNDLE/units/hpc-portal-imds.service"
within 60 systemctl enable -q hpc-portal-imds.service
