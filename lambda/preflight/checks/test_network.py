"""The network: addresses of a new VPC; subnets and routes of one that exists."""

from typing import Any

import pytest

from preflight.case import Case
from preflight.checks import CHECKS
from preflight.checks.routes import routes
from preflight.checks.subnets import existing_subnets, existing_vpc, vpc_cidr
from preflight.verdicts import OK, WARNING, Check, judge
from testing.account import Account
from testing.answers import ANSWERS, RESOLVED, VPC
from testing.launches import Bad, assert_alone, findings
from testing.responses import EDGE, PRIVATE, PUBLIC, good, subnet, table

ROUTES, SUBNETS = "DescribeRouteTables", "DescribeSubnets"


def attributes(*, support: bool, names: bool) -> dict[str, Any]:
    """EC2's answer of a VPC's DNS support and host names."""
    answer = {"EnableDnsSupport": {"Value": support}, "EnableDnsHostnames": {"Value": names}}
    return {"DescribeVpcAttribute": lambda asked: answer}


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (
            vpc_cidr,
            Bad(
                {"VpcCidr": "10.0.0.0/22", "ComputeMaxNodes": "112"},
                {},
                "VpcCidr",
                "VpcCidr 10.0.0.0/22 leaves 123 private addresses and 124 are needed: take a larger range or fewer nodes.",
            ),
        ),
        (
            existing_vpc,
            Bad(
                VPC,
                attributes(support=False, names=True),
                "VpcId",
                "VpcId vpc-1 has enableDnsSupport off: switch it on.",
            ),
        ),
        (existing_vpc, Bad(VPC, attributes(support=True, names=False), "VpcId")),
        (
            existing_subnets,
            Bad(
                VPC,
                {SUBNETS: {"Subnets": [subnet(1, "a"), subnet(2, "b", vpc="vpc-2"), subnet(3, "a"), subnet(4, "b")]}},
                "PrivateSubnetId2",
                "PrivateSubnetId2 subnet-2 is no subnet of vpc-1: choose one of that VPC.",
            ),
        ),
        (
            existing_subnets,
            Bad(
                VPC,
                {SUBNETS: {"Subnets": [subnet(1, "a"), subnet(2, "b"), subnet(3, "a"), subnet(4, "a")]}},
                "LoadBalancerSubnetId2",
                "LoadBalancerSubnetId2 subnet-4 is in the zone of another: choose a subnet in each zone.",
            ),
        ),
        (
            existing_subnets,
            Bad(
                VPC,
                {SUBNETS: {"Subnets": [subnet(1, "a"), subnet(2, "b"), subnet(3, "a"), subnet(4, "c")]}},
                "LoadBalancerSubnetId2",
                "LoadBalancerSubnetId2 subnet-4 is in a zone without a private subnet: choose one in a zone of the private "
                "subnets.",
            ),
        ),
        (
            existing_subnets,
            Bad(
                VPC,
                {SUBNETS: {"Subnets": [subnet(1, "a", 21), subnet(2, "b"), subnet(3, "a"), subnet(4, "b")]}},
                "PrivateSubnetId1",
            ),
        ),
        (
            routes,
            Bad(
                VPC,
                {ROUTES: {"RouteTables": [PRIVATE, table("subnet-3", GatewayId="igw-1"), table(), EDGE]}},
                "LoadBalancerSubnetId2",
                "LoadBalancerSubnetId2 subnet-4 has no route to an internet gateway: choose a public subnet or "
                "LoadBalancerScheme internal.",
            ),
        ),
        (
            routes,
            Bad(
                VPC,
                {ROUTES: {"RouteTables": [table("subnet-1", NatGatewayId="nat-1"), PUBLIC, table()]}},
                "PrivateSubnetId2",
                "PrivateSubnetId2 subnet-2 has no route out by NAT gateway or the like: add one or choose another subnet.",
            ),
        ),
        (
            routes,
            Bad(
                VPC,
                {ROUTES: {"RouteTables": [table("subnet-1", NatGatewayId="nat-1"), PUBLIC, table(GatewayId="igw-1")]}},
                "PrivateSubnetId2",
            ),
        ),
    ],
    ids=[
        "a range that is too small",
        "no DNS support",
        "no DNS host names",
        "a subnet of another VPC",
        "two subnets in a zone",
        "a zone without a node",
        "a subnet that is full",
        "a private subnet for the load balancer",
        "no way out",
        "a public subnet for the nodes",
    ],
)
def test_a_network_that_does_not_do_is_refused(check: Check, bad: Bad) -> None:
    assert_alone(check, bad)


def test_an_update_to_a_private_subnet_for_the_load_balancer_is_refused() -> None:
    old = {**ANSWERS, **RESOLVED, **VPC}
    new = {**old, "LoadBalancerSubnetId1": "subnet-1"}
    case = Case(new, "us-east-1", Account(good()), old_answers=old, held_zones=("us-east-1a", "us-east-1b"))
    found = [(v.check, v.parameter) for v in judge(case, CHECKS) if v.level != OK]
    assert found == [(routes.title, "LoadBalancerSubnetId1")]


def test_an_internal_load_balancer_needs_no_internet_gateway() -> None:
    tables = {ROUTES: {"RouteTables": [PRIVATE, table("subnet-3", "subnet-4", NatGatewayId="nat-1")]}}
    assert findings({**VPC, "LoadBalancerScheme": "internal"}, tables) == []
    assert [v.parameter for v in findings(VPC, tables)] == ["LoadBalancerSubnetId1", "LoadBalancerSubnetId2"]


def test_a_subnet_without_an_endpoint_for_s3_is_a_warning() -> None:
    private = table("subnet-1", "subnet-2", NatGatewayId="nat-1")
    found = findings(VPC, {ROUTES: {"RouteTables": [{**private, "Routes": private["Routes"][1:]}, PUBLIC]}})
    assert [(v.level, v.parameter) for v in found] == [(WARNING, "PrivateSubnetId1"), (WARNING, "PrivateSubnetId2")]
    assert found[0].text == "PrivateSubnetId1 subnet-1 has no S3 gateway endpoint: add one, or pay NAT fees for S3."
