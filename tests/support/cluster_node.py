"""A head node to run the cluster's scripts on: a folder with Slurm's configuration, an EFS, and stand-in commands.

No root and no Slurm is needed: what a script would change on a real machine (accounts, slurmdbd, mounts) is answered by
small stand-ins that come first on PATH and remember what they were told in files.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from generator.text.archives import cluster_scripts

PROJECT = Path(__file__).parents[2]
SCRIPTS = cluster_scripts(PROJECT)[1]  # as a node downloads them
CLUSTER = "hpc-0123abcd-az1"
SECRETS = ("dbPassw0rd-in-slurmdbd", "jwt-key-of-the-cluster", "accounting-Passw0rd", "jobcomp-Passw0rd")

# As ParallelCluster writes it (aws-parallelcluster-cookbook, slurm.conf.erb), and what an engineer may add.
SLURM_CONF = """
# slurm.conf
ClusterName=hpc-0123abcd-az1
SlurmUser=slurm
SlurmctldPort=6820-6829
SlurmdPort=6818
AuthType=auth/munge
SchedulerParameters=nohold_on_prolog_fail
MinJobAge=300
MessageTimeout=60   # ParallelCluster's own
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key=/etc/jwt-key-of-the-cluster
AccountingStoragePass=accounting-Passw0rd
JobCompType=jobcomp/none
JobCompPass=jobcomp-Passw0rd
include slurm_parallelcluster.conf

include pcluster/custom_slurm_settings_include_file_slurm.conf
include slurm_parallelcluster_slurmdbd.conf
"""
PARALLELCLUSTER_CONF = """
SlurmctldHost=ip-10-0-1-23(10.0.1.23)
SuspendTime=600
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=ip-10-0-1-23
AccountingStoragePort=6819
AccountingStorageUser=slurm
include {etc}/pcluster/slurm_parallelcluster_on-demand_partition.conf
"""
PARTITION_CONF = """
NodeName=on-demand-dy-c6i-2xlarge-[1-10] CPUs=8 State=CLOUD Feature=dynamic
NodeName=on-demand-dy-c6i-4xlarge-[1-10] CPUs=16 State=CLOUD Feature=dynamic
NodeSet=on-demand_nodes Nodes=on-demand-dy-c6i-2xlarge-[1-10]
PartitionName=on-demand Nodes=on-demand_nodes MaxTime=INFINITE State=UP Default=YES
"""
CUSTOM_CONF = """
SchedulerParameters=nohold_on_prolog_fail,\\
bf_continue
"""

STAND_INS = {
    "logger": 'echo "$*" >>"$NODE/syslog"',
    "mountpoint": '[ ! -e "$NODE/unmounted" ]',
    "sleep": 'case $1 in 0.*) exec /bin/sleep "$1" ;; esac',  # no waiting between attempts
    "scontrol": """
        case "$*" in
          --version) echo "slurm 25.11.8" ;;
          "show config") [ -s "$NODE/slurmctld" ] && echo "PluginDir               = $NODE/plugins" ;;
          ping) echo "Slurmctld(primary) at ip-10-0-1-23 is $(cat "$NODE/slurmctld")" ;;
        esac""",
    "sacctmgr": """
        echo "$*" >>"$NODE/sacctmgr.calls"
        [ ! -e "$NODE/slurmdbd-down" ] || exit 1
        case "$*" in
          *"show association"*) cat "$NODE/association" 2>/dev/null ;;
          *"show user"*) cat "$NODE/level" 2>/dev/null ;;
          *"add user"*) echo efadmin >"$NODE/association"; echo None >"$NODE/level" ;;
          *"modify user"*) echo Operator >"$NODE/level" ;;
        esac
        true""",
    "getent": '[ -e "$NODE/$1" ] && grep -E "^$2:|^[^:]*:[^:]*:$2:" "$NODE/$1" | head -n 1 | grep .',
    "systemctl": 'echo "systemctl $*" >>"$NODE/systemctl.calls"; [ ! -e "$NODE/stuck" ]',
    "groupadd": 'echo "groupadd $*" >>"$NODE/accounts.calls"; echo "$3:x:$2:" >>"$NODE/group"',
    "useradd": 'echo "useradd $*" >>"$NODE/accounts.calls"; echo "$8:x:$2:$4:::$6" >>"$NODE/passwd"',
}


class Node:
    """A head node in `folder`. `run` runs one of the shipped scripts on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.etc, self.efs, self.bin = folder / "etc", folder / "efs", folder / "bin"
        for path in (self.etc / "pcluster", self.efs, self.bin, folder / "plugins", folder / "tmp"):
            path.mkdir(parents=True)
        (folder / "plugins" / "cli_filter_lua.so").touch()
        (folder / "slurmctld").write_text("UP")
        (folder / "passwd").write_text("root:x:0:0::/root:/bin/bash\n")
        (folder / "group").write_text("root:x:0:\n")
        self.configure("slurm.conf", SLURM_CONF)
        self.configure("slurm_parallelcluster.conf", PARALLELCLUSTER_CONF.format(etc=self.etc))
        self.configure("pcluster/slurm_parallelcluster_on-demand_partition.conf", PARTITION_CONF)
        self.configure("pcluster/custom_slurm_settings_include_file_slurm.conf", CUSTOM_CONF)
        self.configure("slurm_parallelcluster_slurmdbd.conf", "StoragePass=dbPassw0rd-in-slurmdbd\n")
        self.configure("slurmdbd.conf", "StoragePass=dbPassw0rd-in-slurmdbd\n")
        for name, script in STAND_INS.items():
            self.stand_in(name, script)
        (folder / "scripts").mkdir()
        for name, packed in SCRIPTS.items():
            (folder / "scripts" / name).write_bytes(packed)

    @property
    def home(self) -> Path:
        """Where the cluster publishes."""
        return self.efs / "slurm" / CLUSTER

    def configure(self, name: str, text: str) -> None:
        """Write a file of Slurm's configuration."""
        (self.etc / name).write_text(text)

    def stand_in(self, name: str, script: str) -> None:
        """Put a command first on PATH. `$REAL` is where the real commands are."""
        (self.bin / name).write_text(f"#!/bin/bash\n{script}\n")
        (self.bin / name).chmod(0o755)

    def run(self, script: str, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
        """Run a script as ParallelCluster does, with its output captured; at most a minute."""
        environment = {"PATH": f"{self.bin}:{os.environ['PATH']}", "NODE": str(self.folder)}
        environment |= {"TMPDIR": str(self.folder / "tmp"), "REAL": "/usr/bin", **given}
        return subprocess.run(
            ["bash", str(self.folder / "scripts" / script), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def publish(self, seconds: int = 30) -> subprocess.CompletedProcess[str]:
        """Run publish.sh, allowing EFS so many seconds."""
        return self.run("publish.sh", str(self.efs), str(seconds), str(self.etc))

    def published(self) -> dict[str, str] | None:
        """What READY says, read and verified as a portal node does; None where nothing usable is published."""
        if not (self.home / "READY").exists():
            return None
        ready = dict(line.split("=", 1) for line in (self.home / "READY").read_text().splitlines())
        folder = self.home / ready["CONFIG"]
        sums = (folder / "SHA256SUMS").read_bytes()
        assert hashlib.sha256(sums).hexdigest() == ready["SHA256"]
        for line in sums.decode().splitlines():
            digest, name = line.split("  ")
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
        return ready

    def snapshot(self) -> dict[str, tuple[int, int, str]]:
        """All that is on EFS, by path: inode, time of change, content or target. Equal only if nothing was touched."""
        found = {}
        for path in sorted(self.efs.rglob("*")):
            status = path.lstat()
            content = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else ""
            found[str(path.relative_to(self.efs))] = (status.st_ino, status.st_mtime_ns, content)
        return found
