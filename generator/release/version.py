"""Which version the project's folder holds.

A commit with the tag v<version>, with nothing changed or added beside it, is that release. Everything else is a
development version with a name of its own, so that it can neither pass for the release nor take its place:
`0.1.0-dev.g1a2b3c4` for a commit, `0.1.0-dev.g1a2b3c4.d5e6f7a8` with changes, the last part being of the content.
"""

from __future__ import annotations

from pathlib import Path

from generator import DEFAULT_ZONES, __version__
from generator.errors import GeneratorError
from generator.release import contents
from generator.text import archives
from generator.text.sources import Sources


def version(root: Path) -> str:
    """The version that the folder `root` holds; raises GeneratorError if git cannot tell what is in it."""
    commit = _git(root, "rev-parse", "--short=7", "HEAD")
    changed = commit is None or bool(_git(root, "status", "--porcelain"))
    tags = (_git(root, "tag", "--points-at", "HEAD") or "").split() if commit else []
    if not changed and f"v{__version__}" in tags:
        return __version__
    # The letters before the digits: a part of a version that is all digits must not begin with a zero (semver.org, 9).
    parts = [f"g{commit}"] * bool(commit) + [f"d{_content(root)}"] * changed
    return f"{__version__}-dev.{'.'.join(parts)}"


def is_development(name: str) -> bool:
    """Whether a version is none of a release."""
    return name != __version__


def _content(root: Path) -> str:
    """Eight hex digits that change with anything that is published; no wheel is needed to know them."""
    # The templates name every other file with its SHA-256.
    texts = {key: text.encode() for key, text in contents.templates(DEFAULT_ZONES, Sources(root)).items()}
    return archives.digest(archives.sha256sums(texts))[:8]


def _git(root: Path, *command: str) -> str | None:
    """What git prints; None where `root` is no checkout, has no commit, or git is missing."""
    import subprocess

    # A checkout of another project around this folder says nothing about it.
    inside = root / ".git"
    if not inside.exists():
        return None
    try:
        done = subprocess.run(["git", "-C", str(root), *command], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    if done.returncode and "dubious ownership" in done.stderr:
        raise GeneratorError(f"git refuses to read {root}, which is another user's: run this as its owner.")
    return None if done.returncode else done.stdout.strip()
