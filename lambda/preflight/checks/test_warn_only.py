"""The answer that makes warnings of faults, and what stays a fault."""

import pytest

from preflight.case import Case
from preflight.checks import CHECKS
from preflight.checks.frozen import frozen
from preflight.checks.ranges import ranges
from preflight.checks.routes import routes
from preflight.facts import HOLDS_DATA
from preflight.verdicts import FAULT, WARNING, judge
from testing.account import Account
from testing.answers import ANSWERS, NAMED, RESOLVED, VPC
from testing.launches import Bad, assert_alone, findings
from testing.responses import PUBLIC, good, table

ANSWER = "PreflightWarnOnly"
WARN_ONLY = next(check for check in CHECKS if check.name == ANSWER)
NO_WAY_OUT = {"DescribeRouteTables": {"RouteTables": [table("subnet-1", "subnet-2"), PUBLIC]}}
NO_SNAPSHOT = {"DescribeDBClusterSnapshots": "DBClusterSnapshotNotFoundFault"}


def test_a_named_check_s_faults_are_warnings() -> None:
    assert FAULT in {verdict.level for verdict in findings(VPC, NO_WAY_OUT)}
    found = findings({**VPC, ANSWER: routes.name}, NO_WAY_OUT)
    assert {(verdict.check, verdict.level) for verdict in found} == {
        (routes.title, WARNING),
        (WARN_ONLY.title, WARNING),
    }


def test_a_check_that_is_not_named_still_refuses() -> None:
    found = findings({**VPC, ANSWER: routes.name, "ComputeMinNodes": "11"}, NO_WAY_OUT)
    assert [verdict.check for verdict in found if verdict.level == FAULT] == [ranges.title]


def test_a_name_that_is_no_check_is_refused_with_those_that_are() -> None:
    (found,) = findings({ANSWER: "Rutes"}, {})
    assert (found.level, found.parameter) == (FAULT, ANSWER)
    assert found.text.startswith(f"{ANSWER} Rutes holds Rutes, which is no check of preflight: choose among ")
    assert " Routes," in found.text and frozen.name not in found.text


@pytest.mark.parametrize("check", [check for check in CHECKS if check.protects_data], ids=lambda check: check.name)
def test_a_check_that_protects_data_cannot_be_named(check: object) -> None:
    name = check.name  # type: ignore[attr-defined]
    (found,) = findings({ANSWER: name}, {})
    assert found.level == FAULT and found.parameter == ANSWER
    assert name == ANSWER or found.text.endswith(
        f"holds {name}, which protects data: take it out, since its faults stay faults."
    )


def test_what_protects_data_is_frozen_answers_snapshot_and_file_system() -> None:
    assert {check.name for check in CHECKS if check.protects_data} == {frozen.name, *HOLDS_DATA, ANSWER}


def test_a_named_check_that_protects_data_stays_a_fault() -> None:
    found = findings({"DatabaseSnapshotArn": NAMED["DatabaseSnapshotArn"], ANSWER: "DatabaseSnapshotArn"}, NO_SNAPSHOT)
    assert [verdict.level for verdict in found] == [FAULT, FAULT]


def test_a_frozen_answer_stays_frozen() -> None:
    old = {**ANSWERS, **RESOLVED}
    case = Case({**old, "VpcCidr": "10.1.0.0/16", ANSWER: frozen.name}, "us-east-1", Account(good()), old_answers=old)
    assert [v.check for v in judge(case, CHECKS) if v.level == FAULT] == [frozen.title, WARN_ONLY.title]


def test_it_warns_again_at_every_update() -> None:
    old = {**ANSWERS, **RESOLVED, **VPC, ANSWER: routes.name}
    new = {**old, "ComputeMaxNodes": "11"}
    case = Case(new, "us-east-1", Account({**good(), **NO_WAY_OUT}), old_answers=old, held_zones=("a", "b"))
    warned = {v.check for v in judge(case, CHECKS) if v.level == WARNING}
    assert warned == {routes.title, WARN_ONLY.title}


def test_every_check_has_a_name_of_its_own_that_the_form_admits() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert all(name.isascii() and name.isalnum() and name[0].isupper() for name in names)


def test_two_names_are_two_checks() -> None:
    answers = {**VPC, ANSWER: f"{routes.name},{ranges.name}", "ComputeMinNodes": "11"}
    assert {verdict.level for verdict in findings(answers, NO_WAY_OUT)} == {WARNING}


def test_the_answer_s_own_check_cannot_name_itself_away() -> None:
    assert_alone(WARN_ONLY, Bad({ANSWER: ANSWER}, {}, ANSWER))
