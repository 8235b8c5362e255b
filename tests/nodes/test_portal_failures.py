"""Portal nodes in trouble: every foreseeable fault ends the bootstrap with one sentence, and the next run finishes."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.portal_node import PORTAL_PASSWORD, PortalNode, archive

Trouble = Callable[[PortalNode], object]


def without(command: str) -> Trouble:
    """An image that lacks `command`: the stub goes, and a PATH of its own hides the machine's."""
    return lambda node: (node.stubs / command).unlink()


def stub(command: str, body: str) -> Trouble:
    """Another stub in place of `command`."""

    def put(node: PortalNode) -> None:
        (node.stubs / command).write_text(f"#!/bin/bash\n{body}\n")
        (node.stubs / command).chmod(0o755)

    return put


def told(name: str, text: str) -> Trouble:
    """A file of the world."""
    return lambda node: node.tell(name, text)


def of_another_portal(node: PortalNode) -> None:
    """A database without the portal's user, beside files of a portal."""
    node.tell("no-user")
    (node.root / "efs/hpc-portal/installed").touch()


SHA256 = "0" * 64
FAULTS: list[tuple[str, str, Trouble, str]] = [
    ("no munge", "10-image", without("munged"), "The image has no munged: install munge"),
    ("no Lustre", "10-image", without("mount.lustre"), "The image has no mount.lustre: install a Lustre client"),
    ("no EFS utilities", "10-image", without("mount.efs"), "The image has no mount.efs: install amazon-efs-utils"),
    (
        "no Slurm",
        "10-image",
        lambda node: (node.root / "opt/slurm/bin/squeue").unlink(),
        "no Slurm client in /opt/slurm",
    ),
    ("Arm", "10-image", stub("uname", "echo aarch64"), "The image is for aarch64, but the portal runs on x86-64 only."),
    ("small disk", "10-image", stub("df", "echo 512000"), "500 MiB free and needs 2048: raise PortalVolumeSize."),
    ("no iptables rule", "30-imds", stub("iptables", "exit 3"), "could not be closed to portal users"),
    (
        "EFS gone",
        "40-storage",
        told("mount-error", "Connection timed out"),
        "(Connection timed out): check its mount target",
    ),
    (
        "EFS hangs",
        "40-storage",
        stub("stat", "exit 124"),
        "is mounted from fs-0123456789abcdef0 but does not answer: see its mount target",
    ),
    ("root squashed", "40-storage", stub("chown", "exit 1"), "needs elasticfilesystem:ClientWrite"),
    ("bad Lustre", "40-storage", lambda node: node.configure(LUSTRE="fs-1"), "LUSTRE in /etc/hpc-portal/node.env must"),
    ("uid taken", "50-accounts", told("passwd", "smith:x:5001:5001::/:/bin/sh\n"), "needs, belongs to smith: remove"),
    (
        "other uid",
        "50-accounts",
        told("passwd", "efadmin:x:1000:1000::/:/bin/sh\n"),
        "other ids than 5001:5001: remove it",
    ),
    (
        "no right to a secret",
        "50-accounts",
        told("refuse-secretsmanager", "An error occurred (AccessDeniedException)"),
        "may not read the secret of efadmin's password (arn:admin): allow secretsmanager:GetSecretValue",
    ),
    (
        "missing secret",
        "55-munge",
        lambda node: (node.world / "secrets/arn:munge").unlink(),
        "The secret of the clusters' munge key (arn:munge) does not exist in eu-west-1",
    ),
    (
        "Secrets Manager down",
        "50-accounts",
        told("refuse-secretsmanager", "Could not connect to the endpoint URL"),
        "did not return the secret of efadmin's password (arn:admin): Could not connect to the endpoint URL",
    ),
    (
        "no password",
        "50-accounts",
        lambda node: node.secret("arn:admin", '{"user": "x"}'),
        'JSON with the key "password"',
    ),
    ("weak password", "50-accounts", stub("chpasswd", "exit 1"), "The system refused efadmin's password"),
    ("short munge key", "55-munge", lambda node: node.secret("arn:munge", "QUJD"), "has 3 bytes after decoding"),
    ("munge key no base64", "55-munge", lambda node: node.secret("arn:munge", "-=-"), "is not base64: restore"),
    (
        "no Java",
        "60-java",
        lambda node: (node.root / "usr/lib/jvm").rename(node.root / "jvm"),
        "Java 11 (java-11-amazon",
    ),
    (
        "no way out",
        "65-database",
        lambda node: (node.world / "web/eu-west-1-bundle.pem").unlink(),
        "could not be fetched from https://truststore.pki.rds.amazonaws.com: check that this node reaches it",
    ),
    (
        "database unreachable",
        "65-database",
        told("mysql-error", "ERROR 2003 (HY000): Can't connect to MySQL server (110)"),
        "cannot be reached (ERROR 2003 (HY000): Can't connect to MySQL server (110)): is it running",
    ),
    (
        "wrong master password",
        "65-database",
        told("mysql-error", "ERROR 1045 (28000): Access denied"),
        "refuses admin:",
    ),
    ("untrusted database", "65-database", told("mysql-error", "ERROR 2026 (HY000): TLS"), "No trusted TLS connection"),
    (
        "another portal's database",
        "65-database",
        of_another_portal,
        "has no user enginframe, though there is a portal on /efs: it belongs to another database",
    ),
    (
        "wrong checksum",
        "70-portal",
        lambda node: node.configure(INSTALLER_SHA256=SHA256),
        f"not the {SHA256} that Portal",
    ),
    (
        "wrong driver",
        "70-portal",
        lambda node: node.configure(JDBC_SHA256=SHA256),
        f"not the {SHA256} that JdbcDriverSha",
    ),
    (
        "installer gone",
        "70-portal",
        lambda node: (node.world / "web/enginframe-latest.jar").unlink(),
        "could not be downloaded from https://example.com/packages/enginframe-latest.jar: see the message above",
    ),
    (
        "no driver in the archive",
        "70-portal",
        lambda node: (node.world / "s3/drivers/mysql-connector-j-8.4.0.tar.gz").write_bytes(archive({"a/b": b""})),
        "The archive at s3://drivers/mysql-connector-j-8.4.0.tar.gz has no mysql-connector jar: correct JdbcDriverUrl.",
    ),
    ("installer fails", "70-portal", told("installer-error", "license not valid"), "ended with status 3; the end of"),
    (
        "a foreign portal",
        "70-portal",
        lambda node: (node.root / "efs/nice/enginframe").mkdir(parents=True),
        "There is a portal in /efs/nice/enginframe that this product did not install",
    ),
    ("no license", "75-settings", lambda node: node.configure(FLAVOR="EFPortal"), "EF Portal does not start without"),
    ("portal mute", "90-start", told("mute", ""), "https://127.0.0.1:8443/enginframe/ does not answer"),
]


@pytest.mark.parametrize(("step", "trouble", "sentence"), [pytest.param(*fault[1:], id=fault[0]) for fault in FAULTS])
def test_a_failed_step_says_one_sentence_and_signals_no_success(
    tmp_path: Path, step: str, trouble: Trouble, sentence: str
) -> None:
    """The step says what is wrong and what to do, once, with a status that the bootstrap knows as explained."""
    node = PortalNode(tmp_path)
    if step in ("65-database", "70-portal", "75-settings", "90-start"):
        node.ready_for(step)
    trouble(node)
    status, output = node.step(step)
    assert status == 70, output
    assert sentence in output
    assert output.count("ERROR:") <= 2 and "Line " not in output  # an image says one sentence for each thing it lacks


def test_bootstrap_stops_at_the_first_failure(tmp_path: Path) -> None:
    """Nothing after the failed step runs, and the status is the bootstrap's."""
    node = PortalNode(tmp_path)
    node.tell("mount-error", "Connection timed out")
    status, output = node.run()
    assert status == 1
    assert "==> stopped in step 40-storage" in output and "50-accounts" not in output


def test_told_to_end_it_takes_its_step_along(tmp_path: Path) -> None:
    """When the header's hour is over nothing of the bootstrap goes on behind CloudFormation's back."""
    node = PortalNode(tmp_path)
    stub("mount", 'touch "$WORLD/hangs"; trap "touch $WORLD/ended; exit" TERM; while :; do /bin/sleep 0.1; done')(node)
    run = node.start("bootstrap.sh")
    while not (node.world / "hangs").exists():
        assert run.poll() is None
        time.sleep(0.05)
    run.terminate()
    output, _ = run.communicate()  # returns when the last process that could still write is gone
    assert run.returncode == 1 and "The bootstrap was ended before its step" in output
    assert (node.world / "ended").exists()


def test_full_disk_is_told_apart(tmp_path: Path) -> None:
    """Any command may be the one that finds the disk full."""
    node = PortalNode(tmp_path)
    stub("cp", "echo 'cp: error writing: No space left on device' >&2; exit 1")(node)
    stub("df", "echo Avail; echo 0")(node)
    status, output = node.step("20-logs")
    assert status == 70 and "The root file system is full: remove what fills it, or raise PortalVolumeSize." in output


def test_unexpected_failure_names_its_line(tmp_path: Path) -> None:
    """What nobody foresaw still ends in one sentence."""
    node = PortalNode(tmp_path)
    stub("cp", "exit 9")(node)
    status, output = node.step("20-logs")
    assert status == 70 and output.count("ERROR:") == 1 and "of 20-logs.sh ended with status 9" in output


def test_installers_log_keeps_the_password(tmp_path: Path) -> None:
    """The tail of the vendor's log that is shown has lost the line with the password."""
    node = PortalNode(tmp_path)
    node.ready_for("70-portal")
    node.tell("installer-error", "license not valid")
    output = node.step("70-portal")[1]
    assert "license not valid" in output and PORTAL_PASSWORD not in output
    assert not list((node.root / "run/hpc-portal").glob("install*"))


def test_blank_checksum_is_recorded_and_enforced(tmp_path: Path) -> None:
    """What the first installation found is what every later one must find."""
    node = PortalNode(tmp_path)
    node.ready_for("75-settings")
    record = node.root / "efs/hpc-portal/installer.sha256"
    assert record.read_text().strip() == hashlib.sha256(b"installer").hexdigest()
    (node.root / "efs/hpc-portal/installed").unlink()
    (node.root / "efs/hpc-portal/installing").write_text("this node")
    (node.world / "web/enginframe-latest.jar").write_bytes(b"another")
    status, output = node.step("70-portal")
    assert status == 70 and "recorded in /efs/hpc-portal/installer.sha256" in output


def portal_on(efs: Path) -> dict[str, str]:
    """Files of the portal on `efs` with their content, but for what names the installing node."""
    return {
        str(path.relative_to(efs)): path.read_text()
        for path in efs.rglob("*")
        if path.is_file() and path.name not in ("installed", "batch-service.published")
    }


def test_of_both_nodes_at_once_one_installs_and_the_other_joins(tmp_path: Path) -> None:
    """One installs, the other waits and joins; a third, in place of a lost one, joins without installing."""
    efs = tmp_path / "efs"
    efs.mkdir()
    nodes = [PortalNode(tmp_path, name, efs) for name in ("ip-10-0-1-10", "ip-10-0-2-10")]
    runs = [node.start("bootstrap.sh") for node in nodes]
    for run in runs:
        output, _ = run.communicate()
        assert run.returncode == 0, output
    assert sum(call.endswith(" installed") for node in nodes for call in node.calls()) == 1
    assert all("host-setup" in node.calls() for node in nodes)
    before = portal_on(efs)
    replacement = PortalNode(tmp_path / "later", "ip-10-0-1-10", efs)
    status, output = replacement.run()
    assert status == 0 and "joining the portal on /efs: EnginFrame 2021.1-r1" in output
    assert portal_on(efs) == before


def test_portal_outlives_its_stack(tmp_path: Path) -> None:
    """Another stack on the same file system, with the snapshot restored: new endpoint and addresses, same password."""
    efs = tmp_path / "efs"
    efs.mkdir()
    assert PortalNode(tmp_path, "ip-10-0-1-10", efs).run()[0] == 0
    conf = efs / "nice/enginframe/conf"
    (conf / "server.conf").write_text("url=jdbc\\:mysql\\://db.cluster-1.eu-west-1.rds.amazonaws.com\\:3306/x\n")
    (conf / "hazelcast.xml").write_text("<members>10.0.1.10:7800, 10.0.2.10:7800</members><!-- 10.0.1.100:7800 -->")
    node = PortalNode(tmp_path, "ip-10-1-1-10", efs, DATABASE_ENDPOINT="db.new", PEERS="10.1.1.10 10.1.2.10 10.1.3.10")
    status, output = node.run()
    assert status == 0 and "pointing the portal at db.new:3306" in output, output
    assert (conf / "server.conf").read_text() == "url=jdbc\\:mysql\\://db.new\\:3306/x\n"
    members = "<members>10.1.1.10:7800,10.1.2.10:7800,10.1.3.10:7800</members><!-- 10.0.1.100:7800 -->"
    assert (conf / "hazelcast.xml").read_text() == members
    assert "ALTER USER" not in (node.world / "sql").read_text()
    assert "pointing" not in node.run()[1]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> PortalNode:
    """A node whose bootstrap was never disturbed."""
    node = PortalNode(tmp_path_factory.mktemp("whole"))
    assert node.run()[0] == 0
    return node


@pytest.mark.parametrize("call", [2, 12, 20, 24, 25, 28, 31, 43])
def test_a_new_node_finishes_what_a_lost_one_began(tmp_path: Path, whole: PortalNode, call: int) -> None:
    """Every process killed at some call of the bootstrap: a new node finishes what the lost one began, and the same."""
    efs = tmp_path / "efs"
    efs.mkdir()
    lost = PortalNode(tmp_path, "ip-10-0-1-10", efs)
    lost.tell("die-at", str(call))
    assert lost.run()[0] == -9
    for node in (PortalNode(tmp_path / "later", "ip-10-0-1-10", efs), lost):
        status, output = node.run()
        assert status == 0, output
    assert portal_on(efs) == portal_on(whole.root / "efs")
