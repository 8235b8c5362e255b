"""Templates as YAML that a person reads with pleasure, and the way back. Files that people edit: yaml_reader.py.

Documented order of sections, `Type` first in a resource, short forms of the intrinsic functions, short lists on one
line, scripts as literal blocks. The bytes depend on the template alone: no clock, no locale, no hash seed.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import yaml

from generator.errors import GeneratorError
from generator.text.intrinsics import LONG_FORMS, SHORT_FORMS

try:
    from yaml import CSafeDumper, CSafeLoader
except ImportError:
    # Its own dumper writes other bytes.
    raise GeneratorError("PyYAML lacks libyaml here: install one of its wheels (`make clean`, then again)") from None

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

# The end of a line before a section, or before a parameter, rule or resource that is not the first of its section.
SECTION_END = re.compile(r"\n(?=(?:Metadata|Parameters|Rules|Mappings|Conditions|Resources|Outputs):\n)")
BLOCK_END = re.compile(r"(?<!:)\n(?=  [A-Z]\w*:\n    (?:Type|RuleCondition|Assertions):)")
STR, INT, FLOAT, BOOL, MAP, SEQ = (
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "map", "seq")
)
# The rule: a text is quoted that any reader may take for something else than a text. Readers differ: YAML 1.1 (its types'
# pages, and PyYAML), YAML 1.2's core schema, SnakeYAML (Java) and go-yaml. What one of them takes for a number, a boolean,
# null, a date or a sign of its own stands here, whatever the others say: 048591011584, 1e3, 3.16.1, 1:30, 0o17, y, ~.
MISREAD = re.compile(
    r"""
      [-+]? (?: [0-9][0-9_]* | [0-9_]* \. [0-9._]* ) (?: [eE] [-+]? [0-9]+ )?  # decimal
    | [-+]? [0-9][0-9_]* (?: : [0-5]?[0-9] )+ (?: \. [0-9_]* )?                # base 60
    | [-+]? 0 (?: [xX] [0-9a-fA-F_]+ | [bB] [-+]? [01_]+ | [oO] [-+]? [0-7_]+ )
    | [-+]? \. (?i: inf | nan )
    | (?i: y | n | yes | no | on | off | true | false | null )
    | ~ | << | = |
    | [0-9]{4} - [0-9]{1,2} - [0-9]{1,2} (?: [tT\s] .* )?                       # a day, perhaps with its time
    """,
    re.VERBOSE,
)
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


@cache
def _style(text: str) -> str | None:
    """How a text is written: a script as a block, a text that some reader would not take for one in quotes."""
    return "|" if "\n" in text else "'" if MISREAD.fullmatch(text) else None


def _node(data: Any) -> yaml.Node:
    """The YAML node of a plain value; intrinsic functions take their short form."""
    if isinstance(data, str):
        return yaml.ScalarNode(STR, data, style=_style(data))
    if isinstance(data, dict):
        return _mapping(data)
    if isinstance(data, list):
        return _sequence(data)
    if isinstance(data, bool):
        return yaml.ScalarNode(BOOL, "true" if data else "false")
    if isinstance(data, int):
        return yaml.ScalarNode(INT, str(data))
    if isinstance(data, float):
        return yaml.ScalarNode(FLOAT, repr(data))
    raise TypeError(f"{data!r} has no place in a template")


def _mapping(data: dict[str, Any]) -> yaml.Node:
    if len(data) == 1:
        ((key, value),) = data.items()
        tag = SHORT_FORMS.get(key)
        if tag and (key != "Condition" or isinstance(value, str)):
            if key == "Fn::GetAtt" and isinstance(value, list) and all(isinstance(part, str) for part in value):
                value = ".".join(value)
            node = _node(value)
            if not node.tag.startswith("!"):  # else the value is a short form itself, and a node has but one tag
                node.tag = tag
                return node
    flow = not data or list(data) == ["default"]  # a label of the console's form takes one line
    return yaml.MappingNode(MAP, [(_node(key), _node(value)) for key, value in data.items()], flow_style=flow)


def _sequence(data: list[Any]) -> yaml.Node:
    items = [_node(item) for item in data]
    flow = all(map(_is_word, data)) or sum(map(_width, items)) < FLOW
    return yaml.SequenceNode(SEQ, items, flow_style=flow)


def _is_word(item: Any) -> bool:
    """Whether an item of a list is a number or a name, many of which read well in a paragraph."""
    return isinstance(item, int) or (isinstance(item, str) and item.isalnum())


def _width(node: yaml.Node) -> float:
    """Columns that `node` takes on one line with its tag and separator; infinite for what cannot stand on one line."""
    tag = len(node.tag) + 1 if node.tag.startswith("!") else 0
    if isinstance(node, yaml.ScalarNode):
        return float("inf") if node.style == "|" else len(node.value) + tag + 2
    if isinstance(node, yaml.SequenceNode) and node.flow_style:
        return sum(map(_width, node.value)) + tag + 4
    return float("inf")


RESOLVER = yaml.resolver.Resolver()


@cache
def _plain_tag(text: str, implicit: tuple[bool, bool]) -> str:
    """The tag that PyYAML gives a plain scalar; asked once for each text, since templates repeat their words."""
    return str(RESOLVER.resolve(yaml.ScalarNode, text, implicit))


class _Dumper(CSafeDumper):
    """libyaml's dumper with a memory for plain scalars."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> Any:
        """The tag of a node, as PyYAML resolves it."""
        return _plain_tag(value, implicit) if kind is yaml.ScalarNode else super().resolve(kind, value, implicit)


def to_yaml(template: dict[str, Any], heading: str = "") -> str:
    """The template as YAML text; each line of `heading` becomes a comment on top."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in heading.splitlines())
    text: str = yaml.serialize(_node(arranged(template)), Dumper=_Dumper, width=LINE, allow_unicode=True)
    # A blank line before each section and each resource; scripts and lists are indented deeper than that.
    return comment + BLOCK_END.sub("\n\n", SECTION_END.sub("\n\n", text))


class _Loader(CSafeLoader):
    """Reads short forms of the intrinsic functions as their long ones."""


def _intrinsic(loader: Any, suffix: str, node: yaml.Node) -> Any:
    tag = f"!{suffix}"
    if tag not in LONG_FORMS:
        raise yaml.MarkedYAMLError(problem=f"unknown short form {tag}", problem_mark=node.start_mark)
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if tag == "!GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {LONG_FORMS[tag]: value}


_Loader.add_multi_constructor("!", _intrinsic)


def load_yaml(text: str) -> Any:
    """Read YAML with short forms into plain dictionaries with long forms; the way back of `to_yaml`.

    Raises yaml.YAMLError for what is not YAML.
    """
    return yaml.load(text, Loader=_Loader)
