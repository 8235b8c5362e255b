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

    A folder that holds something is replaced only if `mark` is in it, a file or folder that every version has. Returns
    whether anything was written: a folder that is up to date is left alone. Raises GeneratorError, and leaves the folder
    as it was, where it holds something else or cannot be written.
    """
    try:
        if folder.exists():
            if folder.is_dir() and not stale(folder, files):
                return False
            if not folder.is_dir() or not ((folder / mark).exists() or not any(folder.iterdir())):
                raise GeneratorError(f"{folder} holds files that this command did not write: choose another --output")
        import tempfile  # costs a twentieth of a run, and most runs write nothing

        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
            fresh, old = Path(beside, "fresh"), Path(beside, "old")
            for path, content in files.items():
                target = fresh / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            _swap(folder, fresh, old)
    except OSError as error:
        raise GeneratorError(f"cannot write {folder}: {error.strerror or error}; choose another --output") from error
    return True


def write_file(path: Path, content: bytes) -> bool:
    """Make the file `path` hold `content`, by a rename; returns whether anything was written.

    Raises GeneratorError, and leaves the file as it was, if it cannot be written.
    """
    try:
        if path.is_file() and path.read_bytes() == content:
            return False
        beside = path.with_name(f".{path.name}.new")
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise GeneratorError(f"cannot write {path}: {error.strerror or error}; see to its folder") from error
    return True


def _swap(folder: Path, fresh: Path, old: Path) -> None:
    """Put `fresh` in the place of `folder`, which goes to `old`; back again if that fails."""
    if folder.exists():
        folder.rename(old)
    try:
        fresh.rename(folder)
    except BaseException:
        if old.exists():
            old.rename(folder)
        raise
