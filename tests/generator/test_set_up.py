"""The environments that make sets up: a set-up that was cut short counts as none, and the next run makes it good."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator.text.sources import ROOT

pytestmark = pytest.mark.slow

TARGET = ".venv/main/bin/python"
# What stand in for Python, pip and uv. Each is told by a file of its name how to end: half way by a failure, or a signal.
PYTHON = """#!/bin/sh
if [ "$1" = -c ]; then
  echo "NAME"
  exit "$(cat version-check 2> /dev/null || echo 0)"
fi
mkdir -p "$3/bin"
cp stand-ins/pip "$3/bin/pip"
"""
PIP = """#!/bin/sh
echo "#!/bin/sh" > "${0%/*}/uv"
[ ! -e pip-fails ] || { . ./pip-fails; exit 1; }
cp -p stand-ins/uv "${0%/*}/uv"
"""
UV = """#!/bin/sh
case "$1" in
  venv)
    while [ $# -gt 1 ]; do [ "$1" != --python ] || python=$2; shift; done
    mkdir -p "$1/bin"
    cp "$python" "$1/bin/python"
    ;;
  pip)
    while [ "$1" != --python ]; do shift; done
    echo half > "$2/package"
    [ ! -e uv-fails ] || { . ./uv-fails; exit 1; }
    echo whole > "$2/package"
    ;;
esac
"""
PYTHONS = {name: PYTHON.replace("NAME", name) for name in ("python", "other-python")}
WAYS = {"failure": "", "killed": "kill -9 $$", "interrupted": "kill -INT $PPID; sleep 1"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the Makefile's set-up, pins, and stand-ins of Python, pip and uv."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements").mkdir()
    shutil.copy(ROOT / "requirements" / "set-up.sh", tmp_path / "requirements")
    (tmp_path / "requirements" / "main.txt").write_text("package==1\n")
    (tmp_path / "stand-ins").mkdir()
    for name, text in {**PYTHONS, "pip": PIP, "uv": UV}.items():
        script = tmp_path / "stand-ins" / name
        script.write_text(text)
        script.chmod(0o755)
    return tmp_path


def make(project: Path, python: str = "python") -> subprocess.CompletedProcess[str]:
    """Have make bring the environment up to date, with one of the stand-ins as Python."""
    command = ["make", TARGET, f"PYTHON={project}/stand-ins/{python}"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=60)


def assert_complete(project: Path) -> None:
    """The environment is there, whole, and nothing else."""
    assert (project / ".venv/main/package").read_text() == "whole\n"
    assert sorted(os.listdir(project / ".venv")) == ["main", "uv"]


def test_an_environment_is_made_once(project: Path) -> None:
    assert "Setting up .venv/main" in make(project).stdout
    assert_complete(project)
    assert "Setting up" not in make(project).stdout


@pytest.mark.parametrize("way", WAYS)
def test_a_cut_short_installation_of_uv_is_taken_up_by_the_next_run(project: Path, way: str) -> None:
    (project / "pip-fails").write_text(WAYS[way])
    assert make(project).returncode != 0
    assert not (project / ".venv/uv/bin/uv").exists()
    (project / "pip-fails").unlink()
    assert make(project).returncode == 0
    assert_complete(project)


@pytest.mark.parametrize("way", WAYS)
def test_a_cut_short_environment_is_taken_up_by_the_next_run(project: Path, way: str) -> None:
    (project / "uv-fails").write_text(WAYS[way])
    assert make(project).returncode != 0
    assert not (project / TARGET).exists()
    (project / "uv-fails").unlink()
    assert make(project).returncode == 0
    assert_complete(project)


def test_two_runs_at_once_both_end_well(project: Path) -> None:
    command = ["make", TARGET, f"PYTHON={project}/stand-ins/python"]
    runs = [subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [run.wait(60) for run in runs] == [0, 0]
    assert_complete(project)


def test_what_a_killed_run_left_is_removed(project: Path) -> None:
    left = project / ".venv" / ".main-999999999"
    left.mkdir(parents=True)
    make(project)
    assert not left.exists()


def test_new_pins_that_cannot_be_installed_leave_the_environment_as_it_was(project: Path) -> None:
    make(project)
    pins = project / "requirements" / "main.txt"
    pins.write_text("package==2\n")
    os.utime(pins, (2**32, 2**32))
    (project / "uv-fails").write_text("")
    assert make(project).returncode != 0
    assert (project / TARGET).exists() and (project / ".venv/main/pinned").read_text() == "package==1\n"


def test_new_pins_make_the_environment_anew(project: Path) -> None:
    make(project)
    pins = project / "requirements" / "main.txt"
    pins.write_text("package==2\n")
    later = (project / ".venv/main/pinned").stat().st_mtime + 5
    os.utime(pins, (later, later))
    assert make(project).returncode == 0
    assert (project / ".venv/main/pinned").read_text() == "package==2\n"


def test_a_lost_python_makes_the_environment_anew(project: Path) -> None:
    make(project)
    (project / TARGET).unlink()
    assert make(project).returncode == 0
    assert (project / TARGET).exists()


def test_another_python_makes_the_environment_anew(project: Path) -> None:
    make(project)
    assert make(project, "other-python").returncode == 0
    assert (project / TARGET).read_text() == PYTHONS["other-python"]


def test_a_python_that_is_too_old_is_one_sentence(project: Path) -> None:
    (project / "version-check").write_text("1\n")
    refused = make(project)
    assert refused.returncode == 2
    assert "Python 3.10 or newer is needed: run make with PYTHON=/path/to/python3." in refused.stderr
    assert not (project / ".venv").exists()


def test_the_real_python_is_new_enough(project: Path) -> None:
    check = "import sys; sys.exit(sys.version_info < (3, 10))"
    assert check in (project / "requirements" / "set-up.sh").read_text()
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
