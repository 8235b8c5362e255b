"""What is on a machine's disk, read while the machine goes on: files come and go meanwhile."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class File:
    """A regular file that has content. `public`: one who is neither root nor its owner may reach and read it."""

    path: Path
    status: os.stat_result
    content: bytes
    public: bool


def files(folder: Path) -> Iterator[File]:
    """The regular files with content below a folder, without those that are removed before they are read."""
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                found = _file(Path(base) / name, folder)
            except FileNotFoundError:
                continue
            if found:
                yield found


def _file(path: Path, top: Path) -> File | None:
    """One of them, None if it is of another kind or empty."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or not status.st_size:
        return None
    above = [parent for parent in path.parents if parent == top or top in parent.parents]
    reached = all(parent.stat().st_mode & stat.S_IXOTH for parent in above)
    return File(path, status, path.read_bytes(), bool(status.st_mode & stat.S_IROTH) and reached)
