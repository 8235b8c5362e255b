"""A Slurm cluster of the bench: real daemons on machines of its own, configured as its ClusterConfiguration says.

What ParallelCluster would do is done here as far as the scripts and the portal can see it: the files that its cookbook
writes, the order of its custom actions, its accounts' numbers.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from tests.bench.machine import Machine
from tests.bench.vpc import addresses
from tests.bench.waiting import PATIENCE
from tests.support.cluster_configuration import sssd_domain

if TYPE_CHECKING:
    from tests.bench.site import Site

# As ParallelCluster's cookbook writes it, but for what needs control groups or EC2's power saving.
SLURM_CONF = """
ClusterName={name}
SlurmUser=slurm
SlurmctldPort=6820-6829
SlurmdPort=6818
AuthType=auth/munge
StateSaveLocation=/var/spool/slurmctld
SlurmdSpoolDir=/var/spool/slurmd
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile=/var/log/slurm/slurmctld.log
SlurmdLogFile=/var/log/slurmd.log
ReturnToService=1
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=nohold_on_prolog_fail,batch_sched_delay=0
SlurmdParameters=config_overrides
MinJobAge=300
MessageTimeout=60
include slurm_parallelcluster.conf
"""
CLUSTER_CONF = """
SlurmctldHost={host}({address})
{accounting}
{nodes}
"""
ACCOUNTING = """AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost={host}
AccountingStoragePort=6819
AccountingStorageUser=slurm"""

# As the cookbook's template sssd.conf.erb has it, after the domain.
SSSD_CONF = """
[sssd]
config_file_version = 2
services = nss, pam, ssh
domains = default
full_name_format = %1$s

[nss]
filter_users = nobody,root
filter_groups = nobody,root

[pam]
offline_credentials_expiration = 7
"""


class Cluster:
    """One zone's cluster: a head node and the nodes that its queues keep."""

    def __init__(self, site: Site, name: str, number: int, configuration: dict[str, Any], address: str) -> None:
        self.site, self.name, self.number, self.configuration = site, name, number, configuration
        self.subnet, self.zone = site.subnet(configuration["HeadNode"]["Networking"]["SubnetId"])
        self.addresses = addresses(self.subnet.network, set())
        self.queues = configuration["Scheduling"]["SlurmQueues"]
        for folder in (self.home_folder, self.shared_folder, self.lustre):
            (site.storage / folder).mkdir(exist_ok=True)
        self.nodes = [
            (f"{queue['Name']}-st-{resource['Name']}-{n + 1}", next(self.addresses))
            for queue in self.queues
            for resource in queue["ComputeResources"]
            for n in range(int(resource["MinCount"]))
        ]
        self.head = self._head(address)
        self.compute = self._compute()

    @property
    def id(self) -> str:
        """What EnginFrame calls it."""
        return self.name.upper().replace("-", "_")

    @property
    def home_folder(self) -> str:
        """/home, which the head node exports."""
        return f"home-{self.name}"

    @property
    def shared_folder(self) -> str:
        """/opt/parallelcluster/shared, likewise; it goes with the head node."""
        return f"shared-{self.name}"

    def _storage(self, kind: str) -> dict[str, Any]:
        [found] = [one for one in self.configuration["SharedStorage"] if one["StorageType"] == kind]
        return dict(found)

    @property
    def lustre(self) -> str:
        """Its own Lustre file system."""
        return str(self._storage("FsxLustre")["FsxLustreSettings"]["FileSystemId"])

    def _head(self, address: str) -> Machine:
        self.address, self.host = address, "ip-" + address.replace(".", "-")
        return self.site.machine(
            self.host, address, self.subnet, self.zone, self._script("head", self.configuration["HeadNode"])
        )

    def _compute(self) -> list[Machine]:
        script = self._script("compute", self.queues[0])
        return [self.site.machine(node, where, self.subnet, self.zone, script) for node, where in self.nodes]

    def _script(self, kind: str, node: dict[str, Any]) -> str:
        """User data of a node by its part of the configuration."""
        settings = self.configuration["Scheduling"]["SlurmSettings"]
        database = settings["Database"]
        host, port = database["Uri"].split(":")
        actions = node["CustomActions"]
        efs, lustre = self._storage("Efs"), self._storage("FsxLustre")
        parts = [f"NodeName={name} NodeAddr={where} CPUs=64 State=UNKNOWN" for name, where in self.nodes]
        for n, queue in enumerate(self.queues):
            own = [name for name, _ in self.nodes if name.startswith(f"{queue['Name']}-st-")]
            if own:
                default = "Default=YES" if n == 0 else ""
                parts.append(f"PartitionName={queue['Name']} Nodes={','.join(own)} State=UP OverSubscribe=NO {default}")
        directory = self.configuration["DirectoryService"]
        domain = "".join(f"{option} = {value}\n" for option, value in sssd_domain(directory).items())
        accounting = ACCOUNTING.format(host=self.host)
        return self.site.script(
            "cluster.sh",
            KIND=kind,
            CLUSTER=self.name,
            REGION=self.configuration["Region"],
            FILE_SYSTEM=efs["EfsSettings"]["FileSystemId"],
            LUSTRE=f"{self.lustre}.fsx@tcp:/bench",
            LUSTRE_AT=lustre["MountDir"],
            HOME_FOLDER=self.home_folder,
            SHARED_FOLDER=self.shared_folder,
            SSSD_DOMAIN=domain,
            SSSD_CONF=SSSD_CONF,
            DIRECTORY_SECRET=directory["PasswordSecretArn"],
            MUNGE_SECRET=settings["MungeKeySecretArn"],
            DATABASE_HOST=host,
            DATABASE_PORT=port,
            DATABASE_USER=database["UserName"],
            DATABASE_SECRET=database["PasswordSecretArn"],
            DATABASE_NAME=database["DatabaseName"],
            ON_NODE_START=_lines(actions["OnNodeStart"]),
            ON_NODE_CONFIGURED=_lines(actions.get("OnNodeConfigured", {})),
            SLURM_CONF=SLURM_CONF.format(name=self.name),
            CLUSTER_CONF=CLUSTER_CONF.format(
                host=self.host, address=self.address, accounting=accounting, nodes="\n".join(parts)
            ),
        )

    def start(self) -> None:
        """Boot all nodes."""
        for machine in (self.head, *self.compute):
            machine.power_on()

    def wait(self) -> None:
        """Until every node has ended its bootstrap well."""
        for machine in (self.head, *self.compute):
            assert machine.user_data() == 0, machine.run("cat /var/log/cloud-init-output.log").output

    def rebuild(self) -> None:
        """All nodes made anew, as ParallelCluster does where it cannot change them: empty disks, a new address."""
        for machine in (self.head, *self.compute):
            machine.destroy()
        shutil.rmtree(self.site.storage / self.shared_folder)
        (self.site.storage / self.shared_folder).mkdir()
        self.head = self._head(next(self.addresses))
        self.compute = self._compute()
        self.start()

    def act(self, script: str) -> None:
        """Run one of the scripts of OnNodeUpdated on the head node, as an update of the cluster does."""
        [line] = [
            one
            for one in _lines(self.configuration["HeadNode"]["CustomActions"]["OnNodeUpdated"]).splitlines()
            if script in one
        ]
        where, _, arguments = line.partition(" ")
        region = f"AWS_DEFAULT_REGION={self.configuration['Region']}"
        fetch = f"aws s3 cp --only-show-errors {where} /tmp/a && chmod 700 /tmp/a"
        self.head.ask(f"export {region}; {fetch} && /tmp/a {arguments}", seconds=PATIENCE)

    def jobs(self, fields: str = "jobid,jobname,user,state,exitcode") -> list[dict[str, str]]:
        """All jobs that accounting knows, a row for each time they were started, asked on the head node."""
        names = fields.split(",")
        command = f"sacct -X -D -a -n -P -S now-1day --format={fields}"
        return [dict(zip(names, line.split("|"), strict=True)) for line in self.head.ask(command).splitlines()]


def _lines(action: dict[str, Any]) -> str:
    """The scripts of a custom action with their arguments, one a line."""
    sequence = action.get("Sequence", [action] if action else [])
    return "\n".join(" ".join([one["Script"], *one.get("Args", [])]) for one in sequence)
