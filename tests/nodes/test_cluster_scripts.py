"""The cluster's node scripts, run for real on a node of stand-ins (cluster_node.py)."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.cluster_node import CLUSTER, PROJECT, SCRIPTS, SECRETS, Node


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


# -- all of them ------------------------------------------------------------------------------------------------------


def test_shellcheck_accepts_every_packed_script(node: Node) -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"
    packed = [node.folder / "scripts" / name for name in SCRIPTS]
    done = subprocess.run([shellcheck, *packed], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_packed_script_is_whole_and_plain(name: str) -> None:
    """One first line, the common part once, and nothing that it would have to find beside it."""
    lines = SCRIPTS[name].decode().splitlines()
    assert lines[0] == "#!/bin/bash" and lines.count("#!/bin/bash") == 1
    assert lines.count("set -euo pipefail") == lines.count("fail() {") == 1
    assert not [line for line in lines if line.startswith((". ", "source "))]
    assert [line for line in lines if re.match(rf"readonly script={re.escape(name)}( |$)", line)]
    assert not [
        line for line in lines if "\t" in line or line != line.rstrip() or len(line) > 120 or not line.isascii()
    ]


def test_a_script_runs_from_the_sources_as_well() -> None:
    script = PROJECT / "userdata" / "cluster" / "directory.sh"
    done = subprocess.run(["bash", script, "given"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def gone(process: Path) -> bool:
    """Whether the process of that /proc folder ends within a minute."""
    for _ in range(1200):
        try:
            if "State:\tZ" in (process / "status").read_text():  # dead, and only its parent has not asked yet
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


# -- publish.sh -------------------------------------------------------------------------------------------------------


def test_publication_tells_a_portal_node_what_it_needs(node: Node) -> None:
    done = node.publish()
    assert done.returncode == 0, done.stdout + done.stderr
    ready = node.published()
    assert ready is not None
    assert ready | {"CONFIG": "", "SHA256": ""} == {
        "CLUSTER": CLUSTER,
        "SLURM_VERSION": "25.11.8",
        "HEAD_NODE": "10.0.1.23",
        "ACCOUNTING": "yes",
        "JOB_OUTPUT": f"slurm-{CLUSTER}-%j.out",
        "CONFIG": "",
        "SHA256": "",
    }
    assert (node.home / "current").readlink() == Path(ready["CONFIG"])
    assert "published as" in (node.folder / "syslog").read_text()


def test_the_client_configuration_is_the_head_nodes_with_an_address_and_short_time_outs(node: Node) -> None:
    node.publish()
    lines = (node.home / "current" / "slurm.conf").read_text().splitlines()
    assert [line for line in lines if line.startswith("NodeName=")] == [
        "NodeName=on-demand-dy-c6i-2xlarge-[1-10] CPUs=8 State=CLOUD Feature=dynamic",
        "NodeName=on-demand-dy-c6i-4xlarge-[1-10] CPUs=16 State=CLOUD Feature=dynamic",
    ]
    for setting in (
        f"ClusterName={CLUSTER}",
        "SlurmctldHost=ip-10-0-1-23(10.0.1.23)",
        "SlurmctldPort=6820-6829",
        "AuthType=auth/munge",
        "AccountingStorageType=accounting_storage/slurmdbd",
        "AccountingStorageHost=10.0.1.23",
        "MessageTimeout=2",
        "TCPTimeout=1",
        "SchedulerParameters=nohold_on_prolog_fail,bf_continue",
        "CliFilterPlugins=cli_filter/lua",
    ):
        assert [line for line in lines if line.split("=")[0] == setting.split("=")[0]] == [setting]
    assert not [line for line in lines if line.lower().startswith("include")]


def test_no_secret_is_published(node: Node) -> None:
    node.publish()
    everything = "\n".join(path.read_text() for path in node.efs.rglob("*") if path.is_file())
    assert not [secret for secret in SECRETS if secret in everything]
    assert not re.search("slurmdbd.conf|jwt|Pass=", everything, re.IGNORECASE)


def test_job_output_carries_the_clusters_name(node: Node) -> None:
    node.publish()
    lua = (node.home / "current" / "cli_filter.lua").read_text()
    assert f'"slurm-{CLUSTER}-%j.out"' in lua
    assert f'"slurm-{CLUSTER}-%A_%a.out"' in lua


def test_without_the_lua_plugin_sbatch_is_left_alone(node: Node) -> None:
    (node.folder / "plugins" / "cli_filter_lua.so").unlink()
    node.publish()
    assert "CliFilter" not in (node.home / "current" / "slurm.conf").read_text()
    assert not (node.home / "current" / "cli_filter.lua").exists()


def test_a_cluster_keeps_the_filter_that_it_was_given(node: Node) -> None:
    node.configure("pcluster/custom_slurm_settings_include_file_slurm.conf", "CliFilterPlugins=lua\n")
    node.configure("cli_filter.lua", "-- the engineer's own\n")
    node.publish()
    assert (node.home / "current" / "slurm.conf").read_text().count("CliFilterPlugins=") == 1
    assert (node.home / "current" / "cli_filter.lua").read_text() == "-- the engineer's own\n"


def test_a_filter_that_is_not_lua_is_not_joined_by_ours(node: Node) -> None:
    node.configure("pcluster/custom_slurm_settings_include_file_slurm.conf", "CliFilterPlugins=syslog\n")
    node.publish()
    assert (node.home / "current" / "slurm.conf").read_text().count("CliFilterPlugins=") == 1
    assert not (node.home / "current" / "cli_filter.lua").exists()


def test_without_accounting_no_host_is_named(node: Node) -> None:
    node.configure("slurm_parallelcluster.conf", "SlurmctldHost=ip-10-0-1-23(10.0.1.23)\n")
    node.publish()
    ready = node.published()
    assert ready is not None
    assert ready["ACCOUNTING"] == "no"
    assert "AccountingStorage" not in (node.home / "current" / "slurm.conf").read_text()


def test_a_second_run_touches_nothing(node: Node) -> None:
    node.publish()
    before = node.snapshot()
    done = node.publish()
    assert done.returncode == 0
    assert "published already" in done.stdout
    assert node.snapshot() == before


def test_a_change_keeps_the_state_before_and_no_older_one(node: Node) -> None:
    names = []
    for nodes in (10, 20, 30):
        changed = f"PartitionName=on-demand Nodes=on-demand-dy-c6i-2xlarge-[1-{nodes}]\n"
        node.configure("pcluster/slurm_parallelcluster_on-demand_partition.conf", changed)
        node.publish()
        ready = node.published()
        assert ready is not None
        names.append(ready["CONFIG"])
    assert len(set(names)) == 3
    assert {path.name for path in node.home.glob("config-*")} == set(names[1:])
    assert "[1-30]" in (node.home / "current" / "slurm.conf").read_text()


@pytest.mark.parametrize("first", [True, False], ids=["first publication", "a change"])
@pytest.mark.parametrize(("command", "call"), [("cp", 1), ("mv", 2), ("ln", 1), ("mv", 3), ("cp", 2), ("mv", 4)])
def test_broken_off_anywhere_it_leaves_the_old_state_and_the_next_run_ends(
    node: Node, command: str, call: int, first: bool
) -> None:
    old = None
    if not first:
        node.publish()
        old = node.published()
        node.configure("pcluster/custom_slurm_settings_include_file_slurm.conf", "SchedulerParameters=changed\n")
    node.stand_in(
        command,
        f'echo x >>"$NODE/calls"; [ "$(wc -l <"$NODE/calls")" != {call} ] || exit 1; exec "$REAL/{command}" "$@"',
    )
    broken = node.publish()
    assert broken.returncode == 1
    assert "could not publish" in broken.stderr
    assert node.published() == old
    (node.bin / command).unlink()
    assert node.publish().returncode == 0
    assert node.published() not in (None, old)
    assert not [path.name for path in node.home.iterdir() if path.name.startswith(".")]


def test_what_was_damaged_is_published_anew(node: Node) -> None:
    node.publish()
    (node.home / "current" / "slurm.conf").write_text("half")
    assert node.publish().returncode == 0
    assert node.published()


@pytest.mark.parametrize("hanging", ["mountpoint", "cp", "mv"])
def test_an_efs_that_hangs_is_a_failure_and_leaves_nothing_running(node: Node, hanging: str) -> None:
    """A file system that hangs is played by a command that ignores being asked to end."""
    local = 'case "$*" in *"$NODE/tmp"*) exec "$REAL/mv" "$@" ;; esac; ' if hanging == "mv" else ""
    node.stand_in(hanging, f"""{local}trap "" TERM; echo $$ >"$NODE/hanging"; exec /bin/sleep 1000""")
    done = node.publish(seconds=1)
    assert done.returncode == 1
    assert "did not answer within 1 seconds" in done.stderr
    assert node.published() is None
    assert gone(Path("/proc", (node.folder / "hanging").read_text().strip()))
    assert not list((node.folder / "tmp").iterdir())


def test_without_efs_nothing_is_written_to_the_folder_below_the_mount(node: Node) -> None:
    (node.folder / "unmounted").touch()
    done = node.publish()
    assert done.returncode == 1
    assert "is not mounted" in done.stderr
    assert not list(node.efs.iterdir())


def test_a_folder_that_somebody_else_planted_is_refused(node: Node, tmp_path: Path) -> None:
    (tmp_path / "trap").mkdir()
    (node.efs / "slurm").symlink_to(tmp_path / "trap")
    done = node.publish()
    assert done.returncode == 1
    assert "belongs to another user" in done.stderr
    assert not [path for path in (tmp_path / "trap").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ClusterName=../../root\nSlurmctldHost=a(10.0.0.1)\n", "no usable ClusterName"),
        (f"ClusterName={CLUSTER}\nSlurmctldHost=nowhere.invalid\n", "no address of the controller"),
        (f"ClusterName={CLUSTER}\ninclude missing.conf\n", "cannot be read"),
    ],
    ids=["name", "address", "include"],
)
def test_a_configuration_that_cannot_be_used_is_a_sentence(node: Node, text: str, sentence: str) -> None:
    node.configure("slurm.conf", text)
    done = node.publish()
    assert done.returncode == 1
    assert sentence in done.stderr
    assert not list(node.efs.iterdir())


@pytest.mark.parametrize(
    ("state", "sentence"),
    [("DOWN", "slurmctld does not answer to the configuration"), ("", "slurmctld does not answer: see its log")],
    ids=["only to the head node", "at all"],
)
def test_a_configuration_that_slurmctld_does_not_answer_to_is_not_published(
    node: Node, state: str, sentence: str
) -> None:
    (node.folder / "slurmctld").write_text(state)
    done = node.publish()
    assert done.returncode == 1
    assert sentence in done.stderr
    assert not list(node.efs.iterdir())


# -- operator.sh ------------------------------------------------------------------------------------------------------


def changes(node: Node) -> list[str]:
    calls = (node.folder / "sacctmgr.calls").read_text().splitlines()
    return [call.split("--quiet ")[1] for call in calls if "--immediate" in call]


def test_the_administrator_becomes_an_operator_once(node: Node) -> None:
    for _ in range(2):
        done = node.run("operator.sh", "efadmin", str(node.etc))
        assert done.returncode == 0, done.stdout + done.stderr
    assert changes(node) == [
        f"add user efadmin cluster={CLUSTER} account=pcdefault",
        "modify user efadmin set adminlevel=Operator",
    ]


def test_without_accounting_there_is_nobody_to_make(node: Node) -> None:
    node.configure("slurm_parallelcluster.conf", "SlurmctldHost=ip-10-0-1-23(10.0.1.23)\n")
    assert node.run("operator.sh", "efadmin", str(node.etc)).returncode == 0
    assert not (node.folder / "sacctmgr.calls").exists()


def test_without_slurmdbd_it_fails_with_a_sentence(node: Node) -> None:
    (node.folder / "slurmdbd-down").touch()
    done = node.run("operator.sh", "efadmin", str(node.etc))
    assert done.returncode == 1
    assert "could not be made a Slurm operator" in done.stderr


# -- directory.sh -----------------------------------------------------------------------------------------------------


def directory_files(node: Node) -> list[Path]:
    """What ParallelCluster leaves of a directory on a head node."""
    root = node.folder / "root"
    shared = [root / f"opt/parallelcluster/{name}/directory_service" for name in ("shared", "shared_login_nodes")]
    caches = [root / "var/lib/sss/db/cache_default.ldb", root / "var/lib/sss/mc/passwd"]
    found = [root / "etc/sssd/sssd.conf", *caches, *(s / "sssd.conf" for s in shared)]
    for path in found:
        path.parent.mkdir(parents=True)
        path.write_text("ldap_default_authtok = secret\n")
    return found


def test_a_directory_that_is_given_stays(node: Node) -> None:
    files = directory_files(node)
    assert node.run("directory.sh", "given", str(node.folder / "root")).returncode == 0
    assert all(path.exists() for path in files) and not (node.folder / "systemctl.calls").exists()


def test_a_directory_that_is_given_up_leaves_nothing_and_once(node: Node) -> None:
    files = directory_files(node)
    for _ in range(2):
        done = node.run("directory.sh", "none", str(node.folder / "root"))
        assert done.returncode == 0, done.stdout + done.stderr
    assert not any(path.exists() for path in files)
    assert (node.folder / "systemctl.calls").read_text() == "systemctl stop sssd.service\n"


def test_an_sssd_that_is_not_parallelclusters_stays(node: Node) -> None:
    conf = node.folder / "root/etc/sssd/sssd.conf"
    conf.parent.mkdir(parents=True)
    conf.touch()
    assert node.run("directory.sh", "none", str(node.folder / "root")).returncode == 0
    assert conf.exists() and not (node.folder / "systemctl.calls").exists()


def test_an_sssd_that_does_not_stop_is_said_and_tried_again(node: Node) -> None:
    files = directory_files(node)
    (node.folder / "stuck").touch()
    done = node.run("directory.sh", "none", str(node.folder / "root"))
    assert done.returncode == 1 and "sssd could not be stopped: see systemctl status sssd." in done.stderr
    assert all(path.exists() for path in files)
    (node.folder / "stuck").unlink()
    assert node.run("directory.sh", "none", str(node.folder / "root")).returncode == 0
    assert not any(path.exists() for path in files)


def test_what_it_is_not_told_it_does_not_guess(node: Node) -> None:
    files = directory_files(node)
    done = node.run("directory.sh", "no", str(node.folder / "root"))
    assert done.returncode == 1 and "usage: directory.sh given|none, not 'no'." in done.stderr
    assert all(path.exists() for path in files)


# -- accounts.sh ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "home"), [("head", "--create-home"), ("compute", "--no-create-home")])
def test_accounts_are_made_once_with_home_directories_on_the_head_node(node: Node, kind: str, home: str) -> None:
    """Users by hand may be among them: each account is a group and a user, made once."""
    for _ in range(2):
        done = node.run("accounts.sh", kind)
        assert done.returncode == 0, done.stdout + done.stderr
    calls = (node.folder / "accounts.calls").read_text().splitlines()
    assert len(calls) == len(set(calls))
    assert {call for call in calls if "efadmin" in call or "efnobody" in call} == {
        "groupadd --gid 5001 efadmin",
        f"useradd --uid 5001 --gid 5001 --shell /bin/bash {home} efadmin",
        "groupadd --gid 5002 efnobody",
        f"useradd --uid 5002 --gid 5002 --shell /sbin/nologin {home} efnobody",
    }
    assert all(home in call for call in calls if call.startswith("useradd"))


@pytest.mark.parametrize(
    ("file", "entry", "sentence"),
    [
        (
            "passwd",
            "efadmin:x:1005:1005::/home/efadmin:/bin/bash",
            "account efadmin exists on this image with other ids",
        ),
        ("passwd", "other:x:5001:5001::/home/other:/bin/bash", "belongs to other on this image"),
        ("group", "efadmin:x:1005:", "group efadmin exists on this image with another gid"),
        ("group", "other:x:5001:", "belongs to other on this image"),
    ],
)
def test_an_image_with_other_accounts_is_refused_in_a_sentence(
    node: Node, file: str, entry: str, sentence: str
) -> None:
    with (node.folder / file).open("a") as accounts:
        accounts.write(f"{entry}\n")
    done = node.run("accounts.sh", "compute")
    assert done.returncode == 1
    assert sentence in done.stderr


def test_accounts_have_the_same_numbers_on_portal_and_clusters() -> None:
    made = {
        folder: {
            match.groups()
            for path in sorted((PROJECT / "userdata" / folder).rglob("*.sh"))
            for match in re.finditer(r"^account (\w+) (\d+) ", path.read_text(), re.MULTILINE)
        }
        for folder in ("cluster", "portal")
    }
    assert made["cluster"] == made["portal"] >= {("efadmin", "5001"), ("efnobody", "5002")}


# -- services.sh ------------------------------------------------------------------------------------------------------


def test_slurms_daemons_are_started_again(node: Node, tmp_path: Path) -> None:
    """systemd hears of it once; slurmctld waits for slurmdbd; a second run writes nothing."""
    node.stand_in("systemctl", 'echo "$*" >>"$NODE/systemctl.calls"')
    units = tmp_path / "units"
    for _ in range(2):
        done = node.run("services.sh", str(units))
        assert done.returncode == 0, done.stderr
    assert (node.folder / "systemctl.calls").read_text() == "daemon-reload\n"
    controller = (units / "slurmctld.service.d/hpc-portal.conf").read_text()
    assert "After=slurmdbd.service" in controller
    for unit in units.iterdir():
        assert "Restart=on-failure" in (unit / "hpc-portal.conf").read_text()
    assert len(list(units.rglob("*"))) == 4


def test_services_say_what_failed(node: Node, tmp_path: Path) -> None:
    node.stand_in("systemctl", "exit 1")
    done = node.run("services.sh", str(tmp_path / "units"))
    assert done.returncode == 1 and "systemd did not read its units again" in done.stderr
    (tmp_path / "taken").write_text("")
    done = node.run("services.sh", str(tmp_path / "taken"))
    assert done.returncode == 1 and "could not be written: see whether the disk is full" in done.stderr


# -- users.sh ---------------------------------------------------------------------------------------------------------


def users(node: Node, task: str) -> subprocess.CompletedProcess[str]:
    """One run, on a root file system of the test's."""
    node.stand_in("squeue", 'cat "$NODE/queue"')
    node.stand_in("scontrol", 'echo "$*" >>"$NODE/scontrol.calls"')
    node.stand_in("systemctl", 'echo "$*" >>"$NODE/systemctl.calls"')
    return node.run("users.sh", task, str(node.efs), str(node.etc), HPC_PORTAL_ROOT=str(node.folder / "root"))


def test_jobs_of_unknown_users_are_held_and_released(node: Node) -> None:
    """Held once, told once, released when the account is there; other jobs are left alone."""
    node.home.mkdir(parents=True)
    (node.folder / "queue").write_text("7 6001\n8 0\n9 6001\n")
    for _ in range(2):
        assert users(node, "check").returncode == 0
    calls = node.folder / "scontrol.calls"
    assert calls.read_text().splitlines() == ["hold 7", "hold 9"]
    [told] = (node.home / "TROUBLE").read_text().splitlines()
    assert "does not know the user with uid 6001 and holds job(s) 7 9: make the account" in told
    assert (node.folder / "syslog").read_text().count("6001") == 1
    with (node.folder / "passwd").open("a") as accounts:
        accounts.write("ghost:x:6001:6001::/home/ghost:/bin/bash\n")
    assert "releasing job 7" in users(node, "check").stdout
    assert calls.read_text().splitlines()[2:] == ["release 7", "release 9"]
    assert not (node.home / "TROUBLE").exists()
    users(node, "check")
    assert len(calls.read_text().splitlines()) == 4


def test_a_held_job_that_has_gone_is_forgotten(node: Node) -> None:
    node.home.mkdir(parents=True)
    (node.folder / "queue").write_text("7 6001\n")
    users(node, "check")
    (node.folder / "queue").write_text("")
    users(node, "check")
    assert (node.folder / "scontrol.calls").read_text() == "hold 7\n"
    assert not (node.home / "TROUBLE").exists() and not (node.folder / "root/var/lib/hpc-portal/held").read_text()


def test_a_controller_that_is_down_is_nothing_to_tell(node: Node) -> None:
    node.home.mkdir(parents=True)
    done = users(node, "check")  # without a queue the stand-in of squeue fails
    assert done.returncode == 0 and not (node.home / "TROUBLE").exists()


def test_the_check_installs_itself_once(node: Node) -> None:
    """What systemd runs is this very script, with the folders it was given."""
    for _ in range(2):
        done = users(node, "install")
        assert done.returncode == 0, done.stderr
    root = node.folder / "root"
    program = root / "usr/local/sbin/hpc-portal-users"
    assert program.read_bytes() == SCRIPTS["users.sh"] and program.stat().st_mode & 0o777 == 0o755
    service = (root / "etc/systemd/system/hpc-portal-users.service").read_text()
    assert f"ExecStart={program} check {node.efs} {node.etc}\n" in service
    calls = (node.folder / "systemctl.calls").read_text().splitlines()
    assert calls.count("daemon-reload") == 1 and calls.count("enable --quiet --now hpc-portal-users.timer") == 2


def test_users_wants_to_know_what_to_do(node: Node) -> None:
    done = users(node, "look")
    assert done.returncode == 1 and "install|check" in done.stderr
