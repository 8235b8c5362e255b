"""The whole product on the bench: the templates deployed to the emulator, and a machine for all that they launch.

The portal nodes get the user data of the deployed launch templates, the clusters' nodes what their resolved
ClusterConfiguration says; the database answers to the endpoint that the database's tier has. CloudFormation waits for
the portal nodes' own signals.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import shlex
import shutil
import tarfile
import threading
import time
from pathlib import Path

from generator import RELEASE_FOLDER
from tests.bench import image
from tests.bench.directory import Directory
from tests.bench.machine import Machine
from tests.bench.portal import Portal
from tests.bench.slurm import Cluster
from tests.bench.vpc import Instance, Subnet, Vpc, addresses
from tests.emulator.client import Emulator
from tests.emulator.outcome import Outcome
from tests.emulator.release import BUCKET, PREFIX, VENDOR
from tests.support.deployment import files

REGION, STACK = "us-east-1", "hpc-portal"
USERDATA = Path(__file__).parent / "userdata"
TRUST_STORE = f"truststore.pki.rds.amazonaws.com/{REGION}/{REGION}-bundle.pem"
ANSWERS = {
    "PortalAccessCidr": "203.0.113.0/24",
    "ComputeMinNodes": "1",
    "ComputeMaxNodes": "2",
    "AssetsPrefix": PREFIX,
    "AssetsBucket": BUCKET,
    "AssetsBucketRegion": REGION,
    "PortalInstallerUrl": f"s3://{VENDOR}/enginframe-latest.jar",
    "JdbcDriverUrl": f"s3://{VENDOR}/mysql-connector-j-8.4.0.tar.gz",
}


def node_env(user_data: str) -> dict[str, str]:
    """The values that CloudFormation has filled into the header of a portal node."""
    text = user_data.split("<<'NODE_ENV'" if "<<'NODE_ENV'" in user_data else "<< 'NODE_ENV'")[1].split("\nNODE_ENV")[0]
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name: shlex.split(value)[0] if value else "" for name, value in pairs}


def _instance_id(number: int) -> str:
    """An EC2 instance id, another one for each number."""
    return "i-" + hashlib.sha256(str(number).encode()).hexdigest()[:17]


class Site:
    """One deployment with its machines. `portals` and `clusters` are by zone number."""

    region = REGION

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator, self.folder = emulator, folder
        self.vpc = Vpc(folder, emulator.port)
        self.storage = folder / "storage"
        self.storage.mkdir()
        self.portals: dict[int, Portal] = {}
        self.clusters: dict[int, Cluster] = {}
        self.database: Machine | None = None
        self.directory: Directory | None = None
        self.hosts: dict[str, str] = {}  # name: address
        self._booted: set[str] = set()
        self._instances = itertools.count(1)  # portal nodes are launched on several threads
        self._free = addresses(self.vpc.core.network, set())

    # What is around

    def publish(self) -> None:
        """The release in its bucket, the vendor's files in another one, certificates at RDS's download site."""
        self.emulator.publish(dict(files()), BUCKET, PREFIX + RELEASE_FOLDER, REGION)
        driver = (image.SYSTEM / "usr/share/java/mariadb-java-client-2.7.6.jar").read_bytes()
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            entry = tarfile.TarInfo("mysql-connector-j-8.4.0/mysql-connector-j-8.4.0.jar")
            entry.size = len(driver)
            tar.addfile(entry, io.BytesIO(driver))
        vendor = {
            "enginframe-latest.jar": image.INSTALLER.read_bytes(),
            "mysql-connector-j-8.4.0.tar.gz": gzip.compress(archive.getvalue(), mtime=0),
        }
        self.emulator.publish(vendor, VENDOR, region=REGION)
        for name in self.vpc.open_sites({TRUST_STORE: self.vpc.authority.certificate.read_bytes()}):
            self.hosts[name] = self.vpc.aws

    def secret(self, arn: str) -> str:
        """The text of a secret."""
        return str(self.emulator.client("secretsmanager", REGION).get_secret_value(SecretId=arn)["SecretString"])

    def subnet(self, subnet_id: str) -> tuple[Subnet, str]:
        """The subnet of the deployment with this id, made on the bench when it is first asked for, and its zone."""
        found = self.emulator.client("ec2", REGION).describe_subnets(SubnetIds=[subnet_id])["Subnets"][0]
        name = f"z{found['AvailabilityZone'][-1]}"
        if name not in self.vpc.subnets:
            self.vpc.subnet(name, found["CidrBlock"])
        return self.vpc.subnets[name], str(found["AvailabilityZone"])

    # Machines

    def machine(
        self, name: str, address: str, subnet: Subnet, zone: str, user_data: str, instance: str = ""
    ) -> Machine:
        """A machine that is not powered yet, with an empty disk, known to the metadata service."""
        number = next(self._instances)
        instance = instance or _instance_id(number)
        self.vpc.metadata.instances[address] = Instance(instance, user_data, zone, "bench-node")
        hosts = {"localhost": "127.0.0.1", **self.hosts, name: address}
        certificates = (image.SYSTEM / "etc/ssl/certs/ca-certificates.crt").read_text()
        return Machine(
            name,
            address,
            subnet,
            self.storage,
            self.folder / f"disk-{number}-{name}",
            {
                "etc/hostname": f"{name}\n",
                "etc/hosts": "".join(f"{where} {host}\n" for host, where in hosts.items()),
                "etc/ssl/certs/ca-certificates.crt": certificates + self.vpc.authority.certificate.read_text(),
                "root/.aws/config": f"[default]\nendpoint_url = http://{self.vpc.aws}\n",
            },
        )

    def script(self, name: str, **settings: str) -> str:
        """User data made of a script of the bench's and what it is told."""
        told = "".join(f"{key}={shlex.quote(value)}\n" for key, value in settings.items())
        return f"#!/bin/bash\n{told}{(USERDATA / name).read_text()}"

    def _start_database(self, env: dict[str, str]) -> None:
        endpoint = env["DATABASE_ENDPOINT"]
        certificate, key = self.vpc.authority.issue(endpoint)
        address = next(self._free)
        told = {"MASTER": env["DATABASE_MASTER_USERNAME"], "PASSWORD": self.secret(env["DATABASE_SECRET_ARN"])}
        data = self.script("database.sh", **told, CERTIFICATE=certificate, KEY=key)
        self.hosts[endpoint] = address
        self.database = self.machine("database", address, self.vpc.core, f"{REGION}a", data)
        self.database.power_on()
        assert self.database.user_data() == 0, self.database.run("cat /var/log/cloud-init-output.log").output

    def boot_portal(self, launched: dict[str, str], instance: str = "") -> Portal:
        """A portal node for what an Auto Scaling group has launched, or launches again as another `instance`."""
        env = node_env(launched["user_data"])
        if self.database is None:
            for folder in (env["FILE_SYSTEM_ID"], *(mount.split(".")[0] for mount in env["LUSTRE"].split())):
                (self.storage / folder).mkdir()
            self._start_database(env)
            assert self.directory and self.directory.machine.user_data() == 0
        subnet, zone = self.subnet(launched["subnet"])
        address = launched["address"]
        name = "ip-" + address.replace(".", "-")
        instance = instance or launched["instance"]
        machine = self.machine(name, address, subnet, zone, launched["user_data"], instance)
        portal = Portal(machine, env, self.secret(env["ADMIN_SECRET_ARN"]))
        machine.power_on()
        self.portals[int(env["ZONE_NUMBER"])] = portal
        return portal

    def replace_portal(self, number: int, *, wait: bool = True) -> Portal:
        """End a portal node and have its group launch another one: new instance, empty disk, same address."""
        old = self.portals[number]
        [launched] = [one for one in self.emulator.launched() if one["logical_id"] == f"PortalNode{number}"]
        old.machine.destroy()
        portal = self.boot_portal(launched, _instance_id(next(self._instances)))
        if wait:
            assert portal.machine.user_data() == 0, self.log(portal)
        return portal

    def forget_portal(self) -> None:
        """End both portal nodes and forget all that they have made, on /efs and in the database."""
        for portal in self.portals.values():
            portal.machine.destroy()
        efs = self.storage / next(iter(self.portals.values())).node_env["FILE_SYSTEM_ID"]
        for folder in ("nice", "nisp", "hpc-portal"):
            shutil.rmtree(efs / folder, ignore_errors=True)
        assert self.database
        self.database.ask("mysql -e 'DROP DATABASE IF EXISTS enginframedb; DROP USER IF EXISTS enginframe'")

    def is_complete(self, portal: Portal) -> bool:
        """Whether a portal node reaches all of the portal's servers."""
        names = sorted(one.machine.name for one in self.portals.values())
        return sorted(filter(None, portal.request("members").json.values())) == names

    def refresh(self) -> None:
        """Have the portal nodes look for clusters now, not at the next tick of their timers."""
        for portal in self.portals.values():
            portal.look()

    def takes_jobs(self) -> None:
        """Wait until each portal has submitted a job to each cluster."""
        for portal in self.portals.values():
            for cluster in self.clusters.values():
                portal.submitted(cluster.id, "#!/bin/bash\ntrue")

    def offers_all(self, portal: Portal) -> bool:
        """Whether a portal node offers every cluster, and no other."""
        return set(portal.clusters()) == {cluster.id for cluster in self.clusters.values()}

    @staticmethod
    def log(portal: Portal) -> str:
        """The bootstrap's log."""
        return portal.machine.run("cat /var/log/hpc-portal-bootstrap.log").output

    # The deployment

    def deploy(self) -> Outcome:
        """Create the stack, booting what it launches, and the clusters; returns when all of it is up."""
        self.publish()
        self.emulator.leave_booting()
        url = self.emulator.url(BUCKET, f"{PREFIX}{RELEASE_FOLDER}templates/main.template.yaml", REGION)
        outcomes: list[Outcome] = []
        self.directory = Directory(self, next(self._free))
        self.directory.machine.power_on()
        answers = ANSWERS | self.directory.answers

        def create() -> None:
            outcomes.append(self.emulator.create_stack(STACK, region=REGION, url=url, parameters=answers))

        creation = threading.Thread(target=create)
        creation.start()
        while creation.is_alive():
            for launched in self.emulator.launched():
                if launched["instance"] not in self._booted:
                    self._booted.add(launched["instance"])
                    self.boot_portal(launched)
            self._start_clusters()
            time.sleep(0.1)
        self._start_clusters()
        return outcomes[0]

    def _start_clusters(self) -> None:
        """Boot the nodes of each cluster that the provider has made by now."""
        if self.database is None:
            return
        cloudformation = self.emulator.client("cloudformation", REGION)
        for stack in cloudformation.describe_stacks()["Stacks"]:
            tags = {tag["Key"] for tag in stack.get("Tags", [])}
            number = int(stack["StackName"][-1]) if stack["StackName"][-1].isdigit() else 0
            if "parallelcluster:version" not in tags or number in self.clusters:
                continue
            if stack["StackStatus"] != "CREATE_COMPLETE":
                continue
            body = cloudformation.get_template(StackName=stack["StackName"])["TemplateBody"]
            configuration = body["Metadata"]["ParallelCluster"]["Configuration"]
            cluster = Cluster(self, stack["StackName"], number, configuration, stack["Outputs"][0]["OutputValue"])
            self.clusters[number] = cluster
            cluster.start()

    def zone(self, number: int) -> list[Machine]:
        """Every machine of a zone."""
        cluster = self.clusters[number]
        return [self.portals[number].machine, cluster.head, *cluster.compute]

    def machines(self) -> list[Machine]:
        """Every machine that there is now."""
        nodes = [machine for cluster in self.clusters.values() for machine in (cluster.head, *cluster.compute)]
        return [
            *(portal.machine for portal in self.portals.values()),
            *nodes,
            *([self.database] if self.database else []),
            *([self.directory.machine] if self.directory else []),
        ]

    def story(self) -> str:
        """The ends of what the machines have to say, for who reads that a test has failed."""
        logs = "/var/log/hpc-portal-*.log /var/log/slurm/*.log /var/log/slurmd.log /var/log/cloud-init-output.log"
        script = f"systemctl --failed --no-legend --no-pager; tail -v -n 12 {logs} 2> /dev/null"
        running = [machine for machine in self.machines() if machine.running]
        return "\n".join(f"== {one.name} {one.address}\n{one.run(script, seconds=10).output}" for one in running)

    def lose_zone(self, number: int) -> None:
        """Take the power from a zone; its Lustre servers die with it, and hang whoever has their file system mounted."""
        for machine in self.zone(number):
            machine.power_off()
        (self.storage / f"{self.clusters[number].lustre}.out").touch()
        for portal in self.portals.values():
            if portal.machine.running:
                self._stop_lustre(portal.machine, f"/fsx_cluster{number}")

    @staticmethod
    def _stop_lustre(machine: Machine, at: str) -> None:
        """Stop the daemon behind a mount, if there is one: found by its arguments, told by its number."""
        machine.ask(
            f"for p in /proc/[0-9]*; do case $(tr '\\0' ' ' < $p/cmdline) in "
            f"bindfs*' {at} ') kill -STOP ${{p#/proc/}} ;; esac; done 2> /dev/null; true"
        )

    def regain_zone(self, number: int) -> None:
        """Power a zone on again, all disks as they were."""
        (self.storage / f"{self.clusters[number].lustre}.out").unlink()
        for machine in self.zone(number):
            machine.power_on()

    def end(self) -> None:
        """End every machine."""
        for machine in self.machines():
            machine.destroy()
