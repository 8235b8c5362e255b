"""A build that found everything clean is not repeated while nothing changes; any change is seen."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.__main__ import main
from generator.release import outputs, unchanged
from generator.text.sources import ROOT

Change = Callable[[Path], object]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of everything that a build reads or writes."""
    for name in unchanged.FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in unchanged.FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_same_content_has_the_same_state(project: Path) -> None:
    (project / "generator" / "__pycache__").mkdir()
    (project / "generator" / "__pycache__" / "stack.cpython-311.pyc").write_bytes(b"x")
    assert unchanged.state(project) == unchanged.state(ROOT)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "generator/stack.py").write_text("# other"),
        lambda root: (root / "templates/cluster.yaml").unlink(),
        lambda root: (root / "lambda/preflight/checks/new.py").write_text(""),
        lambda root: (root / "userdata/header.sh").rename(root / "userdata/head.sh"),
        lambda root: (root / "parameters/minimal.json").write_text("[]"),
        lambda root: (root / "build/parameters.md").write_text("x"),
        lambda root: (root / "docs/updates.md").unlink(),
        lambda root: (root / ".cfnlintrc").write_text("ignore_checks: [E]"),
        lambda root: (root / "requirements/main.txt").write_text("cfn-lint==2"),
    ],
)
def test_a_change_is_seen(project: Path, change: Change) -> None:
    before = unchanged.state(project)
    change(project)
    assert unchanged.state(project) != before


def test_a_second_run_builds_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(unchanged, "STAMP", tmp_path / "stamp")
    unchanged.remember()
    assert unchanged.known_clean()
    monkeypatch.setattr(outputs, "build", lambda *_, **__: pytest.fail("built again"))
    assert main(["build", "--lint"]) == 0


def test_a_build_without_lint_or_for_another_folder_is_carried_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(unchanged, "known_clean", lambda: True)
    monkeypatch.setattr(outputs, "write", lambda *_: 3)
    assert main(["build"]) == 3
    assert main(["build", "--lint", "--output", str(tmp_path)]) == 3
    assert main(["build", "--lint", "--zones", "3"]) == 3
