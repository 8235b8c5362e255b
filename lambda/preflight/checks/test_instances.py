"""Instance types, their vCPUs and quotas."""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from preflight.case import Case
from preflight.checks.instance_types import instance_types
from preflight.checks.service_roles import spot_role
from preflight.checks.vcpus import vcpu_quotas
from preflight.verdicts import WARNING
from testing.answers import ANSWERS, A
from testing.launches import Bad, assert_alone, findings
from testing.responses import ENDED, quotas


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
    ],
    ids=["Arm", "no EFA"],
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


def missing_role(made: list[Any]) -> dict[str, Any]:
    """An account without Spot's role, which keeps in `made` what is asked of it."""

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

    return {"GetRole": "NoSuchEntity", "CreateServiceLinkedRole": make}


@pytest.mark.parametrize("may_make", [False, True])
def test_only_a_launch_makes_the_role_of_spot(may_make: bool) -> None:
    made: list[Any] = []
    (found,) = findings({"SpotMaxNodes": "5"}, missing_role(made), may_make=may_make)
    assert (found.check, found.level, found.parameter) == (spot_role.title, WARNING, "SpotMaxNodes")
    assert found.text == "AWSServiceRoleForEC2Spot was missing: the launch makes it."
    assert made == ([{"AWSServiceName": "spot.amazonaws.com"}] if may_make else [])


def test_without_spot_nodes_no_role_is_made() -> None:
    made: list[Any] = []
    assert findings({"SpotMaxNodes": "0"}, missing_role(made), may_make=True) == [] and not made
