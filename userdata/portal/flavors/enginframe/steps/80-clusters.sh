#!/bin/bash
# Adds the clusters that are published on /efs by now, and has a timer add the others: the portal does not wait for
# them.
. "$(dirname "$0")/../../../lib.sh"

within 75 "$FLAVOR_FOLDER/watch-clusters.sh" || echo "the clusters' timer tries again within a minute"
put_unit "$FLAVOR_FOLDER/units/hpc-portal-clusters.service"
put_unit "$FLAVOR_FOLDER/units/hpc-portal-clusters.timer"
within 30 systemctl enable -q --now hpc-portal-clusters.timer
