"""Database and Lustre: what a region offers, and what the answers may combine."""

import pytest

from preflight.case import Case
from preflight.checks.database import database_offer
from preflight.checks.lustre import lustre_type
from preflight.checks.ranges import ranges
from preflight.verdicts import Check, Wrong
from testing.account import Account
from testing.answers import ANSWERS
from testing.launches import Bad, assert_alone
from testing.responses import database_offers, good

OFFERS = "DescribeOrderableDBInstanceOptions"


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (
            database_offer,
            Bad(
                {"DatabaseEngineVersion": "8.0.mysql_aurora.3.01.0"},
                {OFFERS: database_offers()},
                "DatabaseEngineVersion",
                "DatabaseEngineVersion 8.0.mysql_aurora.3.01.0 is not offered as db.serverless: choose another "
                "DatabaseInstanceClass or one of 8.0.mysql_aurora.3.10.3.",
            ),
        ),
        (
            database_offer,
            Bad(
                {"AvailabilityZone1": "us-east-1c", "AvailabilityZone2": "us-east-1a"},
                {OFFERS: database_offers("a", "b")},
                "DatabaseInstanceClass",
                "DatabaseInstanceClass db.serverless is not offered in all of us-east-1c, us-east-1a: choose another class, "
                "or other zones.",
            ),
        ),
        (
            lustre_type,
            Bad(
                {"LustreStorageCapacity": "3600"},
                {},
                "LustreStorageCapacity",
                "LustreStorageCapacity 3600 is no size of Lustre: choose 1200 or a multiple of 2400.",
            ),
        ),
        (
            ranges,
            Bad(
                {"DatabaseMinCapacity": "32"},
                {},
                "DatabaseMinCapacity",
                "DatabaseMinCapacity 32 is more than DatabaseMaxCapacity 16: lower the one or raise the other.",
            ),
        ),
        (ranges, Bad({"ComputeMinNodes": "11"}, {}, "ComputeMinNodes")),
    ],
    ids=["version", "class in a zone", "size of Lustre", "capacities", "nodes"],
)
def test_what_cannot_be_had_is_refused(check: Check, bad: Bad) -> None:
    assert_alone(check, bad)


@pytest.mark.parametrize(
    ("region", "deployment_type", "is_offered"),
    [
        ("cn-north-1", "SCRATCH_2", False),
        ("cn-north-1", "PERSISTENT_1", True),
        ("us-gov-west-1", "PERSISTENT_2", False),
        ("us-gov-west-1", "SCRATCH_2", True),
        ("us-east-1", "PERSISTENT_2", True),
    ],
)
def test_a_partition_has_its_types_of_lustre(region: str, deployment_type: str, is_offered: bool) -> None:
    case = Case({**ANSWERS, "LustreDeploymentType": deployment_type}, region, Account(good(), region))
    fault = Wrong("LustreDeploymentType", f"does not exist in {region}: choose PERSISTENT_1.")
    assert [*lustre_type.find(case)] == ([] if is_offered else [fault])
