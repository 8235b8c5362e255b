"""Zones: those in the answers must offer what the launch needs; blank ones are picked."""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from preflight.case import Case
from preflight.checks import CHECKS
from preflight.checks.zones import zones
from preflight.verdicts import FAULT, judge
from testing.account import Account
from testing.answers import ANSWERS, RESOLVED, VPC
from testing.launches import Bad, assert_alone
from testing.responses import database_offers, good, offerings, subnet

OFFERINGS = "DescribeInstanceTypeOfferings"


@pytest.mark.parametrize(
    "bad",
    [
        Bad(
            {"ComputeInstanceType": "m9z.xlarge"},
            {},
            "ComputeInstanceType",
            "ComputeInstanceType m9z.xlarge is not offered in us-east-1: choose another type.",
        ),
        Bad(
            {"AvailabilityZone1": "us-east-1x"},
            {},
            "AvailabilityZone1",
            "AvailabilityZone1 us-east-1x is not in an available zone: choose among us-east-1a, us-east-1b, us-east-1c.",
        ),
        Bad({"AvailabilityZone1": "us-east-1d"}, {}, "AvailabilityZone1"),
        Bad({"AvailabilityZone2": "us-east-1-bos-1a"}, {}, "AvailabilityZone2"),
        Bad(
            {"AvailabilityZone1": "us-east-1c"},
            {OFFERINGS: offerings(c="c6i.2xlarge")},
            "AvailabilityZone1",
            "AvailabilityZone1 us-east-1c is in us-east-1c, without c6i.2xlarge: choose another zone or type.",
        ),
        Bad(VPC, {OFFERINGS: offerings(b="m6i.xlarge")}, "PrivateSubnetId2"),
        Bad(
            {},
            {OFFERINGS: offerings(a="c6i.2xlarge", b="m6i.xlarge")},
            "AvailabilityZone2",
            "AvailabilityZone2 (blank) finds no zone left with c6i.2xlarge, m6i.xlarge, t3.2xlarge and the database: "
            "choose other types or class.",
        ),
    ],
    ids=[
        "a type that no zone offers",
        "a zone that does not exist",
        "a zone that is impaired",
        "a Local Zone",
        "a zone without a type",
        "a subnet's zone without a type",
        "too few zones that offer everything",
    ],
)
def test_a_zone_that_does_not_do_is_refused(bad: Bad) -> None:
    assert_alone(zones, bad)


def picked(answers: dict[str, str], responses: dict[str, Any], **more: Any) -> list[str]:
    """The zones of a launch without faults."""
    case = Case({**ANSWERS, **RESOLVED, **answers}, "us-east-1", Account({**good(), **responses}), **more)
    assert not [verdict for verdict in judge(case, CHECKS) if verdict.level == FAULT]
    return case.zones


def test_the_first_zones_that_fit_are_picked() -> None:
    assert picked({}, {}) == ["us-east-1a", "us-east-1b"]
    assert picked({}, {}, zone_count=3) == ["us-east-1a", "us-east-1b", "us-east-1c"]


def test_a_zone_without_a_type_or_the_database_is_not_picked() -> None:
    assert picked({}, {OFFERINGS: offerings(a="m6i.xlarge")}) == ["us-east-1b", "us-east-1c"]
    assert picked({}, {"DescribeOrderableDBInstanceOptions": database_offers("a", "c")}) == ["us-east-1a", "us-east-1c"]


@pytest.mark.parametrize("answers", [{"AvailabilityZone1": "us-east-1b"}, {"AvailabilityZone2": "us-east-1a"}])
def test_a_zone_in_the_answers_keeps_its_place(answers: dict[str, str]) -> None:
    assert picked(answers, {}) == ["us-east-1b", "us-east-1a"]


def test_an_existing_subnet_settles_its_zone() -> None:
    assert picked(VPC, {}) == ["us-east-1a", "us-east-1b"]
    swapped = {"DescribeSubnets": {"Subnets": [subnet(2, "b"), subnet(1, "c"), subnet(3, "c"), subnet(4, "b")]}}
    assert picked(VPC, swapped) == ["us-east-1c", "us-east-1b"]


def test_the_zones_of_a_region_as_moto_has_them_do() -> None:
    with mock_aws():
        case = Case({**ANSWERS, **RESOLVED}, "us-east-1", boto3.Session(region_name="us-east-1"))
        assert list(zones.find(case)) == []
    assert case.zones == ["us-east-1a", "us-east-1b"]
