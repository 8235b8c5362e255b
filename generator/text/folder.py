"""Folders that are written as a whole: all files of a new version, or everything as it was."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from generator.errors import GeneratorError


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under `folder` by its relative path with slashes; nothing if there is no such folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def stale(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Paths under `folder` that differ from `files`, are missing, or should not be there."""
    there = contents(folder)
    return sorted(path for path in there.keys() | files.keys() if there.get(path) != files.get(path))


def replace(folder: Path, files: Mapping[str, bytes], *, mark: str) -> bool:
    """Make `folder` hold exactly `files`: all of them or, on any failure, what it held before.

    A folder that holds something is replaced only if `mark` is in it, the path of a file that every version has and that
    nobody else would have. A link is followed. Returns whether anything was written: a folder that is up to date is left
    alone. Raises GeneratorError, and leaves the folder as it was, where it holds something else or cannot be written.
    """
    try:
        folder = folder.resolve()
        if folder.exists():
            if folder.is_dir() and not stale(folder, files):
                return False
            if not folder.is_dir() or not ((folder / mark).exists() or not any(folder.iterdir())):
                raise GeneratorError(f"{folder} holds files that this command did not write: choose another --output")
        folder.parent.mkdir(parents=True, exist_ok=True)
        _write_beside(folder, files)
    except (OSError, RuntimeError) as error:  # Python before 3.13 raises the latter for links in a circle
        reason = getattr(error, "strerror", None) or error
        raise GeneratorError(f"cannot write {folder}: {reason}; choose another --output") from error
    return True


def write_file(path: Path, content: bytes) -> bool:
    """Make the file `path` hold `content`, by a rename; returns whether anything was written. A link is followed.

    Raises GeneratorError, and leaves the file as it was, if it cannot be written.
    """
    try:
        path = path.resolve()
        if path.is_file() and path.read_bytes() == content:
            return False
        beside = path.with_name(f".{path.name}.new")
        try:
            beside.write_bytes(content)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise GeneratorError(f"cannot write {path}: {error.strerror or error}; see to its folder") from error
    return True


def _write_beside(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write `files` to a new folder beside `folder`, and then have them change places."""
    import shutil  # both cost a twentieth of a run, and most runs write nothing
    import tempfile

    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    fresh, old = beside / "fresh", beside / "old"
    try:
        fresh.mkdir()
        for path, content in files.items():
            target = fresh / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        _swap(folder, fresh, old)
    finally:
        # What was there is removed only once there is something in its place, and kept if it could not be put back.
        if folder.exists() or not old.exists():
            shutil.rmtree(beside, ignore_errors=True)


def _swap(folder: Path, fresh: Path, old: Path) -> None:
    """Put `fresh` in the place of `folder`, which goes to `old`; back again if that fails."""
    try:
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
    except BaseException as error:
        if old.exists() and not folder.exists():
            try:
                old.rename(folder)
            except OSError:
                raise GeneratorError(f"cannot write {folder} ({error}): what was there is now {old}") from error
        raise
