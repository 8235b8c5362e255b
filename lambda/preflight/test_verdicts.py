"""How checks are run: all that concern the case, at once, in time; what keeps one from an answer is a warning."""

import threading
from typing import Any

import pytest

from preflight import verdicts
from preflight.case import Case
from preflight.checks import CHECKS
from preflight.checks.image import machine_image
from preflight.checks.service_roles import spot_role
from preflight.checks.stack import stack_name
from preflight.facts import FROZEN, GROWING, OF_CLUSTERS, READ, THINGS, frozen_because, is_one_of
from preflight.handler import check_launch
from preflight.verdicts import FAULT, NOT_APPLICABLE, NOT_CHECKED, OK, WARNING, judge
from testing.account import Account
from testing.answers import ANSWERS, DIRECTORY, NAMED, RESOLVED, VPC
from testing.launches import findings
from testing.responses import good

BY_NAME = {check.name: check for check in CHECKS}
GOOD = {
    "plain": {},
    "all": {**NAMED, **DIRECTORY},
    "own VPC": VPC,
    "all, own VPC": {**NAMED, **DIRECTORY, **VPC},
    "public authority": {**DIRECTORY, "DirectoryCaCertSecretArn": ""},
}


@pytest.mark.parametrize("answers", GOOD.values(), ids=GOOD)
def test_a_good_launch_passes_every_check(answers: dict[str, str]) -> None:
    assert findings(answers, {}) == []


def test_every_check_has_a_title_of_its_own() -> None:
    assert len({check.title for check in CHECKS}) == len(CHECKS) > 35


@pytest.mark.parametrize("answers", [NAMED, {**NAMED, **VPC}], ids=["new VPC", "own VPC"])
def test_what_may_not_be_seen_is_a_warning(answers: dict[str, str]) -> None:
    refused = dict.fromkeys(good(), "AccessDeniedException")
    found = findings(answers, refused)
    assert {verdict.level for verdict in found} == {WARNING} and len(found) > 20
    assert all(verdict.text.startswith(NOT_CHECKED) and "AccessDenied" in verdict.text for verdict in found)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalError", "UnauthorizedOperation"])
def test_a_service_out_of_order_stops_nothing(code: str) -> None:
    for name in good():
        found = findings({**NAMED, **VPC}, {name: code})
        assert all(verdict.level == WARNING for verdict in found), (name, found)


def test_nobody_waits_for_a_check_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "SECONDS", 0.4)
    release, ended = threading.Event(), threading.Event()

    def hang(asked: dict[str, Any]) -> Any:
        release.wait(10)
        ended.set()
        return {"KeyPairs": []}

    found = findings(NAMED, {"DescribeKeyPairs": hang})
    assert not ended.is_set()
    release.set()
    assert [(v.check, v.level) for v in found] == [("KeyName exists and fits", WARNING)]
    assert found[0].text == f"{NOT_CHECKED} no answer in time"


def test_a_long_name_of_the_stack_is_refused() -> None:
    assert findings({}, {}, stack="s" * 40) == []
    (found,) = findings({}, {}, stack="s" * 41)
    assert (found.check, found.level) == (stack_name.title, FAULT)
    assert found.text == f"The stack's name {'s' * 41} has 41 characters: take one of at most 40."


def test_the_facts_name_every_answer_that_a_check_reads_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A launch, and an update that changes everything, read what the facts list."""
    seen: set[str] = set()
    real = Case.__getitem__

    def watch(case: Case, name: str) -> str:
        seen.add(name)
        return real(case, name)

    monkeypatch.setattr(Case, "__getitem__", watch)
    everything = {**ANSWERS, **RESOLVED, **NAMED, **DIRECTORY, "DirectoryDomainAddr": "ldaps://dc1.corp.example.com"}
    for answers in (everything, {**everything, **VPC}):
        judge(Case(answers, "us-east-1", Account(good())), CHECKS)
    assert [name for name in seen if not is_one_of(name, READ)] == []
    unread = [name for name in READ if not any(is_one_of(each, (name,)) for each in seen)]
    compared = {*FROZEN, *OF_CLUSTERS}  # with the old ones, and not read in a launch
    assert unread == [name for name in unread if name in compared]


def by_check(answers: dict[str, str]) -> dict[str, str]:
    """The level of every check on a launch with these differences."""
    return {v.check: v.level for v in check_launch({**ANSWERS, **RESOLVED, **answers}, "us-east-1", Account(good()))}


OF_A_VPC = {check.title for check in CHECKS if "VpcId" in check.needs}
OF_A_NEW_VPC = {check.title for check in CHECKS if "VpcId" in check.without}


@pytest.mark.parametrize(
    ("answers", "checks"),
    [
        ({}, OF_A_VPC),
        (VPC, OF_A_NEW_VPC),
        ({"PortalAmiId": "ami-0123456789abcdef0"}, {machine_image.title}),
        ({"SpotMaxNodes": "0"}, {spot_role.title}),
        ({}, {name for name in BY_NAME if name in NAMED and name != "SpotMaxNodes"}),
    ],
    ids=["no existing VPC", "no new VPC", "an own image", "no Spot", "nothing named"],
)
def test_a_check_without_anything_to_look_at_is_no_pass(answers: dict[str, str], checks: set[str]) -> None:
    assert checks
    levels = by_check(answers)
    titles = {BY_NAME[name].title if name in BY_NAME else name for name in checks}
    assert {levels[title] for title in titles} == {NOT_APPLICABLE}


def test_every_check_that_applies_passes_a_good_launch() -> None:
    levels = by_check({**NAMED, **DIRECTORY, **VPC, "PreflightWarnOnly": "", "DirectoryDomainAddr": ""})
    assert set(levels.values()) == {OK, NOT_APPLICABLE}
    assert {title for title, level in levels.items() if level == NOT_APPLICABLE} == OF_A_NEW_VPC | {
        machine_image.title,
        BY_NAME["PreflightWarnOnly"].title,
    }


def test_an_answer_that_the_facts_do_not_name_cannot_be_read() -> None:
    with pytest.raises(KeyError, match="AlarmEmail is not handed to preflight: add it to READ"):
        Case({}, "us-east-1", Account({}))["AlarmEmail"]


def test_the_facts_name_no_answer_twice_and_freeze_and_look_up_only_what_they_name() -> None:
    assert len(set(READ)) == len(READ)
    assert {*FROZEN, *THINGS, *GROWING} <= {*READ}


def test_an_update_of_any_answer_that_preflight_reads_runs_a_check() -> None:
    """As docs/updates.md says."""
    assert {name for check in CHECKS for name in check.reads} == {*READ}


@pytest.mark.parametrize(
    ("parameter", "is_frozen"),
    [
        ("VpcId", True),
        ("PrivateSubnetId3", True),
        ("AvailabilityZone1", True),
        ("LoadBalancerSubnetId1", False),
        ("JdbcDriverSha256", False),
        ("LustreThroughput", False),
    ],
)
def test_a_zone_s_answer_is_frozen_with_its_question(parameter: str, is_frozen: bool) -> None:
    assert bool(frozen_because(parameter)) == is_frozen
