"""Templates as YAML: the way back is exact, with this project's reader and with those of others, and people can read it."""

from __future__ import annotations

import re
from typing import Any

import cfn_flip
import pytest
import yaml
from cfnlint.decode import cfn_yaml as cfnlint_yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.release.outputs import MAX_TEMPLATE_BYTES
from generator.text import yaml as cfn_yaml
from tests.support.built import NAMES, templates, texts

SCRIPT = """\
#!/bin/bash
set -eu
cat > /etc/env <<'END'
A='${Here}'   # spaces, then a comment: "quoted" and 'quoted'

END
    indented: yes
"""
CONSTRUCTS: dict[str, Any] = {
    "script": SCRIPT,
    "script without a last newline": SCRIPT.rstrip("\n"),
    "script with more newlines": SCRIPT + "\n\n",
    "script that begins with blanks": "  two\nnone\n",
    "script that begins with a newline": "\nnone\n",
    "Base64 of Sub": {"Fn::Base64": {"Fn::Sub": SCRIPT}},
    "Base64 of Sub with variables": {"Fn::Base64": {"Fn::Sub": [SCRIPT, {"Here": {"Ref": "AWS::Region"}}]}},
    "Sub with variables": {"Fn::Sub": ["${A}", {"A": {"Fn::If": ["C", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]}}]},
    "GetAtt": {"Fn::GetAtt": ["A", "Outputs.B"]},
    "GetAtt of a Ref": {"Fn::GetAtt": ["A", {"Ref": "B"}]},
    "Join of a Split of a Ref": {"Fn::Join": ["-", {"Fn::Split": [".", {"Ref": "A"}]}]},
    "Select of GetAZs": {"Fn::Select": ["0", {"Fn::GetAZs": ""}]},
    "Select of Cidr": {"Fn::Select": [0, {"Fn::Cidr": [{"Ref": "A"}, 8, {"Fn::If": ["C", 13, 11]}]}]},
    "FindInMap": {"Fn::FindInMap": ["M", {"Ref": "AWS::Partition"}, "K"]},
    "logic": {"Fn::Or": [{"Fn::Not": [{"Condition": "A"}]}, {"Fn::And": [{"Condition": "A"}, {"Condition": "B"}]}]},
    "condition of a policy": {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    "a rule's function": {"Fn::Contains": [["a", "b"], {"Ref": "A"}]},
    "words that YAML 1.1 reads as booleans": ["yes", "no", "on", "off", "y", "n", "true", "false", "null", "~", "Yes"],
    "numbers as strings": ["0", "1", "08", "010", "1.5", "1e3", "0x10", "1_000", "12:30:45", ".inf", "-1", "+1", "="],
    "dates as strings": ["2010-09-09", "2012-10-17", "2001-12-14 21:59:43.10 -5"],
    "numbers": [0, 1, -1, 0.5, 1.0, 51200, 10**15],
    "booleans": [True, False],
    "empty": [{}, [], "", {"a": {}, "b": [], "c": ""}],
    "nothing but blanks": [" ", "  ", " a", "a "],
    "punctuation": ["*", "&a", "!a", "%a", "@a", "`a", "{", "[", "- a", "? a", "a: b", "a #b", "#", "'", '"', "|", ">"],
    "dynamic reference": {"Fn::Sub": "{{resolve:secretsmanager:${A}}}"},
    "unicode": ["naïve — “quoted” 日本語", "\u00e9\nzwei\n"],
    "long string": "word " * 60 + "end",
    "long string without blanks": "x" * 400,
    "long string with quotes": "it's " * 60 + "end",
    "keys": {"yes": "a", "1": "b", "a b": "c", "AWS::Region": "d", "elasticfilesystem:Client": "e"},
    "deep": {"a": [[["x"], [{"Ref": "A"}]], [{"b": [{"c": "d"}]}]]},
}


def long_form(node: Any) -> Any:
    """The plain form of what another library's reader made of a template."""
    if isinstance(node, dict):
        return {str(key): long_form(value) for key, value in node.items()}
    if isinstance(node, list):
        return [long_form(item) for item in node]
    return str(node) if isinstance(node, str) else node


def decode_like_cfn_lint(text: str) -> Any:
    return long_form(cfnlint_yaml.loads(text))


def flip(text: str) -> Any:
    return long_form(cfn_flip.load(text)[0])


def in_template(value: Any) -> dict[str, Any]:
    return {"Resources": {"R": {"Type": "Custom::R", "Properties": {"P": value}}}}


@pytest.mark.parametrize("name", NAMES)
def test_every_template_loads_back_to_the_same(name: str) -> None:
    assert cfn_yaml.load_yaml(texts()[name]) == templates()[name]


@pytest.mark.parametrize("name", NAMES)
def test_cfn_lint_and_cfn_flip_read_every_template_the_same(name: str) -> None:
    assert decode_like_cfn_lint(texts()[name]) == templates()[name]
    assert flip(texts()[name]) == templates()[name]


@pytest.mark.parametrize(
    ("construct", "load"),
    [
        (construct, load)
        for construct in CONSTRUCTS
        for load in (cfn_yaml.load_yaml, decode_like_cfn_lint, flip)
        # cfn_flip drops a function in the place of an attribute's name.
        if (construct, load) != ("GetAtt of a Ref", flip)
    ],
)
def test_every_construct_loads_back_to_the_same(construct: str, load: Any) -> None:
    template = in_template(CONSTRUCTS[construct])
    assert load(cfn_yaml.to_yaml(template)) == template


# Printable text and the newline: what a template may hold.
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp")) | st.just("\n"))
VALUES = st.recursive(
    st.booleans() | st.integers(-(10**9), 10**9) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcXYZ:-_ 01", min_size=1), inner, max_size=4)
        | st.fixed_dictionaries({"Fn::Sub": TEXT})
        | st.fixed_dictionaries({"Fn::If": st.lists(inner, min_size=2, max_size=3)})
    ),
    max_leaves=12,
)


@given(VALUES)
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_any_value_loads_back_to_the_same(value: Any) -> None:
    assert cfn_yaml.load_yaml(cfn_yaml.to_yaml(in_template(value))) == in_template(value)


def keys_in_order(keys: list[str], order: tuple[str, ...]) -> bool:
    known = [order.index(key) for key in keys if key in order]
    return known == sorted(known)


@pytest.mark.parametrize("name", NAMES)
def test_sections_stand_in_their_documented_order(name: str) -> None:
    found = re.findall(r"^(\w+):", texts()[name], re.MULTILINE)
    assert set(found) <= set(cfn_yaml.SECTIONS)
    assert keys_in_order(found, cfn_yaml.SECTIONS)
    assert found[:2] == ["AWSTemplateFormatVersion", "Description"]
    assert found[-1] in ("Outputs", "Resources")


@pytest.mark.parametrize("name", NAMES)
def test_a_type_comes_first_and_properties_last(name: str) -> None:
    read = cfn_yaml.load_yaml(texts()[name])  # a dictionary keeps the order of the file
    for title, body in read["Resources"].items():
        assert next(iter(body)) == "Type", title
        assert list(body)[-1] == "Properties" or "Properties" not in body, title
        assert keys_in_order(list(body), cfn_yaml.RESOURCE), title
    for title, body in read.get("Parameters", {}).items():
        assert next(iter(body)) == "Type", title
        assert keys_in_order(list(body), cfn_yaml.PARAMETER), title


@pytest.mark.parametrize("name", NAMES)
def test_scripts_are_literal_blocks_without_tabs_and_trailing_blanks(name: str) -> None:
    text = texts()[name]
    assert "\t" not in text
    assert not re.search(r"[ \t]+$", text, re.MULTILINE)
    assert "\\n" not in re.sub(r"^ +.*$", lambda line: line[0] if ': "' in line[0] else "", text, flags=re.MULTILINE)
    for node in nodes(yaml.compose(text, Loader=yaml.CSafeLoader)):
        if isinstance(node, yaml.ScalarNode) and "\n" in node.value:
            assert node.style == "|", node.value[:80]


def nodes(node: yaml.Node | None) -> list[yaml.Node]:
    """`node` and all under it."""
    if isinstance(node, yaml.MappingNode):
        return [node, *(found for pair in node.value for part in pair for found in nodes(part))]
    if isinstance(node, yaml.SequenceNode):
        return [node, *(found for item in node.value for found in nodes(item))]
    return [node] if node else []


@pytest.mark.parametrize("name", ["preflight", "assets", "portal"])
def test_the_templates_with_scripts_have_blocks(name: str) -> None:
    assert re.search(r"(ZipFile: \||Fn::Sub:? \||!Sub\n +- \||!Sub \|)", texts()[name]), name


@pytest.mark.parametrize("name", NAMES)
def test_every_template_is_below_the_size_that_cloudformation_takes_by_url(name: str) -> None:
    # Room for the heading that `make templates` puts on top is in the committed files, which the stale check compares.
    assert MAX_TEMPLATE_BYTES == 460_800
    assert len(texts()[name].encode()) < MAX_TEMPLATE_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_lines_fit_a_screen(name: str) -> None:
    long = [
        line
        for line in texts()[name].splitlines()
        if len(line) > 160
        and " " in line.strip()
        and not re.search(r"(TemplateURL|DashboardBody|AllowedPattern)", line)
    ]
    assert not [line for line in long if not line.lstrip().startswith(("'{", '{"'))], long[:3]


@pytest.mark.parametrize("bad", [None, b"x", {"a": {1, 2}}, object()])
def test_what_has_no_place_in_a_template_is_refused(bad: Any) -> None:
    with pytest.raises(TypeError, match="has no place in a template"):
        cfn_yaml.to_yaml(in_template(bad))


# What readers take for no text: the patterns of yaml.org/type (YAML 1.1), of YAML 1.2's core schema, of SnakeYAML's
# Resolver.java and of go-yaml's resolve.go.
READERS = {
    "YAML 1.1": [
        r"y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
        r"[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+",
        r"[-+]?([0-9][0-9_]*)?\.[0-9.]*([eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*",
        r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|~|null|Null|NULL|<<|=|",
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
        r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?"
        r"(([ \t]*)Z|[-+][0-9]{1,2}(:[0-9]{2})?)?",
    ],
    "YAML 1.2": [
        r"null|Null|NULL|~||true|True|TRUE|false|False|FALSE",
        r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
    ],
    "SnakeYAML": [
        r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
        r"[-+]?([0-9][0-9_]*)\.[0-9_]*([eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9][0-9_]*([eE][-+]?[0-9]+)?",
        r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*|[-+]?0b_*[0-1][0-1_]*|[-+]?0[0-7_]+|[-+]?0x_*[0-9a-fA-F][0-9a-fA-F_]*",
    ],
    "go-yaml": [
        r"[-+]?0[xX][0-9a-fA-F_]+|[-+]?0[bB][-+]?[01_]+|[-+]?0[oO][-+]?[0-7_]+|[-+]?[0-9][0-9_]*",
        r"[-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|[+-]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9:.]+([Zz]|[-+][0-9:]+)?)?",
    ],
}
EVERY = [re.compile(pattern, re.ASCII) for patterns in READERS.values() for pattern in patterns]


def misread(text: str) -> list[str]:
    """The plain scalars of a YAML text that stand for strings, and that some reader takes for something else."""
    nodes = [yaml.compose(text, Loader=yaml.CSafeLoader)]
    found = []
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.ScalarNode):
            plain = node.style is None and node.tag not in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
            if plain and node.tag != "tag:yaml.org,2002:bool" and any(each.fullmatch(node.value) for each in EVERY):
                found.append(node.value)
        elif isinstance(node, yaml.MappingNode):
            nodes += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
    return found


@pytest.mark.parametrize("name", NAMES)
def test_no_reader_takes_a_text_of_a_template_for_something_else(name: str) -> None:
    assert misread(texts()[name]) == []


@settings(max_examples=1500, deadline=None)
@given(
    st.one_of(
        *(st.from_regex(each, fullmatch=True) for each in EVERY),
        st.text(alphabet="0123456789.eExXoObB_:-+tTzZ yYnN~=<"),
    )
)
def test_no_reader_takes_a_quoted_text_for_something_else(text: str) -> None:
    written = cfn_yaml.to_yaml({"Description": text, text: [text, {"Ref": text}]})
    assert misread(written) == [] and cfn_yaml.load_yaml(written)["Description"] == text


@pytest.mark.parametrize(
    "text", ["048591011584", "012345678910", "1e3", "3.16.1", "1:30", "0o17", "0X1F", "No", "~", "2012-10-17"]
)
def test_a_text_that_looks_like_something_else_is_quoted(text: str) -> None:
    assert cfn_yaml.to_yaml({"Description": text}) == f"Description: '{text}'\n"


@pytest.mark.parametrize("text", ["10.0.0.0/16", "m6i.xlarge", "us-east-1a", "cron(0 3 * * ? *)", "1.2.3-4x", "NOT"])
def test_a_text_that_nobody_misreads_stays_plain(text: str) -> None:
    assert cfn_yaml.to_yaml({"Description": text}) == f"Description: {text}\n"
