"""What greets a stranger at the forge: forms, workflows, the hooks of pre-commit. They call the project's own commands."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from generator.stack import DESCRIPTIONS
from generator.text.sources import ROOT

FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
HOOKS = ROOT / ".pre-commit-config.yaml"


def steps(name: str) -> list[dict[str, Any]]:
    """All steps of a workflow."""
    workflow = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8"))
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def form(name: str) -> dict[str, dict[str, Any]]:
    """The questions of an issue form by their id."""
    body = yaml.safe_load((ROOT / f".github/ISSUE_TEMPLATE/{name}.yml").read_text(encoding="utf-8"))["body"]
    return {part["id"]: part for part in body if "id" in part}


def targets() -> set[str]:
    """Every target of the Makefile that `make help` lists."""
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_continuous_integration_runs_the_projects_own_script() -> None:
    commands = [step["run"] for step in steps("ci") if "run" in step]
    assert commands[-1].split()[-1] == ".ci/run"
    assert not [command for command in commands[:-1] if "apt-get" not in command]


def test_a_tag_is_checked_before_anything_leaves_the_machine() -> None:
    commands = [step.get("run", "") for step in steps("release")]
    for leaving in ("gh release", "make publish"):
        place = next(index for index, command in enumerate(commands) if leaving in command)
        assert any("make release-check" in command for command in commands[:place])


def test_publishing_names_its_bucket_by_a_variable_and_stores_no_key() -> None:
    text = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    assert "vars.RELEASE_BUCKET" in text and "role-to-assume" in text
    assert "secrets." not in text


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_named_with_their_major_version(path: Any) -> None:
    used = [step["uses"] for step in steps(path.stem) if "uses" in step]
    assert used and all(re.fullmatch(r"[\w.-]+/[\w.-]+@v\d+", action) for action in used)


@pytest.mark.parametrize("path", [*WORKFLOWS, *FORMS, HOOKS], ids=lambda path: path.name)
def test_commands_of_make_exist(path: Any) -> None:
    named = set(re.findall(r"(?:`|run: |entry: |^ +)make ([a-z-]+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= targets()


def test_hooks_are_local_and_call_the_pinned_tools_through_make() -> None:
    repositories = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    for hook in repositories[0]["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].split()[0] == "make"


@pytest.mark.parametrize("question", ["why", "version", "region", "parent"])
def test_a_bug_report_asks_for_what_finds_its_cause(question: str) -> None:
    assert form("bug")[question]["validations"]["required"]


def test_a_bug_report_offers_both_parents() -> None:
    options = form("bug")["parent"]["attributes"]["options"]
    assert [option.split(" ")[0] for option in options[: len(DESCRIPTIONS)]] == list(DESCRIPTIONS)


def test_a_vulnerability_is_led_away_from_the_public_issues() -> None:
    config = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/config.yml").read_text(encoding="utf-8"))
    assert not config["blank_issues_enabled"]
    assert "SECURITY.md" in config["contact_links"][0]["about"]


def test_the_security_policy_states_days() -> None:
    assert len(re.findall(r"^\| \d+ days \|", (ROOT / "SECURITY.md").read_text(encoding="utf-8"), re.MULTILINE)) >= 2
