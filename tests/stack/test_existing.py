"""A deployment in a VPC that exists: its own answers updated, as docs/updates.md says of them.

What else may change is the same assembly as the other parent's: see test_life_updates.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from generator import form
from generator.documents import updates
from generator.documents.update_effects import Effect
from tests.emulator.client import Emulator
from tests.support.built import questions
from tests.support.deployment import Deployment, vpc

REGION = "ap-southeast-2"


@pytest.fixture(scope="module")
def place(emulator: Emulator) -> dict[str, str]:
    """The VPC and its subnets, as answers."""
    return vpc(emulator, REGION)


@pytest.fixture(scope="module")
def portal(emulator: Emulator, place: dict[str, str]) -> Iterator[Deployment]:
    """A deployment in that VPC."""
    deployment = Deployment(emulator, "life-existing", REGION)
    made = deployment.create(parent=form.EXISTING_VPC, **place)
    assert made.complete, made.reason
    yield deployment
    assert deployment.delete().complete
    ec2 = emulator.client("ec2", REGION)
    assert ec2.describe_subnets(SubnetIds=[name for key, name in place.items() if "Subnet" in key])["Subnets"]


def another_subnet(emulator: Emulator, subnet: str, cidr: str) -> str:
    """A subnet like this one: its zone, its route table."""
    ec2 = emulator.client("ec2", REGION)
    [old] = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    new: str = ec2.create_subnet(VpcId=old["VpcId"], CidrBlock=cidr, AvailabilityZone=old["AvailabilityZone"])[
        "Subnet"
    ]["SubnetId"]
    [table] = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["RouteTables"]
    ec2.associate_route_table(RouteTableId=table["RouteTableId"], SubnetId=new)
    return new


def test_every_answer_of_this_parent_alone_is_updated_here() -> None:
    own = {name for name, question in questions().items() if question.asked_by == (form.EXISTING_VPC,)}
    kinds = {name: updates.effect(name) for name in own}
    assert {name for name in own if kinds[name] == Effect.IN_PLACE} == {
        "LoadBalancerSubnetId1",
        "LoadBalancerSubnetId2",
    }
    refused = {"VpcId", "PrivateSubnetId1", "PrivateSubnetId2"}
    assert {name for name in own if kinds[name] == Effect.REFUSED} == refused == own - kinds.keys() | refused


@pytest.mark.parametrize("number", [1, 2])
def test_the_balancer_moves_to_another_subnet_in_place(
    portal: Deployment, place: dict[str, str], emulator: Emulator, number: int
) -> None:
    name = f"LoadBalancerSubnetId{number}"
    subnet = another_subnet(emulator, place[name], f"10.9.{100 + number}.0/24")
    before = portal.resources()
    change = portal.update(**{name: subnet})
    assert change.outcome.status == "UPDATE_COMPLETE", change.outcome.reason
    assert {item.title for item in updates.changes(name)} == {"LoadBalancer"}
    assert change.touched == {"preflight.Checks", "load-balancer.LoadBalancer"}
    assert portal.resources() == before
    balancer = before["load-balancer.LoadBalancer"].physical_id
    described = emulator.client("elbv2", REGION).describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"]
    assert subnet in [zone["SubnetId"] for zone in described[0]["AvailabilityZones"]]


def test_a_subnet_without_a_way_to_the_internet_is_refused_and_the_balancer_stays(
    portal: Deployment, place: dict[str, str]
) -> None:
    before = portal.resources()
    change = portal.update(LoadBalancerSubnetId1=place["PrivateSubnetId1"])
    assert change.outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    [reason] = change.reasons("Checks")
    assert f"LoadBalancerSubnetId1 {place['PrivateSubnetId1']} has no route to an internet gateway: choose" in reason
    assert change.touched == {"preflight.Checks"} and portal.resources() == before


def test_preflight_refuses_another_vpc_and_other_private_subnets(
    portal: Deployment, place: dict[str, str], emulator: Emulator
) -> None:
    other = vpc(emulator, REGION)
    frozen = {name: other[name] for name in place if not name.startswith("LoadBalancer")}
    before = portal.resources()
    change = portal.update(**other)  # a VPC comes with all its subnets
    assert change.outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    [reason] = change.reasons("Checks")
    for name, answer in frozen.items():
        refused = rf"\(\d+\) {name} {answer} cannot replace {place[name]}, since .*: put the old answer back\."
        assert re.search(refused, reason), f"{name} is not in: {reason}"
    assert change.touched == {"preflight.Checks"} and portal.resources() == before
    # A subnet alone, of the same VPC, too.
    subnet = another_subnet(emulator, place["PrivateSubnetId2"], "10.9.64.0/20")
    [reason] = portal.update(PrivateSubnetId2=subnet).reasons("Checks")
    assert f"(1) PrivateSubnetId2 {subnet} cannot replace {place['PrivateSubnetId2']}, since " in reason
    assert "(2)" not in reason and portal.resources() == before
    assert portal.update(DatabaseBackupDays="8").outcome.complete
