#!/bin/bash
# Checks that the image has all that a portal node needs. ParallelCluster's own has it; an operator's own image may lack
# something, which is better reported here than half an hour later.
. "$(dirname "$0")/../lib.sh"

missing=0

# lacks SENTENCE: prints it; the step fails at its end.
lacks() {
  echo "ERROR: $1" >&2
  missing=1
}

# need COMMAND REMEDY
need() {
  command -v "$1" > /dev/null || lacks "The image has no $1: $2."
}

[[ $(uname -m) == x86_64 ]] || lacks "The image is for $(uname -m), but the portal runs on x86-64 only."
need munged "install munge, with its user munge (uid 402) as ParallelCluster's image has it"
need mount.lustre "install a Lustre client that fits its kernel (on Amazon Linux 2023 the package lustre-client)"
need mount.efs "install amazon-efs-utils"
need iptables "install iptables, which keeps portal users from the instance's credentials"
need python3 "install python3"
need curl "install curl"
[[ -x $ROOT/opt/slurm/bin/sbatch && -x $ROOT/opt/slurm/bin/squeue ]] ||
  lacks "The image has no Slurm client in /opt/slurm: build it from ParallelCluster $PARALLELCLUSTER_VERSION's image."
((missing == 0)) ||
  fail "This image is not suitable for a portal node: leave PortalAmiId blank, or add the parts named above."

free=$(df --output=avail -k "$ROOT/" | tail -n 1)
((free >= 2 * 1024 * 1024)) ||
  fail "The root file system has $((free / 1024)) MiB free and needs 2048: raise PortalVolumeSize."
