"""Launches in which something is wrong, and what preflight finds in them."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from preflight.handler import check_launch
from preflight.verdicts import FAULT, NOT_APPLICABLE, OK, Check, Verdict
from testing.account import Account
from testing.answers import ANSWERS, RESOLVED
from testing.responses import good


class Bad(NamedTuple):
    """A launch with one fault: the answers and responses that differ from good ones, the parameter at fault.

    `sentence` stands once for each that a check can make.
    """

    answers: Mapping[str, str]
    responses: Mapping[str, Any]
    parameter: str
    sentence: str = ""


def findings(
    answers: Mapping[str, str], responses: Mapping[str, Any], region: str = "us-east-1", **more: Any
) -> list[Verdict]:
    """The verdicts that something is wrong, on a launch with these differences."""
    account = Account({**good(), **responses}, region)
    found = check_launch({**ANSWERS, **RESOLVED, **answers}, region, account, **more)
    return [verdict for verdict in found if verdict.level not in (OK, NOT_APPLICABLE)]


def assert_alone(check: Check, bad: Bad) -> None:
    """Assert that the check finds the fault, that no other finds any, and that the sentence says what to do."""
    found = findings(bad.answers, bad.responses, may_make=True)
    assert [(v.check, v.level, v.parameter) for v in found] == [(check.title, FAULT, bad.parameter)], found
    assert re.search(r": (\w+ )+.*\.$", found[0].text)
    if bad.sentence:
        assert found[0].text == bad.sentence
