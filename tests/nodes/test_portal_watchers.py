"""The portal nodes' timers: the watch over published clusters, the watchdog, and Tomcat's keep-alive edit."""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.portal_node import PROJECT, PortalNode

CONF = "efs/nice/enginframe/conf/plugins/slurm/ef.slurm.conf"


@pytest.fixture
def node(tmp_path: Path) -> PortalNode:
    """A node with an installed portal, as far as the timers look."""
    node = PortalNode(tmp_path)
    conf = node.root / CONF
    conf.parent.mkdir(parents=True)
    conf.write_text('# the vendor\'s\nSLURM_BINDIR="/usr/bin"\nSLURM_CLUSTER_LABEL="one"\n')
    for path in ("efs/hpc-portal/installed", "var/lib/hpc-portal/started"):
        (node.root / path).parent.mkdir(parents=True, exist_ok=True)
        (node.root / path).touch()
    return node


def publish(node: PortalNode, cluster: str, version: str = "25.11.8", text: str = "ClusterName=x\n") -> Path:
    """What a head node publishes (userdata/cluster/publish.sh says how); returns the cluster's folder."""
    sums = f"{hashlib.sha256(text.encode()).hexdigest()}  slurm.conf\n"
    digest = hashlib.sha256(sums.encode()).hexdigest()
    home = node.root / "efs/slurm" / cluster
    folder = home / f"config-{digest[:12]}"
    folder.mkdir(parents=True)
    (folder / "slurm.conf").write_text(text)
    (folder / "SHA256SUMS").write_text(sums)
    (home / "current").unlink(missing_ok=True)
    (home / "current").symlink_to(folder.name)
    (home / "READY").write_text(f"CLUSTER={cluster}\nSLURM_VERSION={version}\nCONFIG={folder.name}\nSHA256={digest}\n")
    return home


def test_both_ends_know_the_same_keys() -> None:
    """What the watch reads of READY is what head nodes write."""
    read = set(
        re.findall(
            r"\(ready ([A-Z0-9_]+)\)", (PROJECT / "userdata/portal/flavors/enginframe/watch-clusters.sh").read_text()
        )
    )
    written = set(re.findall(r'"([A-Z0-9_]+)=\$', (PROJECT / "userdata/cluster/publish.sh").read_text()))
    assert read and read <= written


def watch(node: PortalNode) -> str:
    """One run of the watch: what it says."""
    status, output = node.run("flavors/enginframe/watch-clusters.sh")
    assert status == 0, output
    return output


def test_clusters_appear_and_go(node: PortalNode) -> None:
    """Listed as soon as published, gone when withdrawn; the vendor's own lines stay; silent while nothing changes."""
    publish(node, "hpc-1a2b3c4d-az1")
    second = publish(node, "hpc-1a2b3c4d-az2")
    output = watch(node)
    assert "now lists: HPC_1A2B3C4D_AZ1,HPC_1A2B3C4D_AZ2" in output and "az1 answers" in output
    conf = node.read(CONF)
    assert conf.startswith('# the vendor\'s\nSLURM_BINDIR="/usr/bin"\n# BEGIN clusters')
    assert 'SLURM_CLUSTER_HPC_1A2B3C4D_AZ2_CONF="/efs/slurm/hpc-1a2b3c4d-az2/current/slurm.conf"' in conf
    assert 'SLURM_CLUSTER_HPC_1A2B3C4D_AZ1_LABEL="hpc-1a2b3c4d-az1"' in conf and "SLURM_CLUSTER_LABEL=" not in conf
    before = (node.root / CONF).stat()
    assert watch(node) == "" and (node.root / CONF).stat() == before
    shutil.rmtree(second)
    assert "now lists: HPC_1A2B3C4D_AZ1\n" in watch(node)
    assert "AZ2" not in node.read(CONF)


def test_shell_reads_the_list(node: PortalNode) -> None:
    """EnginFrame sources the file."""
    publish(node, "hpc-1a2b3c4d-az1")
    watch(node)
    script = f'. "{node.root / CONF}" && echo "$SLURM_CLUSTER_IDS $SLURM_CLUSTER_HPC_1A2B3C4D_AZ1_CONF $SLURM_BINDIR"'
    result = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True)
    assert result.stdout == "HPC_1A2B3C4D_AZ1 /efs/slurm/hpc-1a2b3c4d-az1/current/slurm.conf /opt/slurm/bin\n"


def test_half_written_publications_are_not_offered(node: PortalNode) -> None:
    """No READY, another checksum, a damaged file, a link to somewhere else: said, and left out."""
    (publish(node, "unready") / "READY").unlink()
    home = publish(node, "damaged")
    next(home.glob("config-*/slurm.conf")).write_text("ClusterName=evil\n")
    home = publish(node, "mixed")
    (home / "READY").write_text((home / "READY").read_text().replace("SHA256=", "SHA256=0"))
    home = publish(node, "foreign")
    home.rename(node.root / "elsewhere")
    home.symlink_to(node.root / "elsewhere")
    publish(node, "good")
    output = watch(node)
    assert "cluster unready is not offered: its publication has no READY yet" in output
    assert "cluster damaged is not offered: its publication is damaged" in output
    assert "cluster mixed is not offered: its publication is half-written or damaged" in output
    assert "cluster foreign is not offered: its folder is not root's own" in output
    assert 'SLURM_CLUSTER_IDS="GOOD"' in node.read(CONF)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("slurm_load_jobs error: Protocol authentication error", "its munge key is another, or the clocks differ"),
        ("error: Munge decode failed: Rewound credential", "their clocks differ by more than 5 minutes"),
        ("error: If munged is up, restart with --num-threads=10", "munged on this node does not answer"),
        ("slurm_load_jobs error: Unable to contact slurm controller", "does not answer (its zone or its head node"),
    ],
)
def test_what_a_cluster_says_is_reported_once(node: PortalNode, error: str, sentence: str) -> None:
    """A cluster that refuses this node stays listed (it may come back) and is reported when its state changes."""
    publish(node, "hpc-az1")
    node.tell("squeue-error", error)
    assert sentence in watch(node)
    assert watch(node) == ""
    (node.world / "squeue-error").unlink()
    assert "cluster hpc-az1 answers" in watch(node)


def test_older_cluster_is_reported(node: PortalNode) -> None:
    """Slurm's clients may be older than their controller, not newer."""
    publish(node, "old", version="24.05.8")
    publish(node, "new", version="26.05.1")
    output = watch(node)
    assert "cluster old ERROR: runs Slurm 24.05.8, older than this node's 25.11.8" in output
    assert "cluster new answers" in output


def test_what_a_head_node_has_to_say_is_passed_on(node: PortalNode) -> None:
    """Once, and once more when it is over."""
    home = publish(node, "one")
    (home / "TROUBLE").write_text("it does not know the user with uid 6001\n")
    assert "cluster one ERROR: it does not know the user with uid 6001" in watch(node)
    assert watch(node) == ""
    (home / "TROUBLE").unlink()
    assert "ERROR" not in watch(node)


def dog(node: PortalNode, times: int = 1) -> str:
    """Runs the watchdog some times: all it says."""
    output = ""
    for _ in range(times):
        status, said = node.run("flavors/enginframe/watchdog.sh")
        assert status == 0, said
        output += said
    return output


def reachable(node: PortalNode) -> None:
    """A database that takes connections: the watchdog asks through bash, by way of `timeout`."""
    stub = node.stubs / "timeout"
    stub.write_text('#!/bin/bash\n[[ "$*" != *"/dev/tcp"* ]] || exit 0\nexec /usr/bin/timeout "$@"\n')
    stub.chmod(0o755)


def test_watchdog_restarts_a_mute_portal(node: PortalNode) -> None:
    """After three minutes without an answer, then every ten; an answer ends the count."""
    reachable(node)
    assert "restarting" not in dog(node, 2)
    assert "restarting EnginFrame" in dog(node)
    assert node.calls().count("systemctl restart enginframe.service") == 1
    dog(node, 9)
    assert node.calls().count("systemctl restart enginframe.service") == 1
    dog(node)
    assert node.calls().count("systemctl restart enginframe.service") == 2
    node.tell("http-127.0.0.1", "302")
    assert "answers again (302)" in dog(node)
    assert dog(node) == ""


def test_watchdog_gives_a_node_up_only_for_a_fault_of_its_own(node: PortalNode) -> None:
    """Half an hour of restarts is not enough: another node must answer."""
    reachable(node)
    (node.root / "run/hpc-portal").mkdir(parents=True)
    failures = node.root / "run/hpc-portal/watchdog.failures"
    failures.write_text("32")
    assert "restarting EnginFrame" in dog(node)
    failures.write_text("42")
    node.tell("http-10.0.2.10", "200")
    assert "10.0.2.10 answers and this node has not for 43 minutes" in dog(node)
    health = [call for call in node.calls() if "set-instance-health" in call]
    assert health == ["aws autoscaling set-instance-health --instance-id i-0123456789abcdef0 --health-status Unhealthy"]


def test_watchdog_hears_a_silent_agent(node: PortalNode) -> None:
    """The start page answers without the agent. Where it was never heard, its silence means nothing."""
    stub = node.stubs / "timeout"
    agent = '[[ "$*" != *"127.0.0.1/9999"* ]] || exit "$(cat "$WORLD/agent")"'
    stub.write_text(f'#!/bin/bash\n{agent}\n[[ "$*" != *"/dev/tcp"* ]] || exit 0\nexec /usr/bin/timeout "$@"\n')
    stub.chmod(0o755)
    node.tell("http-127.0.0.1", "200")
    node.tell("agent", "1")
    assert dog(node, 3) == ""
    node.tell("agent", "0")
    assert dog(node) == ""
    node.tell("agent", "1")
    said = dog(node, 3)
    assert "HTTP 200, but its agent is silent" in said and "restarting EnginFrame" in said


def test_dead_lustre_is_taken_off(node: PortalNode) -> None:
    """What is mounted and does not answer, by force; not what answers, nor what waits for its first use."""
    (node.root / "proc").mkdir()
    mounts = [f"systemd-1 {node.root}/fsx_cluster{zone} autofs rw 0 0" for zone in "123"]
    mounts += [f"fs-{zone} {node.root}/fsx_cluster{zone} lustre rw 0 0" for zone in "12"]
    (node.root / "proc/mounts").write_text("\n".join(mounts) + "\n")
    for zone in "123":
        (node.root / f"fsx_cluster{zone}").mkdir()
    hang, remember = "[[ $2 != *fsx_cluster1 ]] || exec /bin/sleep 60", 'echo "$*" >> "$WORLD/off"'
    for name, script in {"stat": hang, "umount": remember}.items():
        (node.stubs / name).write_text(f"#!/bin/bash\n{script}\n")
        (node.stubs / name).chmod(0o755)
    process = node.start("watch-lustre.sh", "3")
    output, _ = process.communicate()
    assert process.returncode == 0 and "/fsx_cluster1 does not answer" in output and "cluster2" not in output
    assert (node.world / "off").read_text() == f"--force --lazy {node.root}/fsx_cluster1\n"


@pytest.mark.parametrize("away", ["EFS", "database"])
def test_watchdog_leaves_what_it_cannot_help(node: PortalNode, away: str) -> None:
    """With /efs or the database away a restart would only add to the trouble."""
    if away == "EFS":
        reachable(node)
        (node.stubs / "stat").write_text("#!/bin/bash\nexit 124\n")
        (node.stubs / "stat").chmod(0o755)
    else:
        node.configure(DATABASE_ENDPOINT="127.0.0.1", DATABASE_PORT="1")
    assert "does not answer: a restart would not help" in dog(node, 3)
    assert not [call for call in node.calls() if "restart" in call or "health" in call]


def keep_alive(text: str) -> tuple[int, str]:
    """Exit status and output of keepalive.py for port 8443."""
    script = PROJECT / "userdata/portal/flavors/enginframe/keepalive.py"
    result = subprocess.run(
        [sys.executable, script, "8443", "75000"], input=text, capture_output=True, text=True, check=False
    )
    return result.returncode, result.stdout


def test_keep_alive_changes_one_connector() -> None:
    """That of the port, whatever its attributes' order and quotes; not others, nor one in a comment; once."""
    text = """<Server port="8005"><!-- <Connector port="8443"/> -->
  <Connector port='8443' protocol="HTTP/1.1"
             keepAliveTimeout="20000" SSLEnabled="true"/>
  <Connector redirectPort="8443" port="8009"/>
</Server>"""
    status, once = keep_alive(text)
    assert status == 0 and once.count("75000") == 1
    assert """<Connector keepAliveTimeout="75000" port='8443' protocol="HTTP/1.1" SSLEnabled="true"/>""" in once
    assert '<!-- <Connector port="8443"/> -->' in once and '<Connector redirectPort="8443" port="8009"/>' in once
    assert keep_alive(once) == (0, once)


def test_keep_alive_without_connector_is_a_failure() -> None:
    """So that the node can say that it did not set it."""
    assert keep_alive('<Connector port="8080"/>')[0] == 1
