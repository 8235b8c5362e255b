#!/bin/bash
# What an image must bring. ParallelCluster's own brings all of it; an operator's own image is told what it lacks,
# here and not half an hour later.
. "$(dirname "$0")/../lib.sh"

missing=0
lacks() { # lacks <sentence>
  echo "ERROR: $1" >&2
  missing=1
}
need() { # need <command> <what to do about it>
  command -v "$1" > /dev/null || lacks "The image has no $1: $2."
}

[[ $(uname -m) == x86_64 ]] || lacks "The image is for $(uname -m), but the portal runs on x86-64 only."
need munged "install munge, with its user munge (uid 402) as ParallelCluster's image has it"
need mount.lustre "install a Lustre client that fits its kernel (on Amazon Linux 2023 the package lustre-client)"
need mount.efs "install amazon-efs-utils"
need iptables "install iptables, which keeps portal users away from the instance's credentials"
need python3 "install python3"
need curl "install curl"
[[ -x $ROOT/opt/slurm/bin/sbatch && -x $ROOT/opt/slurm/bin/squeue ]] ||
  lacks "The image has no Slurm client in /opt/slurm: build it from ParallelCluster $PARALLELCLUSTER_VERSION's image."
((missing == 0)) || fail "This image cannot carry a portal node: leave PortalAmiId blank, or add what is named above."

free=$(df --output=avail -k "$ROOT/" | tail -n 1)
((free >= 2 * 1024 * 1024)) ||
  fail "The root file system has $((free / 1024)) MiB free and needs 2048: raise PortalVolumeSize."
