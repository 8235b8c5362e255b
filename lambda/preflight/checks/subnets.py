"""The network's addresses: of a new VPC, or of one that exists and its subnets."""

import ipaddress

from preflight.case import Case, Item
from preflight.verdicts import Findings, Warn, Wrong, check

OTHER_ADDRESSES = 12  # portal, head node, mount targets, database, load balancer, nodes that are being replaced
AWS_ADDRESSES = 5  # of every subnet
SHARES = 8  # of a new VPC, one a private subnet
# What a load balancer needs in each subnet (Elastic Load Balancing user guide, "Subnets for your load balancer").
BALANCER_ADDRESSES, BALANCER_PREFIX = 8, 27
NODES = ("ComputeMaxNodes", "SpotMaxNodes")


def most_nodes(case: Case) -> float:
    """The compute nodes that a zone may have at once."""
    return sum(case.number(name) for name in NODES)


def has_room(case: Case, name: str, free: int) -> Findings:
    """A fault if `free` addresses in a private subnet are too few."""
    needed = OTHER_ADDRESSES + most_nodes(case)
    if free < needed:
        leaves = f"leaves {free} private addresses and {needed:g} are needed"
        yield Wrong(name, f"{leaves}: take a larger range or fewer nodes.")


def has_room_to_grow(case: Case, name: str, free: int) -> Findings:
    """What an update that adds nodes finds in a private subnet, where running nodes hold addresses already."""
    before = sum(float((case.old_answers or {}).get(key) or 0) for key in NODES)
    after = most_nodes(case)
    if after - before > free:
        leaves = f"has {free} free addresses and the queues grow by {after - before:g} nodes"
        yield Wrong(name, f"{leaves}: choose fewer nodes.")
    elif before < after and free < after:
        text = f"{name} {case[name]} has {free} free addresses for up to {after:g} nodes"
        yield Warn(name, f"{text}: see that nodes which run already hold the rest.")


@check("The new VPC's address range is large enough", reads=("VpcCidr", *NODES), needs=("VpcCidr",), without=("VpcId",))
def vpc_cidr(case: Case) -> Findings:
    """For the private subnet of a zone."""
    addresses = ipaddress.ip_network(case["VpcCidr"], strict=False).num_addresses
    yield from has_room(case, "VpcCidr", addresses // SHARES - AWS_ADDRESSES)


@check("The existing VPC has DNS support and host names", reads=("VpcId",), needs=("VpcId",))
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
    reads=("VpcId", "PrivateSubnetId", "LoadBalancerSubnetId", *NODES),
    needs=("VpcId",),
)
def existing_subnets(case: Case) -> Findings:
    """The load balancer needs a subnet in each zone of the portal nodes."""
    private = case.numbered("PrivateSubnetId")
    for_balancer = case.numbered("LoadBalancerSubnetId")
    node_zones = {case.subnets[id_]["AvailabilityZone"] for id_ in private.values() if id_ in case.subnets}
    yield from distinct_subnets(case, private, None)
    yield from distinct_subnets(case, for_balancer, node_zones)
    for name, id_ in {**private, **for_balancer}.items():
        subnet = case.subnets.get(id_)
        if subnet and subnet["VpcId"] == case["VpcId"]:
            yield from addresses(case, name, subnet)


def distinct_subnets(case: Case, subnets: dict[str, str], node_zones: set[str] | None) -> Findings:
    """Faults of the subnets for the load balancer, which belong into `node_zones`; if None, of the private subnets."""
    taken: set[str] = set()
    for name, id_ in subnets.items():
        subnet = case.subnets.get(id_)
        if not subnet or subnet["VpcId"] != case["VpcId"]:
            yield Wrong(name, f"is no subnet of {case['VpcId']}: choose one of that VPC.")
        elif subnet["AvailabilityZone"] in taken:
            yield Wrong(name, "is in the zone of another: choose a subnet in each zone.")
        elif node_zones is not None and subnet["AvailabilityZone"] not in node_zones:
            remedy = "choose one in a zone of the private subnets."
            yield Wrong(name, f"is in a zone without a private subnet: {remedy}")
        if subnet:
            taken.add(subnet["AvailabilityZone"])


def addresses(case: Case, name: str, subnet: Item) -> Findings:
    """What is wrong with a subnet's addresses. An update counts no addresses of a subnet that is in use already."""
    free = subnet["AvailableIpAddressCount"]
    if subnet.get("Ipv6Native"):
        yield Wrong(name, "has IPv6 addresses alone: choose a subnet with IPv4 addresses.")
    elif name.startswith("PrivateSubnetId"):
        yield from has_room(case, name, free) if case.is_launch else has_room_to_grow(case, name, free)
    elif case.is_launch or case.changes_one_of((name,)):
        if free < BALANCER_ADDRESSES:
            needed = f"and a load balancer needs {BALANCER_ADDRESSES}"
            yield Wrong(name, f"has {free} free addresses {needed}: choose a larger subnet.")
        elif ipaddress.ip_network(subnet["CidrBlock"]).prefixlen > BALANCER_PREFIX:
            text = f"{name} {case[name]} is smaller than /{BALANCER_PREFIX}"
            yield Warn(name, f"{text}, so the load balancer cannot grow in it: choose a larger subnet.")


def network_cidr(case: Case) -> str:
    """The VPC's address range that the portal and the head nodes are in; of several, that of the first private subnet."""
    vpc = case.thing("VpcId")
    if not vpc:
        return case["VpcCidr"]
    subnet = case.subnets.get(case["PrivateSubnetId1"])
    for range_ in ranges_of(vpc):
        if subnet and ipaddress.IPv4Network(subnet["CidrBlock"]).subnet_of(ipaddress.IPv4Network(range_)):
            return range_
    return str(vpc["CidrBlock"])


def ranges_of(vpc: Item) -> list[str]:
    """All IPv4 address ranges of a VPC."""
    associated = vpc.get("CidrBlockAssociationSet", [])
    live = [each["CidrBlock"] for each in associated if each["CidrBlockState"]["State"] == "associated"]
    return live or [vpc["CidrBlock"]]


@check(
    "Head nodes admit SSH from all of the VPC's address ranges",
    reads=("VpcId", "PrivateSubnetId"),
    needs=("VpcId",),
)
def ssh_ranges(case: Case) -> Findings:
    """ParallelCluster's AllowedIps takes one range."""
    others = [range_ for range_ in ranges_of(case.thing("VpcId") or {"CidrBlock": ""}) if range_ != network_cidr(case)]
    if any(others):
        text = f"Head nodes admit SSH from {network_cidr(case)} and not from {', '.join(others)}"
        yield Warn("VpcId", f"{text}: use Session Manager, or add a rule to the head nodes' security group.")
