"""Values that nested stacks hand out: what AWS refuses to do with them before the stacks exist.

A change set that includes nested stacks puts a placeholder in the place of each such value (the text "{{IntrinsicFunction:
…}}" of aws-cloudformation/cfn-language-discussion#152). It is no image id and has no second part, so a typed parameter or a
Fn::Select refuses it (cloudformation-coverage-roadmap#759); a condition would be decided by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from generator.cfn.references import references
from generator.stack import MAX_ZONES
from tests.support.built import NAMES, templates, walk

STACK = "AWS::CloudFormation::Stack"
# Functions that need to know the text; Fn::Join and Fn::Sub take a placeholder as it is.
READERS = ("Fn::Select", "Fn::Split", "Fn::Cidr", "Fn::FindInMap")


def child(body: dict[str, Any]) -> str:
    """The template of ours that a nested stack is made from; blank for one of AWS's."""
    file = str(body["Properties"]["TemplateURL"]).rsplit("/", 1)[-1]
    return next((name for name in NAMES if file.startswith(f"{name}.template.yaml")), "")


def unknown(node: Any, name: str, fed: frozenset[str]) -> bool:
    """Whether `node` in the template `name` refers to a nested stack, or to a parameter of `fed`."""
    nested = {title for title, body in templates(MAX_ZONES)[name]["Resources"].items() if body["Type"] == STACK}
    return any(found.kind == "name" and found.name in nested | fed for found in references(node))


@cache
def fed() -> dict[str, frozenset[str]]:
    """By template, the parameters that a nested stack's value reaches, however many templates it passes."""
    found: dict[str, set[str]] = {name: set() for name in NAMES}
    while True:
        before = sum(map(len, found.values()))
        for name in NAMES:
            for body in templates(MAX_ZONES)[name]["Resources"].values():
                if body["Type"] == STACK and child(body):
                    handed = body["Properties"].get("Parameters", {})
                    found[child(body)] |= {
                        key for key, value in handed.items() if unknown(value, name, frozenset(found[name]))
                    }
        if sum(map(len, found.values())) == before:
            return {name: frozenset(names) for name, names in found.items()}


def read(name: str) -> Iterator[tuple[Any, ...]]:
    """Where the template takes a value of a nested stack apart."""
    for path, node in walk(templates(MAX_ZONES)[name]):
        if isinstance(node, dict):
            for function in READERS:
                if function in node and unknown(node[function], name, fed()[name]):
                    yield (*path, function)


def test_values_of_nested_stacks_reach_other_templates() -> None:
    assert all(fed()[name] for name in ("portal", "monitoring", "clusters"))
    assert not fed()["main"]


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_that_another_stack_feeds_is_a_string(name: str) -> None:
    parameters = templates(MAX_ZONES)[name].get("Parameters", {})
    assert {key: parameters[key]["Type"] for key in fed()[name] if parameters[key]["Type"] != "String"} == {}


@pytest.mark.parametrize("name", NAMES)
def test_no_value_of_another_stack_is_taken_apart(name: str) -> None:
    assert list(read(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_condition_or_rule_depends_on_another_stack(name: str) -> None:
    template = templates(MAX_ZONES)[name]
    asked = {section: template.get(section, {}) for section in ("Conditions", "Rules")}
    assert not unknown(asked, name, fed()[name])
