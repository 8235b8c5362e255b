"""Changes that an update must not make, and those that it may."""

from collections.abc import Mapping

import pytest

from preflight.case import Case
from preflight.checks import CHECKS
from preflight.checks.frozen import frozen
from preflight.checks.image import held_image
from preflight.verdicts import FAULT, NOT_APPLICABLE, OK, judge
from testing.account import Account
from testing.answers import ANSWERS, NAMED, RESOLVED, VPC
from testing.responses import good

PLAIN = {**ANSWERS, **RESOLVED, "LustreStorageCapacity": "2400"}
REFUSED = {
    "AvailabilityZone1": "us-east-1a",
    "VpcCidr": "10.1.0.0/16",
    "KmsKeyArn": NAMED["KmsKeyArn"],
    "DatabaseSnapshotArn": NAMED["DatabaseSnapshotArn"],
    "ExistingFileSystemId": NAMED["ExistingFileSystemId"],
    "PermissionsBoundaryArn": NAMED["PermissionsBoundaryArn"],
    "ParallelClusterVersion": "3.17.0",
    "HeadNodeInstanceType": "m5.large",
    "KeyName": "mine",
    "LoadBalancerScheme": "internal",
    "LustreDeploymentType": "PERSISTENT_1",
    "PortalFlavor": "EFPortal",
    "LustreStorageCapacity": "1200",
    "DatabaseEngineVersion": "8.0.mysql_aurora.3.10.2",
}
REFUSED_IN_AN_EXISTING_VPC = {"VpcId": "vpc-2", "PrivateSubnetId2": "subnet-9"}
ALLOWED = {
    "AvailabilityZone1": "us-east-1c",  # the one that is held
    "LustreStorageCapacity": "4800",
    "DatabaseEngineVersion": "8.0.mysql_aurora.3.10.10",
    "ComputeMaxNodes": "4",
    "PortalInstanceType": "m5.large",
    "PortalAmiId": "ami-0123456789abcdef0",
    "CertificateArn": NAMED["CertificateArn"],
}


def faults(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Check, parameter and sentence of each fault of an update."""
    case = Case({**old, **new}, "us-east-1", Account(good()), old_answers=old, held_zones=("us-east-1c", "us-east-1b"))
    return [(v.check, v.parameter, v.text) for v in judge(case, CHECKS) if v.level == FAULT]


@pytest.mark.parametrize("name", [*REFUSED, *REFUSED_IN_AN_EXISTING_VPC])
def test_a_change_that_loses_data_is_refused(name: str) -> None:
    blank = dict.fromkeys(
        ("KmsKeyArn", "DatabaseSnapshotArn", "ExistingFileSystemId", "KeyName", "PermissionsBoundaryArn"), ""
    )
    old = {**PLAIN, **blank, **(VPC if name in REFUSED_IN_AN_EXISTING_VPC else {})}
    found = faults(old, {name: {**REFUSED, **REFUSED_IN_AN_EXISTING_VPC}[name]})
    assert [parameter for check, parameter, _ in found if check == frozen.title] == [name]


@pytest.mark.parametrize("name", ALLOWED)
def test_a_change_that_loses_nothing_passes(name: str) -> None:
    assert faults({**PLAIN, "DomainName": "hpc.example.com"}, {name: ALLOWED[name]}) == []


def test_another_subnet_of_the_load_balancer_passes() -> None:
    old = {**PLAIN, **VPC, "LoadBalancerSubnetId2": "subnet-3"}
    assert faults(old, {"LoadBalancerSubnetId1": "subnet-4"}) == []


def test_a_sentence_tells_the_old_answer_and_the_reason() -> None:
    new = {"KmsKeyArn": "", "LustreStorageCapacity": "1200", "PortalFlavor": "EFPortal"}
    key = NAMED["KmsKeyArn"]
    texts = {parameter: text for _, parameter, text in faults({**PLAIN, "KmsKeyArn": key}, new)}
    assert texts == {
        "KmsKeyArn": f"KmsKeyArn (blank) cannot replace {key}, since an empty resource would replace the one that holds "
        "the data: put the old answer back.",
        "LustreStorageCapacity": "LustreStorageCapacity 1200 is less than 2400, and there is no way back: put the old "
        "answer back.",
        "PortalFlavor": "PortalFlavor EFPortal cannot replace EnginFrame, since the other software does not find the "
        "files of this one: put the old answer back.",
    }


def test_a_launch_has_nothing_to_lose() -> None:
    verdicts = judge(Case(PLAIN, "us-east-1", Account(good())), CHECKS)
    assert frozen.title not in {verdict.check for verdict in verdicts}


def test_an_update_runs_the_checks_that_read_what_changed() -> None:
    case = Case({**PLAIN, "KeyName": "mine"}, "us-east-1", Account(good()), old_answers={**PLAIN, "KeyName": "mine2"})
    assert [(v.check, v.level) for v in judge(case, CHECKS) if v.level != NOT_APPLICABLE] == [
        ("KeyName exists and fits", OK),
        (held_image.title, OK),
        (frozen.title, FAULT),
    ]
