"""What the form takes, AWS's templates take as well: every answer that is handed to one keeps to its constraints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulator.provider.templates import policies, template
from tests.support.built import branches, questions, resources

VERSION = "3.16.1"
OTHERS = {"policies/policies.yaml": policies(VERSION), "custom_resource/cluster.yaml": template(VERSION)}


def handed() -> Iterator[tuple[str, str, str]]:
    """(template of others, its parameter, the answer that is handed to it)."""
    for _, body in resources("AWS::CloudFormation::Stack"):
        url = str(body["Properties"]["TemplateURL"])
        for name in [name for name in OTHERS if name in url]:
            for parameter, value in body["Properties"]["Parameters"].items():
                for leaf in branches(value):
                    if isinstance(leaf, dict) and leaf.get("Ref") in questions():
                        yield name, parameter, leaf["Ref"]


HANDED = sorted(set(handed()))


def parameters() -> list[tuple[str, str]]:
    """(template of others, parameter) of all that ours hand to them."""
    return sorted(
        {
            (name, parameter)
            for _, body in resources("AWS::CloudFormation::Stack")
            for name in OTHERS
            if name in str(body["Properties"]["TemplateURL"])
            for parameter in body["Properties"]["Parameters"]
        }
    )


def test_the_boundary_is_handed_to_the_policies_template() -> None:
    assert HANDED == [("policies/policies.yaml", "PermissionsBoundaryPolicy", "PermissionsBoundaryArn")]


@pytest.mark.parametrize(("name", "parameter"), parameters())
def test_a_parameter_that_is_handed_over_is_one_of_the_template(name: str, parameter: str) -> None:
    assert parameter in OTHERS[name]["Parameters"]


@pytest.mark.parametrize(("name", "parameter", "answer"), HANDED)
@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_whatever_the_form_takes_the_template_takes(name: str, parameter: str, answer: str, data: Any) -> None:
    question, taker = questions()[answer], OTHERS[name]["Parameters"][parameter]
    # CloudFormation's patterns are Java's, of which \w and \d are ASCII, and must match the whole value.
    given_ = data.draw(st.from_regex(re.compile(str(question.pattern), re.ASCII), fullmatch=True))
    assert re.fullmatch(taker["AllowedPattern"], given_, re.ASCII), given_
