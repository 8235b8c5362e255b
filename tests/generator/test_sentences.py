"""Every sentence that tells of a failure says what to do: behind a colon or semicolon, as a command, or as a question.

What is read here is the source, so that a new sentence is held to it before anybody has met the failure. Whether the
sentence says it well no test can tell; the functions', rules' and scripts' own tests hold the words.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.text.sources import ROOT

# A second sentence ("See the log.") or a demand ("must be one line") says it too.
REMEDY = re.compile(r"[:;.] ['`(]?[a-zA-Z].*|\?$| must \w+", re.DOTALL)
ERRORS = {"GeneratorError", "Fault"}
FINDINGS = {"Wrong", "Warn"}  # preflight's: parameter, sentence
# Where others' words are passed on, or a sentence is made whole elsewhere.
PASSED_ON = {"generator/aws.py", "generator/text/packed_files.py", "generator/text/yaml_reader.py"}
WHOLE_ELSEWHERE = ("… …", "Faults found: …, all in the log. …")


def python(path: Path) -> Iterator[str]:
    """The texts of the errors that a module raises and of its faults, each expression in them as …"""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name in (*ERRORS, *FINDINGS) and node.args:
            text = spelled(node.args[1 if name in FINDINGS else 0])
            yield from [text] if text else []


def spelled(node: ast.expr) -> str:
    """A text or f-string with … for what is computed, but a remedy; blank for anything else."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else computed(part) for part in node.values)
    return ""


def computed(part: ast.expr) -> str:
    """What stands for a computed part."""
    name = getattr(getattr(part, "value", None), "id", "")
    return name if name in ("remedy", "REMEDY") else "…"


def shell(path: Path) -> Iterator[str]:
    """What a script's `fail` is called with; a text that goes on in the next line is taken whole."""
    text = re.sub(r'" \\\n\s*"', " ", path.read_text(encoding="utf-8"))
    for call in re.finditer(
        r'(?<![\w$#])fail "((?:\$\{[^}]*\}|[^"\\$]|\\.|\$\([^()]*(?:"[^"]*"[^()]*)*\)|\$)*)"', text
    ):
        yield call[1]


def sentences() -> list[object]:
    """Every sentence, with the file it stands in."""
    functions = [path for path in ROOT.glob("lambda/**/*.py") if not path.name.startswith("test_")]
    code = [*ROOT.glob("generator/**/*.py"), *functions]
    scripts = [*ROOT.glob("userdata/**/*.sh")]
    found = [(path, text) for path in sorted(code) for text in python(path)]
    found += [(path, text) for path in sorted(scripts) for text in shell(path)]
    named = [(str(path.relative_to(ROOT)), text) for path, text in found]
    return [
        pytest.param(path, text, id=f"{path}: {text[:60]}")
        for path, text in named
        if path not in PASSED_ON and text not in WHOLE_ELSEWHERE
    ]


@pytest.mark.parametrize(("path", "text"), sentences())
def test_a_failure_s_sentence_says_what_to_do(path: str, text: str) -> None:
    assert REMEDY.search(text), f"{path}: say what to do in: {text}"


def test_the_search_finds_sentences_everywhere() -> None:
    places = [str(param.values[0]) for param in sentences()]  # type: ignore[attr-defined]
    assert len(places) > 150
    for place in (
        "generator/operate/",
        "lambda/preflight/handler.py",
        "lambda/preflight/checks/",
        "lambda/assets/",
        "userdata/header.sh",
        "userdata/cluster/",
    ):
        assert [found for found in places if found.startswith(place)], place
    steps = {place for place in places if "/steps/" in place}
    with_fail = {p for p in ROOT.glob("userdata/portal/**/steps/*.sh") if 'fail "' in p.read_text(encoding="utf-8")}
    assert len(steps) == len(with_fail)
