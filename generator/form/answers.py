"""What CloudFormation would refuse about the answers to the form before it makes anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from generator.cfn.rules_engine import broken, completed
from generator.form.question import EXISTING_VPC, MAIN


def parent_of(given: Mapping[str, str]) -> str:
    """The parent template that the answers are for: only one of them asks for a VPC."""
    return EXISTING_VPC if "VpcId" in given else MAIN


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
    """Whether an answer keeps its parameter's type, pattern and allowed values; no parameter of the form is a Number."""
    if "AllowedValues" in body and answer not in map(str, body["AllowedValues"]):
        return False
    if not re.fullmatch(body.get("AllowedPattern", "(?s).*"), answer, re.ASCII):
        return False
    return bool(answer) or not str(body["Type"]).startswith("AWS::")


def rule_faults(template: Mapping[str, Any], answers: Mapping[str, str], region: str) -> list[str]:
    """The sentences of the form's rules that the answers break in `region`; all questions must be answered."""
    return broken(template, answers, region=region)
