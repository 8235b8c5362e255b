"""Remembers that everything was written and found clean, so that a second run with nothing changed has nothing to do.

Everything counts that a build reads or writes, by content. The modules that build are not imported for that.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from generator.text.folder import write_file
from generator.text.sources import ROOT

STAMP = ROOT / ".cache" / "unchanged"
FOLDERS = ("generator", "lambda", "parameters", "templates", "userdata", "build")
FILES = (
    ".cfnlintrc",
    ".taskcat.yml",
    "docs/architecture.svg",
    "docs/preflight.md",
    "docs/updates.md",
    "requirements/main.txt",
)


def state(root: Path = ROOT) -> str:
    """A digest of all that a build of the project reads and writes, and of the Python that runs it."""
    digest = hashlib.sha256(sys.version.encode())
    for path in _paths(root):
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"\0{path.relative_to(root).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _paths(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        yield from (
            path for path in sorted((root / folder).rglob("*")) if path.is_file() and path.parent.name != "__pycache__"
        )
    yield from (root / name for name in FILES)


def known_clean() -> bool:
    """Whether the project is as it was when it was last written and found clean."""
    return STAMP.is_file() and STAMP.read_text(encoding="utf-8") == state()


def remember() -> None:
    """Note that the project, as it is, has been written and found clean."""
    STAMP.parent.mkdir(parents=True, exist_ok=True)
    write_file(STAMP, state().encode())
