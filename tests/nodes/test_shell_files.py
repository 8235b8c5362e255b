"""Every shell file of the project, with or without a name that tells: found without git, formatted, short."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
GENERATED = {".git", ".venv", ".cache", "dist", "__pycache__", ".hypothesis"}


def found(folder: Path) -> list[str]:
    """The files that `make check` checks in `folder`."""
    [expression] = re.findall(r"^SHELL_FILES = \$\$\((.*)\)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    done = subprocess.run(expression, shell=True, cwd=folder, capture_output=True, text=True, check=True)
    return sorted(done.stdout.split())


def shell(path: Path) -> bool:
    """Whether the file is shell by its name or its first line."""
    return path.suffix == ".sh" or bool(re.match(rb"#!\s*/(usr/)?bin/(env )?(ba)?sh\b", path.read_bytes()[:40]))


FILES = found(PROJECT)


def test_make_check_finds_every_shell_file() -> None:
    wanted = []
    for base, folders, names in os.walk(PROJECT):
        folders[:] = (
            set(folders) - GENERATED
        )  # not even listed: other tests, and the bench, make and remove files there
        wanted += [path for path in (Path(base) / name for name in names) if path.is_file() and shell(path)]
    assert sorted(str(path.relative_to(PROJECT)) for path in wanted) == FILES


def test_make_check_finds_shell_files_without_git(tmp_path: Path) -> None:
    for name in (".ci/run", "tools/mount.efs", "tools/lib.sh", ".cache/bench/init.sh", "dist/publish.sh"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("#!/bin/bash\ntrue\n")
    (tmp_path / ".editorconfig").write_bytes((PROJECT / ".editorconfig").read_bytes())
    (tmp_path / ".venv").symlink_to(PROJECT / ".venv")
    assert found(tmp_path) == [".ci/run", "tools/lib.sh", "tools/mount.efs"]


def test_shfmt_changes_nothing() -> None:
    done = subprocess.run([TOOLS / "shfmt", "--diff", *FILES], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_shellcheck_has_nothing_to_say() -> None:
    done = subprocess.run([TOOLS / "shellcheck", *FILES], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", FILES)
def test_a_shell_file_is_read_in_one_sitting(name: str) -> None:
    lines = (PROJECT / name).read_text().splitlines()
    assert len(lines) <= 150
    assert not [line for line in lines if len(line) > 120]


@pytest.mark.parametrize("name", FILES)
def test_a_function_is_described_above_it(name: str) -> None:
    assert not re.findall(r"^\w+\(\) \{ *#.*", (PROJECT / name).read_text(), re.MULTILINE)
