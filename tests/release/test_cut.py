"""`make release`: a release is cut whole, or everything stays as it was."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from generator.errors import GeneratorError
from generator.release import cut
from generator.text.sources import ROOT

DAY = date(2030, 2, 3)
CHANGELOG = """# Changelog

## [Unreleased]

### Added

- A queue.

## [0.1.0] - 2029-01-01

- Everything.
"""


def git(root: Path, *command: str) -> str:
    """What git prints in the checkout."""
    done = subprocess.run(["git", "-C", str(root), *command], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(root: Path, message: str = "change") -> None:
    """Commit all there is."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)


def state(root: Path) -> dict[str, object]:
    """Everything that a release changes: files, commits, branches, tags, work trees."""
    files = {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and ".git" not in path.parts}
    git_state = [git(root, *words.split()) for words in ("status --porcelain", "show-ref --head", "worktree list")]
    return {"files": files, "git": git_state}


def generate(folder: Path, command: str) -> None:
    """A generator that writes the version into build/, and finds a build of another version stale."""
    built = folder / "build" / "version.txt"
    if command == "build":
        built.write_text(cut.current_version(folder))
    elif built.read_text() != cut.current_version(folder):
        raise GeneratorError("build/version.txt is stale: run `make templates` and commit")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of a small project whose version 0.1.0 is released, on the branch main."""
    for variable, value in {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}.items():
        monkeypatch.setenv(variable, value)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Somebody")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "somebody@example.com")
    root = tmp_path / "project"
    for path, text in {
        "generator/__init__.py": '"""Generator."""\n\n__version__ = "0.1.0"\n',
        "CHANGELOG.md": CHANGELOG,
        "README.md": "https://bucket/hpc-portal/v0.1.0/templates/main.template.yaml\n",
        "docs/deployment.md": "`hpc-portal/v0.1.0/`, not v0.1.0\n",
        "build/version.txt": "0.1.0",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(root.parent, "init", "--quiet", "--initial-branch=main", str(root))
    commit(root, "Release 0.1.0")
    git(root, "tag", "v0.1.0")
    return root


@pytest.fixture
def refused(root: Path) -> Callable[..., str]:
    """Cuts a release that must be refused: returns the one sentence, having seen that everything is as it was."""

    def attempt(version: str = "0.2.0", generate: Callable[[Path, str], None] = generate) -> str:
        before = state(root)
        with pytest.raises(GeneratorError) as caught:
            cut.cut(root, version, DAY, generate)
        assert state(root) == before
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return attempt


def test_a_release_sets_the_version_and_rebuilds(root: Path) -> None:
    assert cut.cut(root, "0.2.0", DAY, generate) == "main"
    assert cut.current_version(root) == "0.2.0"
    assert (root / "build/version.txt").read_text() == "0.2.0"


def test_a_release_leaves_a_clean_checkout_on_its_branch_and_no_second_work_tree(root: Path) -> None:
    cut.cut(root, "0.2.0", DAY, generate)
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "branch", "--show-current") == "main"
    assert len(git(root, "worktree", "list").splitlines()) == 1


def test_a_release_is_one_commit_with_an_annotated_tag(root: Path) -> None:
    cut.cut(root, "0.2.0", DAY, generate)
    assert git(root, "rev-list", "--count", "v0.1.0..HEAD") == "1"
    assert git(root, "rev-parse", "v0.2.0^{commit}") == git(root, "rev-parse", "HEAD")
    assert git(root, "cat-file", "-t", "v0.2.0") == "tag"


def test_the_tag_carries_the_changelogs_entry_with_its_headings(root: Path) -> None:
    cut.cut(root, "0.2.0", DAY, generate)
    assert git(root, "tag", "--list", "--format=%(contents)", "v0.2.0") == "0.2.0\n\n### Added\n\n- A queue."


def test_a_release_dates_the_changelog_and_opens_a_new_entry(root: Path) -> None:
    cut.cut(root, "0.2.0", DAY, generate)
    expected = CHANGELOG.replace("## [Unreleased]\n", "## [Unreleased]\n\n## [0.2.0] - 2030-02-03\n")
    assert (root / "CHANGELOG.md").read_text() == expected


def test_a_release_moves_the_documents_addresses(root: Path) -> None:
    cut.cut(root, "0.2.0", DAY, generate)
    assert "hpc-portal/v0.2.0/" in (root / "README.md").read_text()
    assert (root / "docs/deployment.md").read_text() == "`hpc-portal/v0.2.0/`, not v0.1.0\n"


def test_the_first_release_may_carry_the_version_of_its_development(root: Path) -> None:
    git(root, "tag", "--delete", "v0.1.0")
    changelog = root / "CHANGELOG.md"
    changelog.write_text(CHANGELOG.partition("## [0.1.0]")[0])
    commit(root)
    cut.cut(root, "0.1.0", DAY, generate)
    assert git(root, "tag", "--list") == "v0.1.0"


@pytest.mark.parametrize("version", ["0.1.0", "0.0.9", "0.1.0-rc.1"])
def test_a_version_that_is_not_newer_is_refused(refused: Callable[..., str], version: str) -> None:
    assert re.search("is not newer than|exists: choose a newer", refused(version))


@pytest.mark.parametrize("version", ["", "1", "1.2", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+4", "1.2.3\n"])
def test_what_is_no_semantic_version_is_refused(version: str) -> None:
    with pytest.raises(GeneratorError, match="is not a semantic version: name one such as"):
        cut.precedence(version)


def test_the_name_of_a_development_version_is_refused() -> None:
    with pytest.raises(GeneratorError, match="development version"):
        cut.precedence("1.2.3-dev.g1a2b3c4")


def test_versions_are_ordered_as_semver_orders_them() -> None:
    # The example of semver.org, section 11.
    ordered = "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 2.0.0"
    versions = ordered.split()
    shuffled = [versions[(4 * position) % 9] for position in range(9)]
    assert sorted(shuffled, key=cut.precedence) == versions


def test_a_changed_checkout_is_refused(root: Path, refused: Callable[..., str]) -> None:
    (root / "README.md").write_text("changed")
    assert refused() == "The checkout has changes (README.md): commit or remove them."


def test_a_file_that_git_does_not_know_is_refused(root: Path, refused: Callable[..., str]) -> None:
    (root / "notes").write_text("x")
    assert "The checkout has changes (notes)" in refused()


def test_a_stale_build_is_refused(root: Path, refused: Callable[..., str]) -> None:
    (root / "build/version.txt").write_text("0.0.9")
    commit(root)
    assert "is stale: run `make templates` and commit" in refused()


def test_a_checkout_on_no_branch_is_refused(root: Path, refused: Callable[..., str]) -> None:
    git(root, "checkout", "--quiet", "--detach")
    assert "on no branch: check out the branch" in refused()


def test_a_version_whose_tag_exists_is_refused(root: Path, refused: Callable[..., str]) -> None:
    git(root, "tag", "v0.2.0")
    assert refused() == "The tag v0.2.0 exists: choose a newer version."


@pytest.mark.parametrize("body", ["", "\n### Added\n\n### Changed\n"])
def test_an_empty_changelog_is_refused(root: Path, refused: Callable[..., str], body: str) -> None:
    (root / "CHANGELOG.md").write_text(f"# Changelog\n\n## [Unreleased]\n{body}\n## [0.1.0] - 2029-01-01\n\n- A.\n")
    commit(root)
    assert "has nothing under Unreleased: say there what" in refused()


def test_a_changelog_without_the_heading_is_refused(root: Path, refused: Callable[..., str]) -> None:
    (root / "CHANGELOG.md").write_text("# Changelog\n")
    commit(root)
    assert "has 0 headings '## [Unreleased]': leave exactly one" in refused()


def test_a_version_that_the_changelog_has_already_is_refused(root: Path, refused: Callable[..., str]) -> None:
    (root / "CHANGELOG.md").write_text(CHANGELOG + "\n## [0.2.0] - 2029-02-02\n\n- More.\n")
    commit(root)
    assert "has an entry 0.2.0 already" in refused()


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match="is no git checkout: releases are cut from one"):
        cut.cut(tmp_path, "0.2.0", DAY, generate)


@pytest.mark.parametrize("error", [GeneratorError("no: do it again."), OSError(28, "No space left on device")])
def test_a_build_that_fails_leaves_everything_as_it_was(root: Path, error: Exception) -> None:
    def failing(folder: Path, command: str) -> None:
        if command == "build":
            raise error

    before = state(root)
    with pytest.raises(type(error)):
        cut.cut(root, "0.2.0", DAY, failing)
    assert state(root) == before


def test_ctrl_c_leaves_everything_as_it_was(root: Path) -> None:
    def interrupted(folder: Path, command: str) -> None:
        if command == "build":
            raise KeyboardInterrupt

    before = state(root)
    with pytest.raises(KeyboardInterrupt):
        cut.cut(root, "0.2.0", DAY, interrupted)
    assert state(root) == before


def test_a_commit_that_git_refuses_leaves_everything_as_it_was(
    root: Path, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "")
    assert "`git commit` failed (" in refused()


def test_a_branch_that_moved_meanwhile_keeps_its_commits_and_gets_no_tag(root: Path) -> None:
    def slow(folder: Path, command: str) -> None:
        generate(folder, command)
        if command == "build":
            git(root, "commit", "--quiet", "--allow-empty", "--message", "Somebody else's")

    with pytest.raises(GeneratorError, match="`git merge` failed"):
        cut.cut(root, "0.2.0", DAY, slow)
    assert git(root, "tag", "--list") == "v0.1.0"
    assert git(root, "log", "-1", "--format=%s") == "Somebody else's"
    assert git(root, "status", "--porcelain") == ""


def test_check_accepts_a_release(root: Path) -> None:
    cut.cut(root, "0.2.0", DAY, generate)
    cut.check(root, "0.2.0", generate)


def test_check_refuses_a_commit_without_the_tag(root: Path) -> None:
    with pytest.raises(GeneratorError, match=r"does not carry the tag v0\.2\.0: check out that tag"):
        cut.check(root, "0.2.0", generate)


def test_check_refuses_a_tag_on_another_version(root: Path) -> None:
    git(root, "tag", "v0.2.0")
    with pytest.raises(GeneratorError, match=re.escape("is on a commit of version 0.1.0: remove the tag")):
        cut.check(root, "0.2.0", generate)


def test_check_refuses_a_release_without_a_date(root: Path) -> None:
    (root / "generator/__init__.py").write_text('__version__ = "0.2.0"\n')
    commit(root)
    git(root, "tag", "v0.2.0")
    with pytest.raises(GeneratorError, match=re.escape("no dated entry 0.2.0: remove the tag")):
        cut.check(root, "0.2.0", generate)


def test_check_refuses_a_stale_build(root: Path) -> None:
    (root / "build/version.txt").write_text("0.0.9")
    commit(root)
    git(root, "tag", "--force", "v0.1.0")
    with pytest.raises(GeneratorError, match="is stale: run"):
        cut.check(root, "0.1.0", generate)


def test_this_project_can_be_released(root: Path, tmp_path: Path) -> None:
    """From the command line, with the real generator, in a copy of the files that git knows of."""
    copy = tmp_path / "copy"
    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    cut.generate(copy, "build")
    git(copy.parent, "init", "--quiet", "--initial-branch=main", str(copy))
    (copy / "CHANGELOG.md").write_text(CHANGELOG)
    commit(copy)
    command = [sys.executable, "-m", "generator", "release", "--version", "7.8.9-rc.1"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "git push --atomic origin main v7.8.9-rc.1" in done.stdout
    done = subprocess.run([*command, "--check"], cwd=copy, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "This commit is the release 7.8.9-rc.1.\n", "")


def test_a_command_that_fails_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r"^`generator build` failed and .*No module named generator$"):
        cut.generate(tmp_path, "build")


def test_the_command_prints_what_to_do_next(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(root, "tag", "--force", "v0.1.0")
    (root / "CHANGELOG.md").write_text(CHANGELOG)
    parser = argparse.ArgumentParser()
    cut.add_arguments(parser)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cut, "cut", lambda root, version, day: "main")
        assert cut.run(parser.parse_args(["--version", "0.2.0", "--source", str(root)])) == 0
    said = capsys.readouterr().out
    assert all(step in said for step in ("git push --atomic origin main v0.2.0", "make publish", "make launch-links"))
