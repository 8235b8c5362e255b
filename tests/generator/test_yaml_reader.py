"""YAML that people edit: plain values keep their spelling all the way to ParallelCluster, faults name file, line and key."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator.errors import GeneratorError
from generator.text.yaml import to_yaml
from generator.text.yaml_reader import Document, read

FILE = "templates/cluster.yaml"
# Plain scalars as SnakeYAML, which reads templates for CloudFormation, resolves them: YAML 1.1, and beside PyYAML numbers
# with an exponent without a sign.
EXPONENT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)[eE][-+]?[0-9]+")
SPELLINGS = [
    *("OFF", "off", "NO", "no", "Yes", "on", "True", "FALSE", "y", "N"),
    *("12:00:00", "1:30:00", "22:30", "-1:30", "190:20:30.15"),
    *("0120", "010", "00012345", "0755", "0o17", "08", "0x1F", "0b11", "1_000", "+1", "-0", "1_0.5"),
    *("1.10", "0.10", "3.10", "1.", ".5", "1e3", "1.5e3", "1.0e+3", ".inf", "-.INF", ".nan"),
    *("2001-12-14", "2001-12-14 21:59:43.10 -5", "2001-12-14t21:59:43Z"),
    *("123456789012", "048591011584", "1" * 40, "-9", "0", "7", "=", "null word", "true", "false"),
]


def content(text: str) -> Any:
    return read(text, FILE).content


def refusal(text: str) -> str:
    """The sentence that the text is refused with."""
    with pytest.raises(GeneratorError) as refused:
        read(text, FILE)
    return str(refused.value)


def template(value: Any) -> str:
    """A written template with that value in a custom resource."""
    return to_yaml({"Resources": {"R": {"Type": "Custom::R", "Properties": {"P": value}}}})


def sent(text: str) -> Any:
    """The value in a written template as CloudFormation sends it to a custom resource: every scalar a text."""
    root = composed(text)
    for key in ("Resources", "R", "Properties", "P"):
        root = next(value for name, value in root.value if name.value == key)
    return _sent(root)


def composed(text: str) -> Any:
    """The node of a YAML text."""
    return yaml.compose(text, Loader=yaml.CSafeLoader)


def _sent(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {_sent(key): _sent(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_sent(item) for item in node.value]
    if not isinstance(node, yaml.ScalarNode) or node.style:
        return node.value
    if EXPONENT.fullmatch(node.value):
        return str(float(node.value.replace("_", "")))
    value = yaml.safe_load(yaml.serialize(node))
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- spelling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_plain_value_reaches_parallelcluster_as_it_was_written(spelling: str) -> None:
    assert sent(template(content(f"- {spelling}")))[0] == spelling


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_plain_key_reaches_parallelcluster_as_it_was_written(spelling: str) -> None:
    assert sent(template(content(f"{spelling}: x"))) == {spelling: "x"}


def scalars() -> st.SearchStrategy[str]:
    """Texts that are plain scalars more often than not, and that YAML 1.1 likes to take for something else."""
    words = st.sampled_from([*SPELLINGS, "~", "null", "<<", "!!int", "!Ref", "&a", "*a", "${A}", "@A@"])
    return st.one_of(
        words,
        st.from_regex(r"[-+]?[0-9._:eExobT+-]{1,12}", fullmatch=True),
        st.lists(words, min_size=1, max_size=3).map(" ".join),
        st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12),
    )


@given(scalars())
@example("1e3")
@example("- ")
@settings(max_examples=400, deadline=None, derandomize=True, database=None)
def test_whatever_is_written_arrives_as_it_was_written_or_is_refused(text: str) -> None:
    source = f"Key: {text}\n"
    try:
        written = template(content(source))
    except GeneratorError as error:
        assert str(error).startswith(FILE)
        return
    except TypeError:
        pytest.fail(f"{source!r} ends in a traceback")
    value = composed(source).value[0][1]
    if isinstance(value, yaml.ScalarNode) and not value.tag.startswith("!"):
        assert sent(written) == {"Key": value.value}


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("false", False), ("0", 0), ("-12", -12), ("999999999", 999999999)]
)
def test_true_false_and_short_integers_stay_what_they_are(text: str, value: Any) -> None:
    found = content(f"- {text}")[0]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize("text", ["'true'", '"60"', "|-\n  60", ">-\n  60", "!!str 60", "''"])
def test_a_quoted_value_is_a_text(text: str) -> None:
    assert isinstance(content(f"a: {text}\n")["a"], str)


def test_values_within_functions_keep_their_spelling_too() -> None:
    assert content("a: !If [Wanted, OFF, 0120]") == {"a": {"Fn::If": ["Wanted", "OFF", "0120"]}}
    assert content("a: !Sub 1.10") == {"a": {"Fn::Sub": "1.10"}}


# -- what has no value ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["~", "null", "Null", ""])
def test_no_value_is_refused_with_file_line_key_and_remedy(text: str) -> None:
    said = refusal(f"A:\n  - B: x\n  - C: {text}\n")
    assert said.startswith(f"{FILE}, line 3: A.1.C: ")
    assert said.endswith("write one, in quotes if it is a word, or leave the key out")


@pytest.mark.parametrize(
    "text",
    [
        "!!set {a, b}",
        "!!omap [a: b]",
        "!!binary aGVs",
        "!!int '5'",
        "!!float '1'",
        "!!python/name:os.system x",
        "!!null x",
    ],
)
def test_a_value_with_another_tag_is_refused(text: str) -> None:
    said = refusal(f"A: {text}\n")
    assert said.startswith(f"{FILE}, line 1: A: ")
    assert "has no place here" in said or "is no value" in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "A:\n  Os: {{ os }}\n",
            "line 2: A.Os: a list or mapping is in the place of a key: quote it if you mean text",
        ),
        ("? [a]\n: b\n", "line 1: a list or mapping is in the place of a key"),
        ("A:\n  ~: b\n", "line 2: A: ~ is no key: quote it"),
        ("!!binary aGVs: b\n", "aGVs is no key: write it without a tag"),
        ("A: !GetRich quick\n", "line 1: A: unknown short form !GetRich: quote it if you mean text"),
        ("A: &a [*a]\n", "line 1: A.0: an alias is part of its own anchor"),
        ("A: " + "[" * 60 + "]" * 60, "nested more than 50 deep"),
        ("A: " + "[" * 3000 + "]" * 3000, " deep"),
    ],
)
def test_what_is_no_text_list_or_mapping_is_refused(text: str, sentence: str) -> None:
    assert sentence in refusal(text)


def test_aliases_that_multiply_without_end_are_refused() -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 9))
    assert "aliases make more than 100000 values" in refusal(f"l0: &l0 [x]\n{levels}\n")


@pytest.mark.parametrize("text", ["a: b: c\n", "a: [\n", "\ta: b\n", "a: \0\n", "a: *b\n", "a: 1\n---\nb: 2\n"])
def test_what_is_not_yaml_is_refused(text: str) -> None:
    assert refusal(text).startswith(f"{FILE} is not valid YAML (")
    assert "unicode string" not in refusal(text)


# -- functions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("!Ref", "!Ref [a]", "!Ref {a: b}", "{Ref: [a]}", "!Sub [a, b]", "!Sub {a: b}", "!Sub [a]", "!If [a, b]"),
        *("!If a", "!If [[a], b, c]", "!Join [a]", "!Join [a, b]", "!Select [a, [b]]", "!Split [a, [b]]", "!GetAtt a"),
        *("!FindInMap [a]", "{'Fn::If': a}"),
    ],
)
def test_a_function_with_arguments_that_it_does_not_take_is_refused(text: str) -> None:
    said = refusal(f"A:\n  - B: {text}\n")
    assert said.startswith(f"{FILE}, line 2: A.0.B: !") and " takes " in said


@pytest.mark.parametrize("text", ["'${USER}'", "${USER}", "['-a', 'x ${!USER} y']", "!Join ['', ['${USER}']]"])
def test_a_variable_that_nothing_would_fill_is_refused(text: str) -> None:
    said = refusal(f"Args: {text}\n")
    assert "line 1: Args" in said
    assert "write !Sub before it, and ${!USER} if you mean this very text" in said


@pytest.mark.parametrize(
    "text", ["!Sub '${A} ${!B}'", "!Sub ['${A}', {A: b}]", "'Fn::Sub': '${A}'", "$HOME", "'{{resolve:ssm:a}}'"]
)
def test_a_variable_that_sub_fills_is_taken(text: str) -> None:
    assert content(f"A: {text}\n" if not text.startswith("'Fn") else f"A: {{{text}}}\n")


# -- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("A: 1\nB: 2\nA: 3\n", "line 3: A: the key occurs twice, in lines 1 and 3: remove one of them"),
        ("A:\n  - B: 1\n    C: 2\n    'B': 3\n", "line 4: A.0.B: the key occurs twice, in lines 2 and 4"),
        ("A: {B: 1, B: 1}\n", "line 1: A.B: the key occurs twice, in lines 1 and 1"),
        ("A: !If\n  - C\n  - B: 1\n    B: 2\n  - x\n", "line 4: A.B: the key occurs twice, in lines 3 and 4"),
        ("A: &a {x: 1}\n<<: *a\n<<: *a\n", "line 3: <<: the key occurs twice, in lines 2 and 3"),
    ],
)
def test_a_key_that_occurs_twice_is_refused_with_both_lines(text: str, sentence: str) -> None:
    assert refusal(text).startswith(f"{FILE}, {sentence}")


def test_a_merge_key_takes_in_what_is_not_there() -> None:
    text = "A: &a {x: 1, y: 2}\nB: &b {y: 3, z: 4}\nC:\n  <<: [*a, *b]\n  x: 5\n"
    assert content(text)["C"] == {"x": 5, "y": 2, "z": 4}
    assert content(text) == yaml.load(text, Loader=yaml.CSafeLoader)


@pytest.mark.parametrize("source", ["x", "[x]", "!Ref x"])
def test_a_merge_key_without_a_mapping_is_refused(source: str) -> None:
    assert "<< takes an alias of a mapping, or a list of such" in refusal(f"A:\n  <<: {source}\n")


# -- lines ------------------------------------------------------------------------------------------------------------

DOCUMENT = "# a comment\nA:\n  - B: x\n  - !If\n    - C\n    - D: y\n    - !Ref AWS::NoValue\n"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), "line 2"),
        (("A",), "line 2: A"),
        (("A", 0, "B"), "line 3: A.0.B"),
        (("A", 1, "Fn::If", 1, "D"), "line 6: A.1.D"),
        (("A", 0, "Missing"), "line 3: A.0.Missing"),
        (("E", "F"), "line 2: E.F"),
    ],
)
def test_a_path_has_the_line_of_the_nearest_key_that_is_there(path: tuple[str | int, ...], place: str) -> None:
    document: Document = read(DOCUMENT, FILE)
    assert document.place(path) == f"{FILE}, {place}"
