#!/bin/bash
# Has systemd restart Slurm's daemons on the head node when they end by themselves.
#
# usage: services.sh [UNIT-FOLDER]
#   UNIT-FOLDER  where systemd looks for additions to its units (/etc/systemd/system)
#
# ParallelCluster runs this as root on the head node, as OnNodeConfigured and OnNodeUpdated. Its units start slurmctld
# and slurmdbd once, side by side: when a zone gets its power back, slurmctld ends if slurmdbd is not there yet and the
# controller has no saved state, and nothing restarts it. A second run changes nothing.
readonly script=services.sh folder=${1:-/etc/systemd/system}
. "$(dirname "$0")/common.sh"

put "$folder/slurmctld.service.d/hpc-portal.conf" 644 << END
[Unit]
After=slurmdbd.service
StartLimitIntervalSec=0

[Service]
Restart=on-failure
RestartSec=5
END
put "$folder/slurmdbd.service.d/hpc-portal.conf" 644 << END
[Unit]
StartLimitIntervalSec=0

[Service]
Restart=on-failure
RestartSec=5
END
reload_units
say "systemd restarts Slurm's daemons when they fail"
