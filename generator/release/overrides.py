"""The operator's own answers to taskcat's scenarios: .taskcat_overrides.yml, and `general.parameters` in ~/.taskcat.yml.

taskcat takes what YAML makes of an answer (`no` for False, 010 for 8), and drops without a word what no template asks
for. So the answers are read here as they are typed, and refused with file and line where the form would refuse them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from yaml import CSafeLoader

from generator.errors import GeneratorError
from generator.form.answers import fits, misfit

NULL = "tag:yaml.org,2002:null"
PLAIN = {NULL, *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "timestamp"))}
SECTIONS = ("general", "project", "tests", "parameters", "global")  # of taskcat's other files
Questions = Mapping[str, Mapping[str, Any]]


def read(path: Path, questions: Questions) -> dict[str, str]:
    """The answers in a file of overrides, `NAME: answer` a line, to the form's `questions` (parameters by name).

    Raises GeneratorError with file and line for whatever does not fit; a placeholder of taskcat's fits everything.
    """
    found: dict[str, str] = {}
    for name, node in _pairs(path, _root(path)):
        where = _place(path, node)
        if name in SECTIONS and not isinstance(node, yaml.ScalarNode):
            raise GeneratorError(f"{where}: {name} is a section of taskcat's other files: write NAME: answer alone.")
        if name not in questions:
            raise GeneratorError(f"{where}: {name} is no question of the form: take it out, or correct its name.")
        found[name] = _answer(path, name, node)
        _check(where, name, found[name], questions)
    return found


def read_general(path: Path, questions: Questions) -> dict[str, str]:
    """The answers to `questions` in the configuration of all of somebody's projects, if there is one.

    taskcat reads this file again, so an answer that YAML makes something else of is refused.
    """
    path = path.expanduser()
    if not path.is_file():
        return {}
    general = dict(_pairs(path, _root(path))).get("general")
    parameters = dict(_pairs(path, general)).get("parameters")
    found: dict[str, str] = {}
    for name, node in _pairs(path, parameters):
        if name in questions:
            where = _place(path, node)
            found[name] = _answer(path, name, node)
            made = CSafeLoader("").construct_object(node)
            if str(made) != found[name]:
                raise GeneratorError(f"{where}: taskcat takes the answer to {name} for {made}: put it in quotes.")
            _check(where, name, found[name], questions)
    return found


def as_texts(answers: Mapping[str, str]) -> str:
    """The answers as YAML in which every one is a text."""
    return yaml.safe_dump(dict(answers), default_style='"', sort_keys=False) if answers else ""


def _check(where: str, name: str, answer: str, questions: Questions) -> None:
    if "$[" not in answer and not fits(questions[name], answer):
        remedy = misfit(name, questions[name])
        raise GeneratorError(f"{where}: {remedy}")


def _root(path: Path) -> yaml.Node | None:
    """The syntax tree of a YAML file; None if it is empty."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return yaml.compose(text, Loader=CSafeLoader)
    except OSError as error:
        raise GeneratorError(f"{path} cannot be read ({error.strerror}): name a file that can.") from None
    except UnicodeDecodeError:
        raise GeneratorError(f"{path} is not UTF-8 text: save it as UTF-8.") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = text.splitlines()[mark.line : mark.line + 1] if mark else []
        if mark and "\t" in "".join(line)[mark.column : mark.column + 1]:
            raise GeneratorError(f"{path}, line {mark.line + 1} is indented by a tab: use blanks.") from None
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise GeneratorError(f"{path}{where}: this is not YAML ({error.problem}): correct it.") from None
    except yaml.YAMLError as error:
        raise GeneratorError(f"{path} is not YAML ({' '.join(str(error).split())}): correct it.") from None


def _pairs(path: Path, node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    """The keys and values of a mapping, each key once; nothing for a blank."""
    if node is None or node.tag == NULL:
        return
    if not isinstance(node, yaml.MappingNode):
        raise GeneratorError(f"{_place(path, node)}: this is no mapping: write NAME: answer, a line each.")
    lines: dict[str, int] = {}
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in lines:
            raise GeneratorError(f"{path}: {name} stands in lines {lines[name]} and {line}: keep one of them.")
        lines[name] = line
        yield name, value


def _answer(path: Path, name: str, node: yaml.Node) -> str:
    """An answer as it is typed; a blank or null is a blank."""
    if not isinstance(node, yaml.ScalarNode) or node.tag not in PLAIN:
        raise GeneratorError(f"{_place(path, node)}: the answer to {name} is no text: write {name}: answer.")
    return "" if node.tag == NULL else str(node.value)


def _place(path: Path, node: yaml.Node) -> str:
    return f"{path}, line {node.start_mark.line + 1}"
