#!/bin/bash
# The portal does not wait for its clusters: whatever is published on /efs by now is taken, and a timer takes the rest.
. "$(dirname "$0")/../lib.sh"

within 75 "$BUNDLE/watch-clusters.sh" || echo "the clusters' timer tries again within a minute"
put_unit hpc-portal-clusters.service
put_unit hpc-portal-clusters.timer
within 30 systemctl enable -q --now hpc-portal-clusters.timer
