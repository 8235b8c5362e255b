"""Logical ids are the stack's API towards its own next version: another id replaces or deletes what it stood for.

Above all those of the portal's groups: a group of another id, or one that is replaced, needs the network interface that the
old one holds, and neither the one nor the other can go on.

A change here is a change for those who run the stack: say in CHANGELOG.md what an update replaces, then rewrite the list
with `.venv/main/bin/python -m tests.generator.test_logical_ids`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.built import NAMES, templates

LIST = Path(__file__).with_name("logical_ids.txt")


def listed() -> list[str]:
    """One line for each resource, parameter and output of every template: template, section, id and type."""
    return sorted(
        f"{name} {section} {title} {body.get('Type', '')}".rstrip()
        for name, template in templates().items()
        for section in ("Parameters", "Resources", "Outputs")
        for title, body in template.get(section, {}).items()
        # Those of a nested template are between it and its parent alone, but for resources.
        if section == "Resources" or name.startswith("main")
    )


def test_the_ids_are_those_of_the_list() -> None:
    known, now = set(LIST.read_text().splitlines()), set(listed())
    assert sorted(known - now) == [], "gone: an update would delete these; see the first lines of this module"
    assert sorted(now - known) == [], "new: add them to the list; see the first lines of this module"


def test_the_list_is_sorted_and_names_each_once() -> None:
    lines = LIST.read_text().splitlines()
    assert lines == sorted(set(lines))


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_letters_and_digits_and_never_a_position_without_a_zone(name: str) -> None:
    """A number at the end is that of a zone, or of a port: with a third zone, those of the first two stay."""
    three = templates(3)[name]
    for title in templates()[name]["Resources"]:
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]{0,254}", title)
        assert title in three["Resources"], f"{title} is gone with a third zone"
    new = {title for title in three["Resources"] if title not in templates()[name]["Resources"]}
    assert all("3" in title for title in new), new


def test_names_of_nested_stacks_leave_room() -> None:
    """A nested stack's name is the parent's, the id and 14 characters; the parent's may have 40, all in all 128."""
    deepest = max(
        len(parent) + len(title) + 2 * 14
        for parent in templates()["main"]["Resources"]
        for name in NAMES
        for title, body in templates()[name]["Resources"].items()
        if body["Type"] == "AWS::CloudFormation::Stack"
    )
    assert 40 + deepest <= 128


if __name__ == "__main__":
    LIST.write_text("\n".join(listed()) + "\n")
