"""Templates as YAML that a person reads with pleasure, and the way back.

Documented order of sections, `Type` first in a resource, short forms of the intrinsic functions, short lists on one
line, scripts as literal blocks. The bytes depend on the template alone: no clock, no locale, no hash seed.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

try:
    from yaml import CSafeDumper as BaseDumper
    from yaml import CSafeLoader as BaseLoader
except ImportError:  # PyYAML without libyaml: slower, the same bytes
    from yaml import SafeDumper as BaseDumper  # type: ignore[assignment]
    from yaml import SafeLoader as BaseLoader  # type: ignore[assignment]

# The order of the CloudFormation user guide, "Template sections", with what a reader wants to see first up front.
SECTIONS = (
    "AWSTemplateFormatVersion",
    "Description",
    "Transform",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Resources",
    "Outputs",
)
RESOURCE = (
    "Type",
    "Condition",
    "DependsOn",
    "CreationPolicy",
    "UpdatePolicy",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Metadata",
    "Properties",
)
PARAMETER = (
    "Type",
    "Description",
    "Default",
    "AllowedValues",
    "AllowedPattern",
    "MinValue",
    "MaxValue",
    "ConstraintDescription",
)
RULE = ("RuleCondition", "Assertions")

# Functions of Rules (Fn::Contains, …) have no documented short form and keep their long one.
SHORT_FORMS = {
    "Ref": "!Ref",
    "Condition": "!Condition",
    **{
        f"Fn::{name}": f"!{name}"
        for name in (
            *("And", "Equals", "If", "Not", "Or"),
            *("Base64", "Cidr", "FindInMap", "GetAtt", "GetAZs", "ImportValue", "Join", "Select", "Split", "Sub"),
        )
    },
}
LONG_FORMS = {short: long for long, short in SHORT_FORMS.items()}
BEFORE_A_BLOCK = re.compile(r"(?<=\n)^(?=(Metadata|Parameters|Rules|Mappings|Conditions|Resources|Outputs):)|(?<!:\n)^(?=  [A-Z]\w+:\n    (Type|RuleCondition|Assertions):)", re.M)
LINE = 120
FLOW = 88


def ordered(mapping: dict[str, Any], order: tuple[str, ...]) -> dict[str, Any]:
    """`mapping` with the keys of `order` first, in that order."""
    return {key: mapping[key] for key in order if key in mapping} | mapping


def arranged(template: dict[str, Any]) -> dict[str, Any]:
    """The template with its sections, resources, parameters and rules in reading order."""
    result = ordered(template, SECTIONS)
    for section, order in (("Parameters", PARAMETER), ("Rules", RULE), ("Resources", RESOURCE)):
        if section in result:
            result[section] = {name: ordered(body, order) for name, body in result[section].items()}
    return result


class _Dumper(BaseDumper):
    """Writes intrinsic functions in short form; two equal objects are written twice, never as an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True




def _mapping(dumper: _Dumper, data: dict[str, Any]) -> yaml.Node:
    if len(data) == 1:
        ((key, value),) = data.items()
        tag = SHORT_FORMS.get(key)
        if tag and (key != "Condition" or isinstance(value, str)):
            if key == "Fn::GetAtt" and isinstance(value, list) and all(isinstance(part, str) for part in value):
                value = ".".join(value)
            if isinstance(value, str):
                return dumper.represent_scalar(tag, value, style="|" if "\n" in value else None)
            node = dumper.represent_data(value)
            if not node.tag.startswith("!"):  # else the value is a short form itself, and a node has but one tag
                node.tag = tag
                return node
    return yaml.MappingNode(
        "tag:yaml.org,2002:map",
        [(dumper.represent_data(key), dumper.represent_data(value)) for key, value in data.items()],
        flow_style=not data,
    )


def _sequence(dumper: _Dumper, data: list[Any]) -> yaml.Node:
    items = [dumper.represent_data(item) for item in data]
    numbers = all(node.tag == "tag:yaml.org,2002:int" for node in items)
    flow = numbers or sum(map(_width, items)) < FLOW
    return yaml.SequenceNode("tag:yaml.org,2002:seq", items, flow_style=flow)


def _width(node: yaml.Node) -> float:
    """Columns that `node` takes on one line with its tag and separator; infinite for what cannot stand on one line."""
    tag = len(node.tag) + 1 if node.tag.startswith("!") else 0
    if isinstance(node, yaml.ScalarNode):
        return float("inf") if "\n" in node.value else len(node.value) + tag + 2
    if isinstance(node, yaml.SequenceNode) and node.flow_style:
        return sum(map(_width, node.value)) + tag + 4
    return float("inf")


def _string(dumper: _Dumper, data: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(list, _sequence)
_Dumper.add_representer(str, _string)


def to_yaml(template: dict[str, Any], heading: str = "") -> str:
    """The template as YAML text; each line of `heading` becomes a comment on top."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in heading.splitlines())
    text: str = yaml.dump(arranged(template), Dumper=_Dumper, sort_keys=False, width=LINE, allow_unicode=True)
    # A blank line before each section and each resource; scripts and lists are indented deeper than that.
    return comment + BEFORE_A_BLOCK.sub("\n", text)


class _Loader(BaseLoader):
    """Reads short forms of the intrinsic functions as their long ones."""


def _intrinsic(loader: Any, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if tag == "!GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {LONG_FORMS[tag]: value}


for _tag in LONG_FORMS:
    _Loader.add_constructor(_tag, lambda loader, node, tag=_tag: _intrinsic(loader, tag, node))


def load_yaml(text: str) -> Any:
    """Read YAML with short forms into plain dictionaries with long forms; the way back of `to_yaml`.

    Raises yaml.YAMLError for what is not YAML.
    """
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with tags added
