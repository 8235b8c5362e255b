"""`make local` and `make local-down`, as a user runs them: everything comes up, is shown, and goes away again."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from generator.text import archives
from tests.emulator.client import Emulator
from tests.emulator.process import ROOT
from tests.emulator.state import command_of
from tests.support.packages import pin_none

pytestmark = pytest.mark.needs_emulator
ANSWERS = {"PortalAccessCidr": "203.0.113.0/24"}
LIMIT = 180  # seconds


def begin(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the command with a deployment of its own."""
    command = [sys.executable, "-m", "tests.emulator.local", *arguments, "--folder", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """What became of a command."""
    out, err = process.communicate(timeout=LIMIT)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command with a deployment of its own."""
    return ended(begin(folder, *arguments))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a deployment, which is ended whatever happens."""
    yield tmp_path / "local"
    run(tmp_path / "local", "down")


def answers(tmp_path: Path, **more: str) -> str:
    """A parameter file with one answer, and more."""
    path = tmp_path / "answers.json"
    given = {**ANSWERS, **more}.items()
    path.write_text(json.dumps([{"ParameterKey": name, "ParameterValue": answer} for name, answer in given]))
    return str(path)


def emulators(folder: Path) -> list[int]:
    """The emulators that belong to a folder."""
    processes = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [process for process in processes if str(folder / "emulator") in command_of(process)]


def assert_one_sentence(text: str) -> None:
    """Nothing but a sentence was written."""
    assert text.strip().count("\n") == 0 and text.strip().endswith("."), text


# One deployment, which is looked at, tried and deleted


class Site(NamedTuple):
    """What became of the commands on one deployment, in this order, and the emulators that were left."""

    up: subprocess.CompletedProcess[str]
    up_again: subprocess.CompletedProcess[str]
    pasted: subprocess.CompletedProcess[str]
    published: subprocess.CompletedProcess[str]
    interrupted_down: subprocess.CompletedProcess[str]
    down: subprocess.CompletedProcess[str]
    down_again: subprocess.CompletedProcess[str]
    emulators: list[int]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A deployment in Ireland on which the commands that `up` prints are run, and a trial release is published."""
    folder = tmp_path_factory.mktemp("site")
    up = run(folder, "up", "--parameters", answers(folder), "--region", "eu-west-1")
    up_again = run(folder, "up")
    printed = [line for line in up.stdout.splitlines() if line.startswith("  ") and "complete" not in line]
    settings = [line for line in printed if line.split()[0] in ("unset", "export")]
    pasted = shell("set -e", *printed)
    port = json.loads((folder / "state.json").read_text())["port"]
    Emulator(port).publish({}, "trial-bucket", region="eu-west-1")  # makes the bucket
    source = without_packages(folder)
    where = f"--bucket trial-bucket --region eu-west-1 --source {source} --cache {source / '.cache'}"
    published = shell(*settings, f"{sys.executable} -m generator publish {where}")
    delete = begin(folder, "down")
    assert delete.stdout is not None
    delete.stdout.readline()  # the first tier is deleted
    delete.send_signal(signal.SIGINT)
    interrupted_down = ended(delete)
    down, down_again = run(folder, "down"), run(folder, "down")
    yield Site(up, up_again, pasted, published, interrupted_down, down, down_again, emulators(folder))


def without_packages(folder: Path) -> Path:
    """A copy of the sources whose certificate function needs no packages, so that nothing is downloaded."""
    source = folder / "source"
    for part in ("templates", "lambda", "userdata"):
        shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
    pin_none(source)
    requirements = (source / archives.CERTIFICATE_PINS).read_bytes()
    (source / ".cache" / f"certificate-{archives.digest(requirements)[:12]}").mkdir(parents=True)
    return source


def shell(*lines: str) -> subprocess.CompletedProcess[str]:
    """Run lines in the project's folder, in an environment that knows nothing of AWS."""
    as_it_is = 'make() { command make -o .venv/main/bin/python "$@"; }'  # the environment, however old
    environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "AWS_PROFILE": "somebody-elses"}
    command = ["sh", "-c", "\n".join((as_it_is, *lines))]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=LIMIT
    )


def test_up_shows_tiers_and_outputs(site: Site) -> None:
    assert site.up.returncode == 0, site.up.stderr
    for tier in ("Preflight", "Network", "Database", "Cluster", "Portal"):
        assert any(tier in line and "create complete" in line for line in site.up.stdout.splitlines())
    [url] = [line for line in site.up.stdout.splitlines() if line.startswith("EnginFramePortalURL ")]
    assert url.split()[1].startswith("https://")


def test_a_second_up_is_refused_while_the_first_deployment_runs(site: Site) -> None:
    assert site.up_again.returncode == 1 and "runs already, on port" in site.up_again.stderr
    assert_one_sentence(site.up_again.stderr)


def test_what_up_prints_can_be_pasted(site: Site) -> None:
    assert site.pasted.returncode == 0, site.pasted.stderr
    assert "hpc-portal" in site.pasted.stdout and "CREATE_COMPLETE" in site.pasted.stdout


def test_down_deletes_everything_but_what_is_retained(site: Site) -> None:
    left = [line for line in site.down.stdout.splitlines() if line.startswith("left behind")]
    assert left and all(line.endswith("(retained)") for line in left)


def test_a_trial_release_is_no_leftover_of_the_stack(site: Site) -> None:
    assert site.published.returncode == 0, site.published.stderr
    assert site.down.returncode == 0, site.down.stderr
    assert "not made by hpc-portal, and gone with the emulator: AWS::S3::Bucket trial-bucket" in site.down.stdout


def test_an_interrupted_down_is_one_sentence(site: Site) -> None:
    assert site.interrupted_down.returncode == 128 + signal.SIGINT
    assert "the emulator is still up, on port" in site.interrupted_down.stderr
    assert_one_sentence(site.interrupted_down.stderr)


def test_down_ends_the_emulator(site: Site) -> None:
    assert site.emulators == []


def test_a_second_down_has_nothing_to_do(site: Site) -> None:
    assert (site.down_again.returncode, site.down_again.stdout) == (0, "There is no local deployment.\n")


# Two commands at once, and interrupted ones


def wait_for(what: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + LIMIT
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_two_launches_at_once_make_one_deployment_of_as_many_zones_as_asked(folder: Path, tmp_path: Path) -> None:
    options = ("up", "--parameters", answers(tmp_path), "--zones", "3")
    first, second = begin(folder, *options), begin(folder, *options)
    good, refused = sorted((ended(first), ended(second)), key=lambda done: done.returncode)
    assert (good.returncode, refused.returncode) == (0, 1), good.stderr
    # However late the second one begins.
    assert re.search("is being started already: wait for it, or run `make local-down`|runs already", refused.stderr)
    assert_one_sentence(refused.stderr)
    assert "Cluster3Name " in good.stdout
    assert json.loads((folder / "state.json").read_text())["zones"] == 3
    assert len(emulators(folder)) == 1
    down = run(folder, "down")
    assert down.returncode == 0, down.stdout + down.stderr
    assert emulators(folder) == []


def locked(folder: Path) -> bool:
    """Whether the launch has just begun."""
    return (folder / "lock").exists()


def started(folder: Path) -> bool:
    """Whether the emulator has been started."""
    return (folder / "state.json").exists()


def creating(folder: Path) -> bool:
    """Whether the stack is being created, or about to."""
    return started(folder) and json.loads((folder / "state.json").read_text())["before"] is not None


@pytest.mark.parametrize("moment", [locked, started, creating])
def test_an_interrupted_launch_is_one_sentence_and_can_be_deleted(
    folder: Path, tmp_path: Path, moment: Callable[[Path], bool]
) -> None:
    launch = begin(folder, "up", "--parameters", answers(tmp_path))
    wait_for(lambda: moment(folder))
    time.sleep(1 if moment is creating else 0)
    launch.send_signal(signal.SIGINT)
    up = ended(launch)
    assert up.returncode == 128 + signal.SIGINT
    # The launch may have got further when the signal comes.
    told = "run `make local-down`." if emulators(folder) else "Interrupted: no emulator is running."
    assert told in up.stderr
    assert_one_sentence(up.stderr)
    down = run(folder, "down")
    assert down.returncode == 0, down.stdout + down.stderr
    assert emulators(folder) == []


def test_a_deployment_can_be_deleted_while_it_is_launched(folder: Path, tmp_path: Path) -> None:
    launch = begin(folder, "up", "--parameters", answers(tmp_path))
    wait_for(lambda: creating(folder))
    down = run(folder, "down")
    assert down.returncode == 0, down.stdout + down.stderr
    up = ended(launch)  # by the deletion, unless it has been quicker
    assert up.returncode in (0, 128 + signal.SIGTERM) and "Traceback" not in up.stderr
    assert emulators(folder) == []


# What goes wrong


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"PortalAccessCidr": "everywhere"}, "CloudFormation refuses the launch: Parameter 'PortalAccessCidr'"),
        ({"HeadNodeInstanceType": "x99.large"}, "PreflightStack/"),
    ],
)
def test_a_failure_is_one_cause_in_words(folder: Path, tmp_path: Path, more: dict[str, str], complaint: str) -> None:
    up = run(folder, "up", "--parameters", answers(tmp_path, **more))
    assert up.returncode == 1 and complaint in up.stderr and "Traceback" not in up.stderr


def test_an_emulator_that_has_died_is_forgotten(folder: Path, tmp_path: Path) -> None:
    launch = begin(folder, "up", "--parameters", answers(tmp_path))
    wait_for(lambda: started(folder))
    os.killpg(json.loads((folder / "state.json").read_text())["group"], signal.SIGKILL)
    assert ended(launch).returncode == 1
    assert run(folder, "down").returncode == 0


def test_a_port_in_use_is_one_sentence(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        up = run(folder, "up", "--port", str(port))
    assert up.returncode == 1 and f"Port {port} cannot be used (Address already in use): choose another" in up.stderr
    assert_one_sentence(up.stderr)


@pytest.mark.parametrize(
    ("options", "status", "complaint"),
    [
        (("--port", "70000"), 2, "70000 is no port: choose a number from 1 to 65535"),
        (("--region", "xx-1"), 1, "xx-1 is no supported region: choose from af-south-1, "),
        (("--zones", "9"), 1, "--zones 9 is out of range: choose 2 to "),
        (("--parameters", "/nowhere/answers.json"), 1, "/nowhere/answers.json"),
        (("--parameters", "Makefile"), 1, "Makefile"),
    ],
)
def test_a_wrong_option_is_one_sentence(folder: Path, options: tuple[str, ...], status: int, complaint: str) -> None:
    up = run(folder, "up", *options)
    assert up.returncode == status and complaint in up.stderr and "Errno" not in up.stderr
    assert up.stderr.count("\n") == 1
    assert not started(folder)
