"""The parts of every template: values, and a troposphere template that refuses silent replacements."""

from __future__ import annotations

from typing import Any, cast

from troposphere import AWSHelperFn, Ref, Template

from generator.errors import GeneratorError

Value = str | AWSHelperFn
"""The value of a port or a property: a literal or an intrinsic function."""

# Explicit policies for resources that look stateful but hold nothing worth keeping.
GOES_WITH_THE_STACK: dict[str, Any] = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}


def variable(reference: Value) -> str:
    """`${Name}` of a Ref, for the text of a Fn::Sub."""
    return f"${{{cast(Ref, reference).data['Ref']}}}"


class StrictTemplate(Template):
    """A troposphere template in which a second condition or mapping of the same name is an error, not a replacement."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.set_version("2010-09-09")

    def add_condition(self, name: str, condition: AWSHelperFn) -> str:
        """Add a condition that does not exist yet, or exists with the same meaning; returns its name."""
        if name in self.conditions and self.conditions[name] != condition:
            raise GeneratorError(f"condition {name} is defined twice with different meanings: rename one")
        self.conditions[name] = condition
        return name

    def add_mapping(self, name: str, mapping: dict[str, Any]) -> None:
        """Add a mapping; a mapping of this name that exists gains the new second-level keys."""
        existing = self.mappings.setdefault(name, {})
        for top, columns in mapping.items():
            row = existing.setdefault(top, {})
            for column, value in columns.items():
                if row.setdefault(column, value) != value:
                    raise GeneratorError(f"mapping {name}.{top}.{column} has two values: keep one")

    def to_dict(self) -> dict[str, Any]:
        """The template as plain dictionaries and lists; troposphere's own takes twice as long."""
        sections = {
            "Description": self.description,
            "Metadata": self.metadata,
            "Conditions": self.conditions,
            "Mappings": self.mappings,
            "Outputs": self.outputs,
            "Parameters": self.parameters,
            "AWSTemplateFormatVersion": self.version,
            "Rules": self.rules,
            "Resources": self.resources,
        }
        return {name: plain(section) for name, section in sections.items() if section or name == "Resources"}


def plain(node: Any) -> Any:
    """`node` with every troposphere object in it as plain dictionaries and lists."""
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(item) for item in node]
    # The result of to_dict is plain but for the attributes of a resource that has no properties.
    return node if node is None or isinstance(node, (str, int, float)) else plain(node.to_dict())
