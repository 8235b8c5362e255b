"""The network's addresses: of a new VPC, or of one that exists and its subnets."""

import ipaddress

from preflight.case import Case
from preflight.verdicts import Findings, Wrong, check

OTHER_ADDRESSES = 12  # portal, head node, mount targets, database, load balancer, nodes that are being replaced
AWS_ADDRESSES = 5  # of every subnet
SHARES = 8  # of a new VPC, one a private subnet


def has_room(case: Case, name: str, free: int) -> Findings:
    """A fault if `free` addresses in a private subnet are too few."""
    needed = OTHER_ADDRESSES + case.number("ComputeMaxNodes") + case.number("SpotMaxNodes")
    if free < needed:
        leaves = f"leaves {free} private addresses and {needed:g} are needed"
        yield Wrong(name, f"{leaves}: take a larger range or fewer nodes.")


@check("The new VPC's address range is large enough", reads=("VpcCidr",))
def vpc_cidr(case: Case) -> Findings:
    """For the private subnet of a zone."""
    if not case["VpcId"]:
        addresses = ipaddress.ip_network(case["VpcCidr"], strict=False).num_addresses
        yield from has_room(case, "VpcCidr", addresses // SHARES - AWS_ADDRESSES)


@check("The existing VPC has DNS support and host names", reads=("VpcId",))
def existing_vpc(case: Case) -> Findings:
    """EFS and Lustre are mounted by name."""
    if not case.thing("VpcId"):
        return
    for name in ("DnsSupport", "DnsHostnames"):
        found = case.client("ec2").describe_vpc_attribute(VpcId=case["VpcId"], Attribute=f"enable{name}")
        if not found[f"Enable{name}"]["Value"]:
            yield Wrong("VpcId", f"has enable{name} off: switch it on.")


@check(
    "The existing subnets are in the VPC, in distinct zones, with free addresses",
    reads=("VpcId", "PrivateSubnetId", "LoadBalancerSubnetId"),
)
def existing_subnets(case: Case) -> Findings:
    """The load balancer needs a subnet in each zone of the portal nodes."""
    private = case.numbered("PrivateSubnetId")
    node_zones = {case.subnets[id_]["AvailabilityZone"] for id_ in private.values() if id_ in case.subnets}
    yield from distinct_subnets(case, private, None)
    yield from distinct_subnets(case, case.numbered("LoadBalancerSubnetId"), node_zones)


def distinct_subnets(case: Case, subnets: dict[str, str], node_zones: set[str] | None) -> Findings:
    """Faults of the subnets for the load balancer, which belong into `node_zones`; if None, of the private subnets."""
    taken: set[str] = set()
    for name, id_ in subnets.items():
        subnet = case.subnets.get(id_)
        if not subnet or subnet["VpcId"] != case["VpcId"]:
            yield Wrong(name, f"is no subnet of {case['VpcId']}: choose one of that VPC.")
        elif subnet["AvailabilityZone"] in taken:
            yield Wrong(name, "is in the zone of another: choose a subnet in each zone.")
        elif node_zones is None:
            yield from has_room(case, name, subnet["AvailableIpAddressCount"])
        elif subnet["AvailabilityZone"] not in node_zones:
            remedy = "choose one in a zone of the private subnets."
            yield Wrong(name, f"is in a zone without a private subnet: {remedy}")
        if subnet:
            taken.add(subnet["AvailabilityZone"])
