"""`make local` and `make local-down`, as a user runs them: everything comes up, is shown, and goes away again."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ANSWERS = [{"ParameterKey": "PortalAccessCidr", "ParameterValue": "203.0.113.0/24"}]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command with a deployment of its own."""
    command = [sys.executable, "-m", "tests.emulator.local", *arguments, "--folder", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a deployment, which is ended whatever happens."""
    yield tmp_path / "local"
    run(tmp_path / "local", "down")


def answers(tmp_path: Path, **more: str) -> str:
    """A parameter file with one answer, and more."""
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(ANSWERS + [{"ParameterKey": k, "ParameterValue": v} for k, v in more.items()]))
    return str(path)


def test_up_shows_tiers_and_outputs_and_down_leaves_nothing_but_what_is_retained(folder: Path, tmp_path: Path) -> None:
    up = run(folder, "up", "--parameters", answers(tmp_path), "--region", "eu-west-1")
    assert up.returncode == 0, up.stderr
    for tier in ("Preflight", "Network", "Database", "Cluster", "Portal"):
        assert any(tier in line and "create complete" in line for line in up.stdout.splitlines())
    [url] = [line for line in up.stdout.splitlines() if line.startswith("EnginFramePortalURL ")]
    assert url.split()[1].startswith("https://")
    again = run(folder, "up")
    assert again.returncode == 1 and "runs already" in again.stderr
    port = json.loads((folder / "state.json").read_text())["port"]
    down = run(folder, "down")
    assert down.returncode == 0, down.stdout + down.stderr
    left = [line for line in down.stdout.splitlines() if line.startswith("left behind")]
    assert left and all(line.endswith("(retained)") for line in left)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert "no local deployment" in run(folder, "down").stdout


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


def test_a_parameter_file_that_is_none(folder: Path, tmp_path: Path) -> None:
    up = run(folder, "up", "--parameters", str(tmp_path / "nothing.json"))
    assert up.returncode == 1 and "name a JSON file with a list of {ParameterKey, ParameterValue}" in up.stderr
