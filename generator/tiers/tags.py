"""The operator's own tags: one answer, `Key=Value,Key=Value`, taken apart for what the stack's tags do not reach."""

from __future__ import annotations

from typing import Any

from troposphere import Equals, If, Join, Not, NoValue, Select, Split

from generator import form
from generator.cfn.template import StrictTemplate, Value
from generator.form.operations import MOST_TAGS

TAGS_GIVEN = "TagsGiven"


def _parted(template: StrictTemplate, operations: form.Operations) -> list[tuple[str, dict[str, Value]]]:
    """Each tag that the operator may give, behind the condition that there are so many; defines the conditions."""
    # Blank ones fill the lists up, since Fn::Select refuses a place that a list does not have.
    every = Split(",", Join("", [operations.tags, "," * (MOST_TAGS - 1)]))
    found: list[tuple[str, dict[str, Value]]] = []
    for index in range(MOST_TAGS):
        tag = Select(index, every)
        given = f"Tag{index + 1}Given" if index else TAGS_GIVEN
        template.add_condition(given, Not(Equals(tag if index else operations.tags, "")))
        parts = Split("=", Join("", [tag, "="]))
        found.append((given, {"Key": Select(0, parts), "Value": Select(1, parts)}))
    return found


def own_tags(template: StrictTemplate, operations: form.Operations) -> list[If]:
    """The operator's tags, for a list that holds others as well."""
    return [If(given, tag, NoValue) for given, tag in _parted(template, operations)]


def only_tags(template: StrictTemplate, operations: form.Operations) -> list[Any]:
    """The operator's tags as a list of their own, which is to be used only under the condition TAGS_GIVEN."""
    (_, first), *others = _parted(template, operations)
    return [first, *(If(given, tag, NoValue) for given, tag in others)]


def if_tagged(template: StrictTemplate, operations: form.Operations) -> If:
    """The operator's tags as a whole property, or nothing: some services refuse a list without any."""
    return If(TAGS_GIVEN, only_tags(template, operations), NoValue)
