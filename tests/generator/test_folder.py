"""The one writer of folders: all files of the new version or, whatever happens, everything as it was."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.__main__ import main
from generator.errors import GeneratorError
from generator.text import folder
from generator.text.sources import ROOT
from tests.support.packages import install_none

MARK = "mark"
OLD = {MARK: b"1", "only/old": b"old"}
NEW = {MARK: b"2", "sub/new": b"new"}
Breaks = Callable[..., list[Path]]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A folder that an earlier run wrote."""
    path = tmp_path / "work" / "out"
    folder.replace(path, OLD, mark=MARK)
    return path


@pytest.fixture
def rename_fails(monkeypatch: pytest.MonkeyPatch) -> Breaks:
    """The renames of these numbers fail; returns what was to be renamed."""

    def arrange(*failing: int) -> list[Path]:
        calls: list[Path] = []
        real = Path.rename

        def rename(self: Path, to: Path) -> Path:
            calls.append(self)
            if len(calls) in failing:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(self, to)

        monkeypatch.setattr(Path, "rename", rename)
        return calls

    return arrange


def beside(path: Path) -> list[str]:
    """What is in the folder that `path` is in."""
    return sorted(entry.name for entry in path.parent.iterdir())


# What is written


def test_a_new_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    assert folder.replace(path, NEW, mark=MARK)
    assert folder.contents(path) == NEW and beside(path) == ["b"]


def test_an_earlier_version_is_replaced_as_a_whole(target: Path) -> None:
    assert folder.replace(target, NEW, mark=MARK)
    assert folder.contents(target) == NEW and beside(target) == ["out"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert folder.replace(tmp_path / "out", NEW, mark=MARK)
    assert folder.contents(tmp_path / "out") == NEW


def test_a_folder_that_is_up_to_date_is_not_touched(target: Path) -> None:
    before = target.stat(), (target / MARK).stat()
    assert not folder.replace(target, OLD, mark=MARK)
    assert (target.stat(), (target / MARK).stat()) == before


def test_a_folder_that_is_up_to_date_need_not_be_writable(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "write_bytes", lambda self, content: pytest.fail("it writes"))
    assert not folder.replace(target, OLD, mark=MARK)


def test_files_that_differ_or_are_missing_or_too_many_are_stale(target: Path) -> None:
    assert folder.stale(target, NEW) == ["mark", "only/old", "sub/new"]
    assert folder.stale(target, OLD) == []
    assert folder.stale(target.parent / "nowhere", {"a": b""}) == ["a"]


def test_others_may_read_what_is_written(tmp_path: Path) -> None:
    """As the umask says, unlike the scratch folder that it was written in."""
    umask = os.umask(0o022)
    try:
        folder.replace(tmp_path / "out", NEW, mark=MARK)
    finally:
        os.umask(umask)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "out" / MARK).stat().st_mode & 0o777 == 0o644


# Links


def test_a_link_to_a_folder_stays_one(target: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(target)
    assert folder.replace(link, NEW, mark=MARK)
    assert link.is_symlink() and folder.contents(target) == NEW


def test_a_link_to_nothing_makes_what_it_names(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "there")
    assert folder.replace(link, NEW, mark=MARK)
    assert link.is_symlink() and folder.contents(tmp_path / "there") == NEW


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(GeneratorError, match=r"cannot write .*; choose another --output"):
        folder.replace(tmp_path / "a", NEW, mark=MARK)


# What stays as it was


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(GeneratorError, match="holds files that this command did not write: choose another --output"):
        folder.replace(tmp_path, NEW, mark=MARK)
    assert folder.contents(tmp_path) == {"thesis.tex": b"years of work"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(GeneratorError, match="choose another --output"):
        folder.replace(tmp_path / "out", NEW, mark=MARK)
    assert folder.contents(tmp_path) == {"out": b"x"}


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(GeneratorError, match="cannot write"):
        folder.replace(tmp_path / "file" / "out", NEW, mark=MARK)
    assert folder.contents(tmp_path) == {"file": b"x"}


@pytest.mark.parametrize("failing", [1, 2])
def test_a_rename_that_fails_leaves_the_earlier_version(target: Path, rename_fails: Breaks, failing: int) -> None:
    calls = rename_fails(failing)
    with pytest.raises(GeneratorError, match="No space left on device"):
        folder.replace(target, NEW, mark=MARK)
    assert len(calls) == (1 if failing == 1 else 3), "what was out of the way is put back"
    assert folder.contents(target) == OLD and beside(target) == ["out"]


def test_what_cannot_be_put_back_is_kept_and_named(target: Path, rename_fails: Breaks) -> None:
    rename_fails(2, 3)
    with pytest.raises(GeneratorError, match="what was there is now") as error:
        folder.replace(target, NEW, mark=MARK)
    kept = Path(re.sub(".* is now ", "", str(error.value)))
    assert folder.contents(kept) == OLD


@pytest.mark.parametrize("number", [1, 2])
def test_a_disk_that_is_full_leaves_the_earlier_version(
    target: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    real, calls = Path.write_bytes, []

    def write(self: Path, content: bytes) -> int:
        calls.append(self)
        if len(calls) == number:
            real(self, content[:1])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, content)

    monkeypatch.setattr(Path, "write_bytes", write)
    with pytest.raises(GeneratorError, match="No space left on device; choose another --output"):
        folder.replace(target, NEW, mark=MARK)
    assert folder.contents(target) == OLD and beside(target) == ["out"]


def test_an_interrupt_leaves_the_earlier_version(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Path, content: bytes) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder.replace(target, NEW, mark=MARK)
    assert folder.contents(target) == OLD and beside(target) == ["out"]


def test_paths_that_exclude_each_other_leave_the_earlier_version(target: Path) -> None:
    with pytest.raises(GeneratorError, match="cannot write"):
        folder.replace(target, {MARK: b"", f"{MARK}/below": b""}, mark=MARK)
    assert folder.contents(target) == OLD and beside(target) == ["out"]


# A single file


def test_a_file_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert folder.write_file(tmp_path / "link", b"new") and not folder.write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"new"


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"old")

    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(GeneratorError, match=r"cannot write .*No space left on device; see to its folder"):
        folder.write_file(tmp_path / "file", b"new")
    assert folder.contents(tmp_path) == {"file": b"old"}


# The commands that write folders


@pytest.mark.parametrize("failing", [1, 2])
@pytest.mark.parametrize("command", ["build", "package"])
def test_a_command_that_cannot_write_leaves_the_earlier_output(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rename_fails: Breaks,
    capsys: pytest.CaptureFixture[str],
    command: str,
    failing: int,
) -> None:
    install_none(monkeypatch, tmp_path / "wheels")
    output = tmp_path / "work" / "out"
    assert main([command, "--output", str(output)]) == 0
    (output / "templates" / "main.template.yaml").write_text("an earlier version")
    before = folder.contents(output)
    rename_fails(failing)
    capsys.readouterr()
    assert main([command, "--output", str(output)]) == 1
    assert capsys.readouterr().err.startswith(f"{command}: cannot write {output}: No space left on device")
    assert folder.contents(output) == before and beside(output) == ["out"]


@pytest.mark.parametrize("command", ["build", "package"])
def test_no_command_takes_the_project_for_its_output(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has a folder templates/ as well, and would be gone."""
    project = tmp_path / "project"
    (project / "templates").mkdir(parents=True)
    (project / "templates" / "cluster.yaml").write_bytes((ROOT / "templates" / "cluster.yaml").read_bytes())
    before = folder.contents(project)
    install_none(monkeypatch, tmp_path / "wheels")
    assert main([command, "--output", str(project)]) == 1
    assert "did not write" in capsys.readouterr().err
    assert folder.contents(project) == before
