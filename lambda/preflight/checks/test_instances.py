"""Instance types, their vCPUs and quotas."""

import json
import re
from pathlib import Path
from typing import Any

import boto3
import cfnlint
import pytest
from moto import mock_aws

from preflight.case import Case
from preflight.checks.instance_types import instance_types
from preflight.checks.service_roles import spot_role
from preflight.checks.vcpus import FAMILIES, quotas_of, vcpu_quotas
from preflight.facts import SPOT_ROLE
from preflight.verdicts import WARNING
from testing.answers import ANSWERS, A
from testing.launches import Bad, assert_alone, findings
from testing.responses import ENDED, good, quotas


@pytest.mark.parametrize(
    "bad",
    [
        Bad(
            {"ComputeInstanceType": "c7gn.4xlarge"},
            {},
            "ComputeInstanceType",
            "ComputeInstanceType c7gn.4xlarge is not x86-64: choose another type.",
        ),
        Bad(
            {"ComputeEfa": "yes"},
            {},
            "ComputeInstanceType",
            "ComputeInstanceType c6i.2xlarge has no EFA: choose another type, or no for ComputeEfa.",
        ),
        Bad(
            {"ComputeInstanceType": "u-6tb1.112xlarge", "SpotMaxNodes": "3"},
            {},
            "ComputeInstanceType",
            "ComputeInstanceType u-6tb1.112xlarge is not offered as Spot: choose another type, or 0 for SpotMaxNodes.",
        ),
    ],
    ids=["Arm", "no EFA", "no Spot"],
)
def test_a_type_that_does_not_do_is_refused(bad: Bad) -> None:
    assert_alone(instance_types, bad)


def test_a_type_with_efa_passes() -> None:
    assert findings({"ComputeEfa": "yes", "ComputeInstanceType": "hpc6a.48xlarge"}, {}) == []


def test_arm_is_recognized_by_ec2_s_description() -> None:
    with mock_aws():
        answers = {**ANSWERS, "HeadNodeInstanceType": "m6g.xlarge"}
        case = Case(answers, "us-east-1", boto3.Session(region_name="us-east-1"))
        assert [finding.parameter for finding in instance_types.find(case)] == ["HeadNodeInstanceType"]


@pytest.mark.parametrize(
    "bad",
    [
        Bad(
            {},
            {"GetServiceQuota": quotas(L_1216C47A=31)},
            "",
            "vCPUs: 32 needed, 0 of 31 in use: ask for more in Service Quotas (ec2 L-1216C47A).",
        ),
        Bad({"ComputeMinNodes": "2"}, {"GetServiceQuota": quotas(L_1216C47A=63)}, ""),
        Bad(
            {"ComputeInstanceType": "hpc6a.48xlarge", "ComputeMinNodes": "1"},
            {"GetServiceQuota": quotas(L_F7808C92=8)},
            "",
            "vCPUs: 16 needed, 0 of 8 in use: ask for more in Service Quotas (ec2 L-F7808C92).",
        ),
        Bad(
            {"SpotMaxNodes": "1"},
            {"GetServiceQuota": quotas(L_34B43A08=15)},
            "",
            "Spot vCPUs: 16 needed, 0 of 15 in use: ask for more in Service Quotas (ec2 L-34B43A08).",
        ),
    ],
    ids=["portal and head nodes", "minimum compute nodes", "another family", "Spot"],
)
def test_a_quota_of_vcpus_that_is_too_small_is_refused(bad: Bad) -> None:
    assert_alone(vcpu_quotas, bad)


def test_vcpus_of_on_demand_instances_that_run_are_counted() -> None:
    def instance(kind: str, **more: str) -> dict[str, Any]:
        return {"InstanceType": kind, "CpuOptions": {"CoreCount": 8, "ThreadsPerCore": 2}, **more}

    running = [instance("c5.4xlarge"), instance("c5.4xlarge", InstanceLifecycle="spot"), instance("p3.8xlarge")]
    bad = {"DescribeInstances": {"Reservations": [{"Instances": running}]}, "GetServiceQuota": quotas(L_1216C47A=47)}
    assert "vCPUs: 32 needed, 16 of 47 in use" in findings({}, bad)[0].text
    assert findings({}, {**bad, "GetServiceQuota": quotas(L_1216C47A=48)}) == []


def missing_role(made: list[Any], *missing: str) -> dict[str, Any]:
    """An account without these roles, which keeps in `made` what is asked of it."""

    def make(asked: dict[str, Any]) -> dict[str, Any]:
        made.append(asked)
        name = asked["AWSServiceName"]
        role = {
            "Path": "/",
            "RoleName": name,
            "RoleId": "R" * 16,
            "Arn": f"{A}:iam::1:role/{name}",
            "CreateDate": ENDED,
        }
        return {"Role": role}

    def look(asked: dict[str, Any]) -> Any:
        return "NoSuchEntity" if asked["RoleName"] in missing else good()["GetRole"]

    return {"GetRole": look, "CreateServiceLinkedRole": make}


@pytest.mark.parametrize("may_make", [False, True])
def test_only_a_launch_makes_the_role_of_spot(may_make: bool) -> None:
    made: list[Any] = []
    (found,) = findings({"SpotMaxNodes": "5"}, missing_role(made, SPOT_ROLE), may_make=may_make)
    assert (found.check, found.level, found.parameter) == (spot_role.title, WARNING, "SpotMaxNodes")
    assert found.text == "AWSServiceRoleForEC2Spot was missing: the launch makes it."
    assert made == ([{"AWSServiceName": "spot.amazonaws.com"}] if may_make else [])


def test_without_spot_nodes_no_role_is_made() -> None:
    made: list[Any] = []
    assert findings({"SpotMaxNodes": "0"}, missing_role(made, SPOT_ROLE), may_make=True) == [] and not made


def test_a_type_without_spot_serves_on_demand() -> None:
    assert findings({"ComputeInstanceType": "u-6tb1.112xlarge", "SpotMaxNodes": "0"}, {}) == []


# Service Quotas' codes as AWS's console links them in the EC2 user guide's table of quotas.
CODES = {
    "c6i.large": ("L-1216C47A", "L-34B43A08"),
    "g5.xlarge": ("L-DB2E81BA", "L-3819A6DF"),
    "gr6.4xlarge": ("L-DB2E81BA", "L-3819A6DF"),
    "vt1.3xlarge": ("L-DB2E81BA", "L-3819A6DF"),
    "p4d.24xlarge": ("L-417A185B", "L-7212CCBC"),
    "p5en.48xlarge": ("L-417A185B", "L-C4BD4855"),
    "x2idn.16xlarge": ("L-7295265B", "L-E3A00192"),
    "f1.2xlarge": ("L-74FC7D96", "L-88CF9481"),
    "inf2.xlarge": ("L-1945791B", "L-B5D1601B"),
    "trn1.2xlarge": ("L-2C3B7624", "L-6B0D517C"),
    "dl1.24xlarge": ("L-6E869C2A", "L-85EED4F7"),
    "u-6tb1.112xlarge": ("L-43DA4232", ""),
    "u7i-12tb.224xlarge": ("L-43DA4232", ""),
    "hpc6a.48xlarge": ("L-F7808C92", ""),
    "im4gn.large": ("L-1216C47A", "L-34B43A08"),
    "t3.2xlarge": ("L-1216C47A", "L-34B43A08"),
    "z1d.large": ("L-1216C47A", "L-34B43A08"),
}


@pytest.mark.parametrize("kind", CODES)
def test_each_family_has_its_own_quotas(kind: str) -> None:
    assert tuple(quotas_of(kind)) == CODES[kind]


def test_spot_nodes_are_counted_by_their_family_s_quota() -> None:
    bad = {"GetServiceQuota": quotas(L_3819A6DF=15)}
    (found,) = findings({"ComputeInstanceType": "g5.2xlarge", "SpotMaxNodes": "1"}, bad)
    assert found.text == "Spot vCPUs: 16 needed, 0 of 15 in use: ask for more in Service Quotas (ec2 L-3819A6DF)."


def test_every_family_that_the_form_admits_has_a_known_quota() -> None:
    """A family of which this list knows nothing would be counted as standard."""
    standard = {"a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"}
    assert not standard & FAMILIES.keys()
    folder = Path(cfnlint.__file__).parent / "data/schemas/extensions/aws_ec2_instance"
    enum = json.loads((folder / "instancetype_enum.json").read_text())
    kinds = {kind for listed in enum.values() if isinstance(listed, dict) for kind in listed.get("enum", [])}
    families = {re.sub("[^a-z].*", "", kind) for kind in kinds}
    assert families - standard - FAMILIES.keys() - {"mac", "hs", "cr", "cc", "cg"} == set()
