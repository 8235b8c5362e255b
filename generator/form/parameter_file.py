"""Reads answers to the form from a parameter file, in the three forms that the AWS command line takes.

A list of {"ParameterKey": …, "ParameterValue": …} (create-stack), {"Parameters": {…}} (CodePipeline, deploy), or a list
of "NAME=answer" (deploy). Whatever is wrong is a sentence that names the place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generator.errors import GeneratorError

NAME, ANSWER, PREVIOUS = "ParameterKey", "ParameterValue", "UsePreviousValue"
PAIR = f'{{"{NAME}": "…", "{ANSWER}": "…"}}'
# What else AWS has in an item, and in CodePipeline's object; none of it is an answer.
BESIDE_ANSWER = {NAME, ANSWER, PREVIOUS, "ResolvedValue"}
BESIDE_PARAMETERS = {"Parameters", "Tags", "StackPolicy"}
KINDS = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
LINE_OF_PAIR = re.compile(r"\w+=.*")
YAML = re.compile(r"---|(- +)?\w+:(\s.*)?")


class _Object(dict[str, Any]):
    """A JSON object that remembers which names stood in it twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.repeated = sorted({name for name in names if names.count(name) > 1})


def read(path: Path) -> dict[str, str]:
    """The answers in a parameter file, by parameter; raises GeneratorError, in a sentence, for whatever is wrong."""
    content = _json(path, _text(path))
    found: dict[str, str] = {}
    places: dict[str, str] = {}
    for place, name, answer in _answers(path, content):
        if not isinstance(answer, str):
            raise GeneratorError(f"{path}: the answer to {name} is {_kind(answer)}: write it as a text, in quotes.")
        if name in found:
            raise GeneratorError(f"{path}: {name} is answered twice, by {places[name]} and {place}: keep one of them.")
        found[name], places[name] = answer, place
    return found


def _text(path: Path) -> str:
    """The text of the file, without the mark that Windows puts in front."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise GeneratorError(
            f"{path} does not exist: name a parameter file, such as parameters/minimal.json."
        ) from None
    except UnicodeDecodeError:
        raise GeneratorError(f"{path} is not UTF-8 text: save it as UTF-8.") from None
    except (OSError, ValueError) as error:  # the latter for a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise GeneratorError(f"{path} cannot be read ({reason}): name a parameter file that can.") from None


def _json(path: Path, text: str) -> Any:
    """What the JSON text holds."""
    if not text.strip():
        raise GeneratorError(f"{path} is empty: write a list of {PAIR}.")
    try:
        return json.loads(text, object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        if lines and all(map(LINE_OF_PAIR.fullmatch, lines)):
            raise GeneratorError(
                f'{path} is not JSON but lines of NAME=answer: write a list, ["NAME=answer", …].'
            ) from None
        if YAML.fullmatch(lines[0] if lines else ""):
            raise GeneratorError(f"{path} is YAML: write it as JSON, a list of {PAIR}.") from None
        fault, remedy = _explain(text, error)
        raise GeneratorError(f"{path}, line {error.lineno}, column {error.colno}: {fault}: {remedy}.") from None
    except RecursionError:
        raise GeneratorError(f"{path} is nested too deeply: write a list of {PAIR}.") from None


def _explain(text: str, error: json.JSONDecodeError) -> tuple[str, str]:
    """What is wrong with the JSON, and what to do about it."""
    around = f"{text[: error.pos].rstrip()[-1:]}{text[error.pos :].lstrip()}"
    if re.match(r",\s*[]}]|.,\s*[]}]", around):  # which of the two depends on the version of Python
        return "there is a comma in front of the closing bracket", "take it out"
    return f"this is not JSON ({error.msg})", "correct it"


def _answers(path: Path, content: Any) -> Iterator[tuple[str, str, Any]]:
    """The place, name and value of every answer."""
    if isinstance(content, _Object) and isinstance(content.get("Parameters"), _Object):
        yield from _of_object(path, content)
    elif isinstance(content, list):
        for number, item in enumerate(content, 1):
            yield _of_item(path, f"item {number}", item)
    elif isinstance(content, _Object):
        raise GeneratorError(
            f'{path} is an object without "Parameters": write {{"Parameters": {{"NAME": "answer", …}}}}.'
        )
    else:
        raise GeneratorError(f"{path} holds {_kind(content)}: write a list of {PAIR}.")


def _of_object(path: Path, content: _Object) -> Iterator[tuple[str, str, Any]]:
    """The answers of {"Parameters": {…}}."""
    asked: _Object = content["Parameters"]
    if repeated := content.repeated + asked.repeated:
        raise GeneratorError(f"{path}: {repeated[0]} stands twice in one object: keep one of them.")
    if others := sorted(content.keys() - BESIDE_PARAMETERS):
        raise GeneratorError(f'{path}: {others[0]} stands beside "Parameters": put it inside, or take it out.')
    for name, answer in asked.items():
        yield '"Parameters"', name, answer


def _of_item(path: Path, place: str, item: Any) -> tuple[str, str, Any]:
    """The answer of an item of a list."""
    if isinstance(item, str):
        name, equals, answer = item.partition("=")
        if not equals or not name:
            raise GeneratorError(f'{path}: {place} is a text without "=": write "NAME=answer".')
        return place, name, answer
    if not isinstance(item, _Object):
        raise GeneratorError(f"{path}: {place} is {_kind(item)}: write {PAIR}.")
    if item.repeated:
        raise GeneratorError(f"{path}: {place} has {item.repeated[0]} twice: keep one of them.")
    if others := sorted(item.keys() - BESIDE_ANSWER):
        raise GeneratorError(f"{path}: {place} has {others[0]}, which is neither {NAME} nor {ANSWER}: correct it.")
    asked = item.get(NAME, "")
    if not isinstance(asked, str):
        raise GeneratorError(f"{path}: {NAME} of {place} is {_kind(asked)}: write a parameter's name, in quotes.")
    named = f"{place} ({asked})" if asked else place
    if item.get(PREVIOUS):
        raise GeneratorError(f"{path}: {named} has {PREVIOUS}, and the old answer is not known here: give {ANSWER}.")
    for key in (NAME, ANSWER):
        if key not in item:
            raise GeneratorError(f"{path}: {named} lacks {key}: add it.")
    return place, asked, item[ANSWER]


def _kind(value: Any) -> str:
    """What a JSON value is, in words."""
    return next((words for kind, words in KINDS.items() if isinstance(value, kind)), "null")
