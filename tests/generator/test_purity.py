"""The build is a pure function of the source: the same bytes wherever and however it runs, and those are committed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from generator import DEFAULT_ZONES, RELEASE_FOLDER, __version__, release_folder
from generator.release.outputs import render
from generator.stack import MAX_ZONES
from generator.text.sources import ROOT, Sources
from generator.text.yaml import to_yaml
from tests.support.built import templates

ORDINARY = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(ROOT)}


def generate(output: Path, *arguments: str, cwd: Path, umask: int = 0o022, **env: str) -> None:
    """Run the generator in a process of its own, in an environment that holds only `env` and what Python needs."""
    done = subprocess.run(
        [sys.executable, "-m", "generator", "build", "--output", str(output), *arguments],
        cwd=cwd,
        env=ORDINARY | env,
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@cache
def expected() -> dict[str, bytes]:
    """What this process builds."""
    return render(2, Sources())


def test_the_committed_build_is_fresh() -> None:
    assert content(ROOT / "build") == expected(), "build/ is stale: run `make templates` and commit it"


def test_seed_folder_language_time_zone_and_umask_do_not_matter(tmp_path: Path) -> None:
    generate(tmp_path / "one", cwd=ROOT, PYTHONHASHSEED="0", LC_ALL="C", TZ="UTC")
    generate(
        tmp_path / "two",
        cwd=tmp_path,
        umask=0o077,
        PYTHONHASHSEED="4242",
        LANG="tr_TR.UTF-8",
        LC_ALL="tr_TR.UTF-8",
        TZ="Pacific/Kiritimati",
        SOURCE_DATE_EPOCH="0",
        AWS_REGION="cn-north-1",
    )
    assert content(tmp_path / "one") == content(tmp_path / "two") == expected()


def test_without_libyaml_the_build_is_refused_in_a_sentence(tmp_path: Path) -> None:
    code = "import sys; sys.modules['yaml._yaml'] = None; from generator.__main__ import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "build", "--output", str(tmp_path / "build")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("build: PyYAML lacks libyaml here: install one of its wheels")


def test_the_place_of_the_source_its_times_and_modes_do_not_matter(tmp_path: Path) -> None:
    source = tmp_path / "else where"
    for folder in ("templates", "lambda", "userdata"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for path in source.rglob("*"):
        path.chmod(0o700 if path.is_dir() or path.stat().st_mode & 0o100 else 0o600)
        os.utime(path, (1, 1))
    (source / "userdata" / "portal" / "__pycache__").mkdir()
    (source / "userdata" / "portal" / "__pycache__" / "keepalive.cpython-311.pyc").write_bytes(b"x")
    assert render(2, Sources(source)) == expected()


def test_a_second_build_in_one_process_is_the_same() -> None:
    assert render(2, Sources()) == expected()


@pytest.mark.parametrize("zones", range(3, MAX_ZONES + 1))
def test_more_zones_change_no_word_of_what_belongs_to_one(zones: int) -> None:
    """A tier that knows no zones is the same template for any number of them."""
    one_for_all = ("assets", "provider", "secrets", "waf", "https")
    more, two = ({name: to_yaml(templates(number)[name]) for name in one_for_all} for number in (zones, DEFAULT_ZONES))
    folder = release_folder(__version__, zones)
    assert {name: text.replace(folder, RELEASE_FOLDER) for name, text in more.items()} == two
