"""A portal node without AWS: a folder for its root, stub commands first on PATH, and the shipped scripts run for real.

The stubs (tests/portal_stubs/) keep their state in a folder called the world: secrets, objects, web pages, mounts,
iptables rules, and every call that was made. No root rights are needed.
"""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from generator.text.archives import portal_bundle

PROJECT = Path(__file__).resolve().parents[2]
STUBS = Path(__file__).parent / "portal_stubs"
ADMIN_PASSWORD, MASTER_PASSWORD, PORTAL_PASSWORD = "Adm1n-pass%word", "m4ster'pass\\word", "p0rtal=pass:word"
LICENSE_TEXT = "FEATURE license-of-the-portal"
MUNGE_KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9w"  # 42 bytes, decoded
LOCATIONS = {
    "PortalInstaller": "https://example.com/packages/enginframe-latest.jar",
    "JdbcDriver": "s3://drivers/mysql-connector-j-8.4.0.tar.gz",
}
SECRETS = {
    "arn:admin": ADMIN_PASSWORD,
    "arn:master": MASTER_PASSWORD,
    "arn:portal": PORTAL_PASSWORD,
    "arn:munge": MUNGE_KEY,
    "arn:license": LICENSE_TEXT,
    "arn:downloads": json.dumps(LOCATIONS),
}
NODE = {
    "STACK_ID": "arn:aws:cloudformation:eu-west-1:123456789012:stack/hpc-PortalStack/0a1b2c3d",
    "LOGICAL_ID": "PortalNode1",
    "REGION": "eu-west-1",
    "URL_SUFFIX": "amazonaws.com",
    "ZONE_NUMBER": "1",
    "ZONES": "2",
    "FLAVOR": "EnginFrame",
    "DOWNLOADS_SECRET_ARN": "arn:downloads",
    "INSTALLER_SHA256": "",
    "JDBC_SHA256": "",
    "LICENSE_SECRET_ARN": "",
    "ADMIN_SECRET_ARN": "arn:admin",
    "MUNGE_SECRET_ARN": "arn:munge",
    "DIRECTORY_DOMAIN": "",
    "DIRECTORY_SERVERS": "",
    "DIRECTORY_USER": "",
    "DIRECTORY_SECRET_ARN": "",
    "DIRECTORY_CA_SECRET_ARN": "",
    "DIRECTORY_FILTER": "",
    "DIRECTORY_SCHEMA": "AD",
    "DATABASE_ENDPOINT": "db.cluster-1.eu-west-1.rds.amazonaws.com",
    "DATABASE_PORT": "3306",
    "DATABASE_MASTER_USERNAME": "admin",
    "DATABASE_SECRET_ARN": "arn:master",
    "PORTAL_DATABASE_SECRET_ARN": "arn:portal",
    "FILE_SYSTEM_ID": "fs-0123456789abcdef0",
    "LUSTRE": "fs-1.fsx.eu-west-1.amazonaws.com@abcdefgh fs-2.fsx.eu-west-1.amazonaws.com@ijklmnop",
    "PEERS": "10.0.1.10 10.0.2.10",
    "PORTAL_URL": "https://portal.example.com/enginframe",
    "LOG_GROUP": "/hpc/portal",
    "PARALLELCLUSTER_VERSION": "3.16.1",
}


def archive(files: dict[str, bytes]) -> bytes:
    """A tar of `files`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


class PortalNode:
    """One node: `root` is its file system, `world` what is around it. Nodes that share `efs` are one portal."""

    def __init__(self, folder: Path, name: str = "ip-10-0-1-10", efs: Path | None = None, /, **changes: str) -> None:
        self.root, self.world, self.name = folder / name, folder / f"{name}-world", name
        for path in ("etc/hpc-portal", "var/log", "opt/slurm/bin", "opt/aws/amazon-cloudwatch-agent/bin"):
            (self.root / path).mkdir(parents=True)
        for path in ("secrets", "s3/drivers", "web"):
            (self.world / path).mkdir(parents=True)
        if efs:
            (self.root / "efs").symlink_to(efs)
        self.stubs = folder / f"{name}-bin"
        shutil.copytree(STUBS, self.stubs)
        java = self.root / "usr/lib/jvm/java-11-amazon-corretto.x86_64/bin"
        java.mkdir(parents=True)
        for place, commands in {
            java: ("java", "keytool"),
            self.root / "opt/slurm/bin": ("sbatch", "squeue"),
            self.root / "opt/aws/amazon-cloudwatch-agent/bin": ("amazon-cloudwatch-agent-ctl",),
        }.items():
            for command in commands:
                (self.stubs / command).rename(place / command)
        (self.world / "passwd").write_text("root:x:0:0::/root:/bin/bash\n")
        (self.world / "group").write_text("root:x:0:\n")
        (self.root / "etc/fstab").write_text("UUID=1 / xfs defaults,noatime 1 1\n")
        for arn, text in SECRETS.items():
            self.secret(arn, text)
        driver = {"mysql-connector-j-8.4.0/mysql-connector-j-8.4.0.jar": b"driver"}
        (self.world / "s3/drivers/mysql-connector-j-8.4.0.tar.gz").write_bytes(archive(driver))
        (self.world / "web/enginframe-latest.jar").write_bytes(b"installer")
        (self.world / "web/eu-west-1-bundle.pem").write_text(
            "".join(f"-----BEGIN CERTIFICATE-----\n{n}\n-----END CERTIFICATE-----\n" for n in (1, 2))
        )
        self.bundle = self.root / "opt/hpc-portal"
        with tarfile.open(fileobj=io.BytesIO(portal_bundle(PROJECT)[1])) as tar:
            tar.extractall(self.bundle, filter="tar")
        self.configure(**changes)

    def configure(self, **changes: str) -> None:
        """Writes node.env, `changes` over the usual answers."""
        text = "".join(f"{key}='{value}'\n" for key, value in (NODE | changes).items())
        (self.root / "etc/hpc-portal/node.env").write_text(text)
        (self.root / "etc/hpc-portal/node.env").chmod(0o600)

    def secret(self, arn: str, text: str, version: str = "v1") -> None:
        """What Secrets Manager answers for `arn`."""
        (self.world / "secrets" / arn).write_text(json.dumps({"VersionId": version, "SecretString": text}))

    def start(self, script: str, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        """Starts a script of the bundle (or an absolute path)."""
        return subprocess.Popen(
            [self.bundle / script, *arguments],
            env={
                "PATH": f"{self.stubs}:{os.environ['PATH']}",
                "HPC_PORTAL_ROOT": str(self.root),
                "WORLD": str(self.world),
                "STUBS": str(STUBS),
                "HOSTNAME": self.name,
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, script: str = "bootstrap.sh", **environment: str) -> tuple[int, str]:
        """Exit status and all output of a script of the bundle."""
        process = self.start(script, **environment)
        output, _ = process.communicate()
        return process.returncode, output

    def step(self, name: str, **environment: str) -> tuple[int, str]:
        """Runs one step of the bootstrap."""
        [path] = (path for path in self.steps() if path.stem == name)
        return self.run(str(path.relative_to(self.bundle)), **environment)

    def steps(self) -> list[Path]:
        """The steps of the bootstrap and of the flavor, in their order."""
        return sorted(self.bundle.rglob("steps/*.sh"), key=lambda path: path.name)

    def ready_for(self, step: str) -> None:
        """Runs the steps before `step`, which must all succeed."""
        for path in self.steps():
            if path.stem == step:
                return
            status, output = self.step(path.stem)
            assert status == 0, output

    def tell(self, name: str, text: str = "") -> None:
        """Puts a file into the world, such as `mount-error`."""
        (self.world / name).write_text(text)

    def calls(self) -> list[str]:
        """Every call of a stub that keeps a record."""
        path = self.world / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def read(self, path: str) -> str:
        """A file of the node."""
        return (self.root / path).read_text()

    def tree(self) -> dict[str, tuple[int, int, str]]:
        """Every file of the node: mode, time of change, content's hash; the bundle and what is in memory left out."""
        found = {}
        for base, _, names in os.walk(self.root, followlinks=True):
            for name in names:
                path = Path(base) / name
                relative = str(path.relative_to(self.root))
                if path.is_file() and not relative.startswith(("run/", "opt/hpc-portal/")):
                    status = path.stat()
                    found[relative] = (
                        status.st_mode,
                        status.st_mtime_ns,
                        hashlib.sha256(path.read_bytes()).hexdigest(),
                    )
        return found
