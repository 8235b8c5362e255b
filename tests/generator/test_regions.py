"""Where the stack runs: ParallelCluster's regions, and every type of resource exists in each of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generator.cfn import partition, regions
from tests.support.built import package_folder, resources

REGIONS = [region for listed in regions.REGIONS.values() for region in listed]


def test_the_regions_are_those_of_parallelcluster_but_the_isolated_ones() -> None:
    listed = (package_folder("pcluster") / "resources" / "supported-regions").read_text().split()
    assert sorted(REGIONS) == sorted(region for region in listed if not region.startswith("us-iso"))


def test_a_region_stands_in_its_own_partition() -> None:
    for name, listed in regions.REGIONS.items():
        prefix = {"aws-cn": "cn-", "aws-us-gov": "us-gov-"}.get(name, "")
        others = tuple({"cn-", "us-gov-"} - {prefix})
        assert all(region.startswith(prefix) and not region.startswith(others) for region in listed)


def types_of(region: str) -> dict[str, Any]:
    """The resource types that cfn-lint's copy of the CloudFormation registry has for a region."""
    return json.loads((package_folder("cfnlint") / f"data/schemas/providers/{region}.json").read_text())  # type: ignore[no-any-return]


# cfn-lint ships no list for these; their services are looked up in botocore's list of endpoints instead.
WITHOUT_A_LIST = {"me-south-1"}
ENDPOINTS = {
    **{"CertificateManager": "acm", "CloudWatch": "monitoring", "EFS": "elasticfilesystem"},
    **{"ElasticLoadBalancingV2": "elasticloadbalancing"},
}
GLOBAL = {"IAM", "Route53"}


@pytest.mark.parametrize("region", sorted(set(REGIONS) - WITHOUT_A_LIST))
def test_every_type_exists_in_the_region(region: str) -> None:
    used = {body["Type"] for _, body in resources() if not body["Type"].startswith("Custom::")}
    assert len(used) > 40
    assert used - types_of(region).keys() == set()


@pytest.mark.parametrize("region", sorted(WITHOUT_A_LIST))
def test_every_service_exists_in_the_region(region: str) -> None:
    with pytest.raises(FileNotFoundError):
        types_of(region)
    listed = json.loads((package_folder("botocore") / "data/endpoints.json").read_text())["partitions"][0]["services"]
    services = {body["Type"].split("::")[1] for _, body in resources() if body["Type"].startswith("AWS::")} - GLOBAL
    missing = {
        service for service in services if region not in listed[ENDPOINTS.get(service, service.lower())]["endpoints"]
    }
    assert missing == set()


@pytest.mark.parametrize("column", partition.BY_PARTITION)
def test_every_fact_is_known_for_every_partition(column: str) -> None:
    assert partition.BY_PARTITION[column].keys() == set(regions.PARTITIONS)


def test_log_delivery_accounts_are_of_regions_that_are_supported() -> None:
    assert set(partition.LOG_DELIVERY_ACCOUNTS) <= set(REGIONS)
    assert all(len(account) == 12 and account.isdigit() for account in partition.LOG_DELIVERY_ACCOUNTS.values())
