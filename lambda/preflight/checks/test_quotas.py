"""Quotas of network, file systems and database."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from preflight.checks.quotas import database_quota, lustre_quota, network_quotas
from preflight.verdicts import Check
from testing.launches import Bad, assert_alone, findings
from testing.responses import quotas


def account_quota(name: str, used: int) -> dict[str, Any]:
    """RDS's answer of one quota of 40."""
    return {"AccountQuotas": [{"AccountQuotaName": name, "Used": used, "Max": 40}]}


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (
            network_quotas,
            Bad(
                {},
                {"GetServiceQuota": quotas(L_F678F1CE=1)},
                "",
                "VPCs: 1 needed, 1 of 1 in use: ask for more in Service Quotas (vpc L-F678F1CE).",
            ),
        ),
        (
            network_quotas,
            Bad(
                {},
                {"GetServiceQuota": quotas(L_0263D0A3=1)},
                "",
                "Elastic IP addresses: 2 needed, 0 of 1 in use: ask for more in Service Quotas (ec2 L-0263D0A3).",
            ),
        ),
        (
            lustre_quota,
            Bad(
                {},
                {"GetServiceQuota": quotas(L_AD2FC696=2399)},
                "",
                "GiB of Lustre: 2400 needed, 0 of 2399 in use: ask for more in Service Quotas (fsx L-AD2FC696).",
            ),
        ),
        (
            lustre_quota,
            Bad(
                {},
                {"DescribeFileSystems": EndpointConnectionError(endpoint_url="https://fsx")},
                "",
                "FSx for Lustre is not offered in us-east-1: choose another region.",
            ),
        ),
        (
            database_quota,
            Bad(
                {},
                {"DescribeAccountAttributes": account_quota("DBInstances", 39)},
                "",
                "DBInstances: 2 needed, 39 of 40 in use: ask for more in Service Quotas (rds).",
            ),
        ),
        (database_quota, Bad({}, {"DescribeAccountAttributes": account_quota("DBClusters", 40)}, "")),
    ],
    ids=["VPCs", "addresses", "Lustre", "a region without Lustre", "database instances", "database clusters"],
)
def test_a_quota_that_is_too_small_is_refused(check: Check, bad: Bad) -> None:
    assert_alone(check, bad)


def test_an_account_without_a_quota_of_its_own_has_aws_s_default() -> None:
    default = {"GetServiceQuota": "NoSuchResourceException", "GetAWSDefaultServiceQuota": quotas(L_F678F1CE=1)}
    assert [verdict.check for verdict in findings({}, default)] == [network_quotas.title]


def test_both_types_of_scratch_share_a_quota() -> None:
    def system(kind: str) -> dict[str, Any]:
        return {"StorageCapacity": 1200, "LustreConfiguration": {"DeploymentType": kind}}

    systems = [system("SCRATCH_1"), system("SCRATCH_2"), system("PERSISTENT_1"), {"StorageCapacity": 32}]
    bad = {"DescribeFileSystems": {"FileSystems": systems}, "GetServiceQuota": quotas(L_AD2FC696=4799)}
    assert "GiB of Lustre: 2400 needed, 2400 of 4799 in use" in findings({}, bad)[0].text
