"""Answers to the form in a file, and what CloudFormation would refuse about them before it makes anything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from generator.cfn.rules_engine import broken
from generator.errors import GeneratorError
from generator.form.question import EXISTING_VPC, MAIN


def read(path: Path) -> dict[str, str]:
    """The answers in a parameter file of CloudFormation's own form; raises GeneratorError if it is none."""
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        found = {item["ParameterKey"]: item["ParameterValue"] for item in listed}
        if len(found) < len(listed) or not all(isinstance(value, str) for value in found.values()):
            raise ValueError
    except (OSError, ValueError, TypeError, KeyError):
        form = '[{"ParameterKey": "…", "ParameterValue": "…"}, …], with each question once and answers that are texts'
        raise GeneratorError(f"{path} is no parameter file: name a JSON file of the form {form}.") from None
    return found


def parent_of(given: Mapping[str, str]) -> str:
    """The parent template that the answers are for: only one of them asks for a VPC."""
    return EXISTING_VPC if "VpcId" in given else MAIN


def completed(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """`given`, and the form's defaults for what was not answered."""
    asked = template["Parameters"]
    return {name: str(body["Default"]) for name, body in asked.items() if "Default" in body} | dict(given)


def misfits(template: Mapping[str, Any], given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each answer that does not fit its question: the parameter's name and a sentence that says what to do."""
    asked = template["Parameters"]
    answers = completed(template, given)
    for name in sorted(answers.keys() - asked.keys()):
        yield name, f"{name} is no question of this form: take it out, or correct its name."
    for name, body in asked.items():
        if name not in answers:
            yield name, f"{name} has no answer and no default: give one. {body['Description']}"
        elif not fits(body, answers[name]):
            yield name, misfit(name, body)


def misfit(name: str, body: Mapping[str, Any]) -> str:
    """What is wrong with an answer to the parameter; the answer is not repeated, since it may be a misplaced secret."""
    return f"{name} does not fit: {body.get('ConstraintDescription', 'give another answer.')}"


def fits(body: Mapping[str, Any], answer: str) -> bool:
    """Whether an answer keeps its parameter's type, pattern, allowed values and range."""
    if "AllowedValues" in body and answer not in map(str, body["AllowedValues"]):
        return False
    if not re.fullmatch(body.get("AllowedPattern", "(?s).*"), answer, re.ASCII):
        return False
    if body["Type"] != "Number":
        return bool(answer) or not str(body["Type"]).startswith("AWS::")
    try:
        number = float(answer)
    except ValueError:
        return False
    return bool(body.get("MinValue", number) <= number <= body.get("MaxValue", number))


def rule_faults(template: Mapping[str, Any], answers: Mapping[str, str], region: str) -> list[str]:
    """The sentences of the form's rules that the answers break in `region`; all questions must be answered."""
    return broken(template, answers, region=region)
