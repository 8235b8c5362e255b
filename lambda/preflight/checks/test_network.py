"""The network: addresses of a new VPC; subnets and routes of one that exists."""

from typing import Any

import pytest

from preflight.case import Case
from preflight.checks import CHECKS
from preflight.checks.routes import routes
from preflight.checks.subnets import existing_subnets, existing_vpc, network_cidr, ssh_ranges, vpc_cidr
from preflight.verdicts import NOT_APPLICABLE, OK, WARNING, Check, judge
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
                "PrivateSubnetId2 subnet-2 has no route out: add one by NAT gateway or the like, or choose another subnet.",
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
    found = [(v.check, v.parameter) for v in judge(case, CHECKS) if v.level not in (OK, NOT_APPLICABLE)]
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


def halves(*subnets: str, **target: str) -> dict[str, Any]:
    """A route table of `subnets` whose default route is two halves."""
    whole = table(*subnets)
    routes = [{"DestinationCidrBlock": f"{half}.0.0.0/1", "State": "active", **target} for half in (0, 128)]
    return {**whole, "Routes": [*whole["Routes"], *routes]}


def listed(**target: str) -> dict[str, Any]:
    """A private route table whose way out is a prefix list's."""
    whole = table("subnet-1", "subnet-2")
    out = {"DestinationPrefixListId": "pl-2", "State": "active", **target}
    return {**whole, "Routes": [*whole["Routes"], out]}


LOCAL = {"DestinationCidrBlock": "10.9.0.0/16", "GatewayId": "local", "State": "active"}


@pytest.mark.parametrize(
    "private",
    [
        halves("subnet-1", "subnet-2", NatGatewayId="nat-1"),
        listed(TransitGatewayId="tgw-1"),
        table("subnet-1", "subnet-2", TransitGatewayId="tgw-1"),
        table("subnet-1", "subnet-2", NetworkInterfaceId="eni-1"),
        table("subnet-1", "subnet-2", GatewayId="vpce-2"),
        table("subnet-1", "subnet-2", GatewayId="vgw-1"),
    ],
    ids=["halves", "a prefix list", "transit gateway", "an appliance", "a firewall's endpoint", "a VPN"],
)
def test_every_shape_of_a_way_out_passes(private: dict[str, Any]) -> None:
    assert findings(VPC, {ROUTES: {"RouteTables": [private, PUBLIC]}}) == []


def test_halves_to_an_internet_gateway_are_a_public_subnet() -> None:
    public = halves("subnet-3", "subnet-4", GatewayId="igw-1")
    assert findings(VPC, {ROUTES: {"RouteTables": [PRIVATE, public]}}) == []


def test_a_private_subnet_with_an_internet_gateway_is_refused() -> None:
    found = findings(VPC, {ROUTES: {"RouteTables": [table("subnet-1", "subnet-2", GatewayId="igw-1"), PUBLIC]}})
    assert [v.parameter for v in found] == ["PrivateSubnetId1", "PrivateSubnetId2"]
    assert found[0].text == (
        "PrivateSubnetId1 subnet-1 has its route out by an internet gateway, and nodes have no public address: add one by "
        "NAT gateway or the like, or choose another subnet."
    )


def test_routes_to_some_networks_alone_are_a_warning() -> None:
    private = table("subnet-1", "subnet-2")
    some = {"DestinationCidrBlock": "52.0.0.0/8", "TransitGatewayId": "tgw-1", "State": "active"}
    found = findings(VPC, {ROUTES: {"RouteTables": [{**private, "Routes": [*private["Routes"], LOCAL, some]}, PUBLIC]}})
    assert [(v.level, v.parameter) for v in found] == [(WARNING, "PrivateSubnetId1"), (WARNING, "PrivateSubnetId2")]
    assert found[0].text == (
        "PrivateSubnetId1 subnet-1 has no default route: see that its routes reach AWS's services."
    )


def test_a_public_subnet_for_some_clients_is_a_warning() -> None:
    whole = table("subnet-3", "subnet-4")
    some = {"DestinationCidrBlock": "203.0.113.0/24", "GatewayId": "igw-1", "State": "active"}
    found = findings(VPC, {ROUTES: {"RouteTables": [PRIVATE, {**whole, "Routes": [LOCAL, some]}]}})
    assert [(v.level, v.parameter) for v in found] == [
        (WARNING, "LoadBalancerSubnetId1"),
        (WARNING, "LoadBalancerSubnetId2"),
    ]


def test_a_route_that_leads_nowhere_does_not_count() -> None:
    private = table("subnet-1", "subnet-2", NatGatewayId="nat-1")
    private["Routes"][1]["State"] = "blackhole"
    found = findings(VPC, {ROUTES: {"RouteTables": [private, PUBLIC]}})
    assert {(v.level, v.check) for v in found} == {("fault", routes.title)}


@pytest.mark.parametrize("tables", [[], [EDGE]])
def test_route_tables_that_cannot_be_seen_are_a_warning(tables: list[Any]) -> None:
    """Those of subnets that another account shares."""
    found = findings(VPC, {ROUTES: {"RouteTables": tables}})
    assert {v.level for v in found} == {WARNING} and len(found) == 4
    assert found[0].text == (
        "The route table of PrivateSubnetId1 subnet-1 cannot be seen: verify its default route yourself."
    )


def balanced(**more: Any) -> dict[str, Any]:
    """EC2's answer of the four subnets, the last with these differences."""
    return {SUBNETS: {"Subnets": [subnet(1, "a"), subnet(2, "b"), subnet(3, "a"), {**subnet(4, "b"), **more}]}}


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"AvailableIpAddressCount": 7}, "has 7 free addresses and a load balancer needs 8: choose a larger subnet."),
        ({"Ipv6Native": True}, "has IPv6 addresses alone: choose a subnet with IPv4 addresses."),
    ],
)
def test_a_subnet_in_which_no_load_balancer_fits_is_refused(more: dict[str, Any], text: str) -> None:
    bad = Bad(VPC, balanced(**more), "LoadBalancerSubnetId2", f"LoadBalancerSubnetId2 subnet-4 {text}")
    assert_alone(existing_subnets, bad)


def test_a_small_subnet_for_the_load_balancer_is_a_warning() -> None:
    (found,) = findings(VPC, balanced(CidrBlock="10.9.4.0/28", AvailableIpAddressCount=8))
    assert (found.level, found.parameter) == (WARNING, "LoadBalancerSubnetId2")
    assert found.text == (
        "LoadBalancerSubnetId2 subnet-4 is smaller than /27, so the load balancer cannot grow in it: choose a larger subnet."
    )
    assert findings(VPC, balanced(CidrBlock="10.9.4.0/27", AvailableIpAddressCount=8)) == []


def grown(old: int, new: int, free: int, existing: bool = True) -> list[tuple[str, str]]:
    """Level and parameter of what an update of the queue finds with so many free addresses in each private subnet."""
    place = VPC if existing else {"VpcCidr": "10.0.0.0/20"}
    before = {**ANSWERS, **RESOLVED, **place, "ComputeMaxNodes": str(old)}
    subnets = [subnet(1, "a", free), subnet(2, "b", free), subnet(3, "a", 1), subnet(4, "b", 1)]
    account = Account({**good(), SUBNETS: {"Subnets": subnets}})
    case = Case({**before, "ComputeMaxNodes": str(new)}, "us-east-1", account, old_answers=before)
    return [(v.level, v.parameter) for v in judge(case, CHECKS) if v.level not in (OK, NOT_APPLICABLE)]


@pytest.mark.parametrize(
    ("old", "new", "free", "level"),
    [(10, 900, 15, "fault"), (10, 900, 889, "fault"), (10, 900, 895, "warning"), (10, 900, 900, ""), (900, 10, 3, "")],
)
def test_an_update_that_grows_a_queue_needs_room_in_existing_subnets(old: int, new: int, free: int, level: str) -> None:
    """The balancer's own addresses are in use by then."""
    wanted = [(level, f"PrivateSubnetId{zone}") for zone in (1, 2)] if level else []
    assert grown(old, new, free) == wanted


def test_an_update_that_grows_a_queue_needs_room_in_the_new_vpc() -> None:
    assert grown(10, 495, 0, existing=False) == []
    assert grown(10, 496, 0, existing=False) == [("fault", "VpcCidr")]


def ranges(*blocks: str, gone: str = "") -> dict[str, Any]:
    """EC2's answer of a VPC with these address ranges, the first of which is its first, and one that it lost."""
    sets = [{"CidrBlock": block, "CidrBlockState": {"State": "associated"}} for block in blocks]
    if gone:
        sets.append({"CidrBlock": gone, "CidrBlockState": {"State": "disassociated"}})
    vpc = {"VpcId": "vpc-1", "State": "available", "CidrBlock": blocks[0], "CidrBlockAssociationSet": sets}
    return {"DescribeVpcs": {"Vpcs": [vpc]}}


def placed(block: str) -> dict[str, Any]:
    """EC2's answer of the four subnets, the first in this range."""
    return {
        SUBNETS: {"Subnets": [{**subnet(1, "a"), "CidrBlock": block}, subnet(2, "b"), subnet(3, "a"), subnet(4, "b")]}
    }


@pytest.mark.parametrize(
    ("blocks", "block", "expected"),
    [
        (("10.9.0.0/16",), "10.9.1.0/24", "10.9.0.0/16"),
        (("10.9.0.0/16", "100.64.0.0/16"), "100.64.1.0/24", "100.64.0.0/16"),
        (("10.9.0.0/16", "100.64.0.0/16"), "10.9.1.0/24", "10.9.0.0/16"),
    ],
)
def test_head_nodes_admit_the_range_that_they_are_in(blocks: tuple[str, ...], block: str, expected: str) -> None:
    account = Account({**good(), **ranges(*blocks), **placed(block)})
    assert network_cidr(Case({**ANSWERS, **VPC}, "us-east-1", account)) == expected


def test_further_ranges_of_the_vpc_are_a_warning() -> None:
    (found,) = findings(
        VPC, {**ranges("10.9.0.0/16", "100.64.0.0/16", gone="172.16.0.0/16"), **placed("100.64.1.0/24")}
    )
    assert (found.check, found.level) == (ssh_ranges.title, WARNING)
    assert found.text == (
        "Head nodes admit SSH from 100.64.0.0/16 and not from 10.9.0.0/16: use Session Manager, or add a rule to the head "
        "nodes' security group."
    )
    assert findings(VPC, ranges("10.9.0.0/16", gone="172.16.0.0/16")) == []
