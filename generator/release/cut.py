"""Cut a release: check, set the version, date the changelog, rebuild, commit and tag.

Everything is prepared in a second work tree. This checkout moves to the finished commit in the last step, so a failure
or Ctrl-C before leaves its files, its branch and its tags as they were. With --check nothing is written: it verifies
that the commit at hand is the release of that version, as a continuous build does before it publishes.
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timezone
from pathlib import Path

from generator.errors import GeneratorError
from generator.text.sources import ROOT

# Versions as semver.org defines them (2.0.0, sections 2 and 9), without build metadata: S3 reads a + in a URL as a blank.
NUMBER = r"(?:0|[1-9]\d*)"
PART = rf"(?:{NUMBER}|\d*[A-Za-z-][0-9A-Za-z-]*)"
VERSION = re.compile(rf"({NUMBER})\.({NUMBER})\.({NUMBER})(?:-({PART}(?:\.{PART})*))?")
VERSION_LINE = re.compile(r'^__version__ = "([^"]*)"$', re.MULTILINE)
UNRELEASED = re.compile(r"^## (\[?)Unreleased(\]?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
Precedence = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--version", required=True, help="version of the release, such as 1.2.3")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if this commit is not that release")
    parser.add_argument("--source", type=Path, default=ROOT, help="the checkout (default: this one)")


def run(options: argparse.Namespace) -> int:
    """Cut or check the release; returns 0. Raises GeneratorError, with everything as it was, if it cannot be cut."""
    precedence(options.version)
    if options.check:
        check(options.source, options.version)
        print(f"This commit is the release {options.version}.")
        return 0
    branch = cut(options.source, options.version, datetime.now(timezone.utc).date())
    print(
        f"Release {options.version} is committed on {branch} and tagged v{options.version}. Next:\n\n"
        f"  git push --atomic origin {branch} v{options.version}\n"
        "  make publish BUCKET=... REGION=...        for a bucket in each partition\n"
        "  make launch-links BUCKET=... REGION=...   likewise; then commit README.md\n\n"
        f"To undo it before the push: git tag -d v{options.version} && git reset --hard HEAD~1"
    )
    return 0


def generate(folder: Path, command: str) -> None:
    """Run a command of the generator that is in `folder`; raises GeneratorError with the command's own sentence."""
    done = subprocess.run(
        [sys.executable, "-m", "generator", command], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = _last_line(done.stderr)
        raise GeneratorError(f"`generator {command}` failed and nothing was changed; follow its message: {reason}")


def cut(root: Path, version: str, day: date, generate: Callable[[Path, str], None] = generate) -> str:
    """Commit and tag the release in the checkout `root`; returns the branch that it is on.

    Raises GeneratorError, with everything as it was, if the checkout is not ready for it.
    """
    branch = ready(root, version)
    with _second_work_tree(root) as scratch:
        generate(scratch, "check")
        notes = prepare(scratch, version, day)
        generate(scratch, "build")
        _git(scratch, "add", "--all")
        # No hooks: they would run the checks once more, in a work tree without environments.
        _git(scratch, "commit", "--quiet", "--no-verify", "--message", f"Release {version}")
        _land(root, _git(scratch, "rev-parse", "HEAD"), f"v{version}", f"{version}\n\n{notes}\n")
    return branch


def check(root: Path, version: str, generate: Callable[[Path, str], None] = generate) -> None:
    """Raises GeneratorError unless the commit at hand is the release `version`: tagged, dated, fresh, unchanged."""
    _clean(root)
    if f"v{version}" not in _git(root, "tag", "--points-at", "HEAD").split():
        raise GeneratorError(f"This commit does not carry the tag v{version}: check out that tag.")
    if current_version(root) != version:
        raise GeneratorError(f"The tag v{version} is on a commit of version {current_version(root)}: remove the tag.")
    if not re.search(rf"^## \[?{re.escape(version)}\]? - \d{{4}}-\d\d-\d\d$", _changelog(root), re.MULTILINE):
        raise GeneratorError(f"CHANGELOG.md has no dated entry {version}: remove the tag and run `make release`.")
    generate(root, "check")


def ready(root: Path, version: str) -> str:
    """The branch that the checkout is on; raises GeneratorError if `version` cannot be cut from it."""
    _clean(root)
    branch = _git(root, "branch", "--show-current")
    if not branch:
        raise GeneratorError("This checkout is on no branch: check out the branch that the release belongs to.")
    tags = set(_git(root, "tag", "--list").split())
    if f"v{version}" in tags:
        raise GeneratorError(f"The tag v{version} exists: choose a newer version.")
    now = current_version(root)
    # The very first release carries the version that its development had.
    released = f"v{now}" in tags
    if precedence(version) < precedence(now) or (released and version == now):
        raise GeneratorError(f"{version} is not newer than {now}: choose a newer version.")
    return branch


def prepare(root: Path, version: str, day: date) -> str:
    """Write version, changelog and addresses in the documents; returns the changelog's entry."""
    before = current_version(root)
    init = root / "generator" / "__init__.py"
    _write(init, VERSION_LINE.sub(f'__version__ = "{version}"', init.read_text(encoding="utf-8"), count=1))
    text, notes = dated(_changelog(root), version, day)
    _write(root / "CHANGELOG.md", text)
    for path in (root / "README.md", *sorted(root.glob("docs/**/*.md"))):
        text = path.read_text(encoding="utf-8")
        _write(path, text.replace(f"hpc-portal/v{before}/", f"hpc-portal/v{version}/"))
    return notes


def dated(changelog: str, version: str, day: date) -> tuple[str, str]:
    """The changelog with its entry Unreleased as the release's, under a new empty one; and the text of that entry.

    Raises GeneratorError if there is nothing to release.
    """
    entries = list(UNRELEASED.finditer(changelog))
    if len(entries) != 1:
        raise GeneratorError(f"CHANGELOG.md has {len(entries)} headings '## [Unreleased]': leave exactly one.")
    opening, closing, body = entries[0].groups()
    if not re.search(r"^(?!#)\S", body, re.MULTILINE):
        raise GeneratorError("CHANGELOG.md has nothing under Unreleased: say there what the release changes.")
    if re.search(rf"^## \[?{re.escape(version)}\b(?![-.])", changelog, re.MULTILINE):
        raise GeneratorError(f"CHANGELOG.md has an entry {version} already: choose a newer version.")
    heading = f"## {opening}Unreleased{closing}\n\n## {opening}{version}{closing} - {day.isoformat()}\n"
    start, end = entries[0].span()
    return changelog[:start] + heading + body + changelog[end:], body.strip()


def precedence(version: str) -> Precedence:
    """A key that orders versions as semver.org does (section 11); raises GeneratorError for anything else."""
    match = VERSION.fullmatch(version)
    if not match:
        raise GeneratorError(f"'{version}' is not a semantic version: name one such as 1.2.3 or 1.3.0-rc.1.")
    early = match[4].split(".") if match[4] else []
    if early[:1] == ["dev"]:
        raise GeneratorError(f"{version} is the name of a development version: name one such as 1.2.3 or 1.3.0-rc.1.")
    parts = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in early)
    return int(match[1]), int(match[2]), int(match[3]), not early, parts


def current_version(root: Path) -> str:
    """The version that the checkout's source names."""
    found = VERSION_LINE.search((root / "generator" / "__init__.py").read_text(encoding="utf-8"))
    if not found:
        raise GeneratorError('generator/__init__.py has no line `__version__ = "..."`: restore it.')
    return found[1]


def _clean(root: Path) -> None:
    if not (root / ".git").exists():
        raise GeneratorError(f"{root} is no git checkout: releases are cut from one.")
    if changed := _git(root, "status", "--porcelain").splitlines():
        names = ", ".join(line[3:] for line in changed[:3]) + (", …" if len(changed) > 3 else "")
        raise GeneratorError(f"The checkout has changes ({names}): commit or remove them.")


def _changelog(root: Path) -> str:
    return (root / "CHANGELOG.md").read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def _second_work_tree(root: Path) -> Iterator[Path]:
    """A work tree of HEAD beside the checkout, which ends with the block."""
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        scratch = Path(folder) / "checkout"
        try:
            _git(root, "worktree", "add", "--quiet", "--detach", str(scratch))
            yield scratch
        finally:
            subprocess.run(["git", "-C", str(root), "worktree", "remove", "--force", str(scratch)], capture_output=True)


def _land(root: Path, commit: str, tag: str, message: str) -> None:
    """Tag `commit` and move the checkout to it: both, or neither."""
    # Ctrl-C in these milliseconds would leave half of the files behind.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        # Whitespace alone is cleaned up: git would take the changelog's headings for comments.
        _git(root, "tag", "--annotate", "--cleanup=whitespace", "--message", message, tag, commit)
        try:
            _git(root, "merge", "--quiet", "--ff-only", commit)
        except GeneratorError:
            _git(root, "tag", "--delete", tag)
            raise
    finally:
        signal.signal(signal.SIGINT, before)


def _git(root: Path, *command: str) -> str:
    """What git prints; raises GeneratorError with git's reason."""
    try:
        done = subprocess.run(["git", "-C", str(root), *command], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise GeneratorError("git is not installed: install it and run `make release` again.") from None
    if done.returncode:
        reason = _last_line(done.stderr)
        raise GeneratorError(f"`git {command[0]}` failed ({reason}): mend that and run `make release` again.")
    return done.stdout.rstrip()


def _last_line(text: str) -> str:
    """The last line that says anything."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no reason was printed")
