"""The routes of an existing VPC's subnets."""

import ipaddress
from typing import NamedTuple

from preflight.case import Case, Item, only
from preflight.verdicts import Findings, Warn, Wrong, check

EVERYWHERE = ipaddress.IPv4Network("0.0.0.0/0")
LONGEST_PART = 7  # the prefix of the smallest part of a default route: longer ones are routes to single networks


class Tables(NamedTuple):
    """The active routes of each subnet with a table of its own; those of the VPC's main table, which serves all others.

    The latter are None if no main table is visible: another account may own it.
    """

    by_subnet: dict[str, list[Item]]
    of_main_table: list[Item] | None

    def of(self, subnet: str) -> list[Item] | None:
        """The routes of a subnet, or None if they cannot be seen."""
        return self.by_subnet.get(subnet, self.of_main_table)


@check(
    "The existing subnets have the routes they need",
    reads=("VpcId", "PrivateSubnetId", "LoadBalancerSubnetId", "LoadBalancerScheme"),
    needs=("VpcId",),
)
def routes(case: Case) -> Findings:
    """A public subnet's way out is an internet gateway, a private one's is not. What cannot be seen is no fault."""
    tables = route_tables(case)
    for_balancer = case.numbered("LoadBalancerSubnetId") if case["LoadBalancerScheme"] != "internal" else {}
    for name, subnet in {**case.numbered("PrivateSubnetId"), **for_balancer}.items():
        found = tables.of(subnet)
        if found is None:
            yield Warn(name, f"The route table of {name} {subnet} cannot be seen: verify its default route yourself.")
        elif name in for_balancer:
            yield from public_routes(name, subnet, found)
        else:
            yield from private_routes(name, subnet, found)


def public_routes(name: str, subnet: str, routes: list[Item]) -> Findings:
    """Faults of a subnet for a load balancer that the internet reaches."""
    if is_public(routes):
        return
    if any(route.get("GatewayId", "").startswith("igw-") for route in routes):
        yield Warn(name, f"{name} {subnet} reaches parts of the internet alone: see that all clients are among them.")
    else:
        remedy = "choose a public subnet or LoadBalancerScheme internal."
        yield Wrong(name, f"has no route to an internet gateway: {remedy}")


def private_routes(name: str, subnet: str, routes: list[Item]) -> Findings:
    """Faults of a private subnet's routes, and what they lack for S3."""
    remedy = "add one by NAT gateway or the like, or choose another subnet."
    if is_public(routes):
        yield Wrong(name, f"has its route out by an internet gateway, and nodes have no public address: {remedy}")
    elif not ways_out(routes):
        elsewhere = [route for route in routes if route.get("GatewayId") != "local" and not is_of_endpoint(route)]
        if elsewhere:
            yield Warn(name, f"{name} {subnet} has no default route: see that its routes reach AWS's services.")
        else:
            yield Wrong(name, f"has no route out: {remedy}")
    if not any(map(is_of_endpoint, routes)):
        yield Warn(name, f"{name} {subnet} has no S3 gateway endpoint: add one, or pay NAT fees for S3.")


def is_of_endpoint(route: Item) -> bool:
    """Whether the route leads to a gateway endpoint, such as that of S3."""
    return bool(route.get("GatewayId", "").startswith("vpce-") and route.get("DestinationPrefixListId"))


def is_public(routes: list[Item]) -> bool:
    """Whether a way out is an internet gateway."""
    return any(route.get("GatewayId", "").startswith("igw-") for route in ways_out(routes))


def ways_out(routes: list[Item]) -> list[Item]:
    """The routes that make up the way to any IPv4 address: a default route, halves of it, or a prefix list's.

    A prefix list that leads to a transit gateway or the like is taken for a way out; what is on it is not looked up.
    """
    listed = [route for route in routes if route.get("DestinationPrefixListId") and not is_of_endpoint(route)]
    by_range = {ipaddress.IPv4Network(route.get("DestinationCidrBlock") or "255.0.0.0/8"): route for route in routes}
    wide = [range_ for range_ in by_range if range_.prefixlen <= LONGEST_PART]
    if EVERYWHERE not in ipaddress.collapse_addresses(wide):
        return listed
    return [by_range[range_] for range_ in ([EVERYWHERE] if EVERYWHERE in wide else wide)]


def route_tables(case: Case) -> Tables:
    """The route tables of the VPC, as far as they can be seen."""
    by_subnet: dict[str, list[Item]] = {}
    of_main_table: list[Item] | None = None
    of_this_vpc = only("vpc-id", {case["VpcId"]})
    for table in case.list_all("ec2", "describe_route_tables", "RouteTables", Filters=of_this_vpc):
        active = [route for route in table["Routes"] if route["State"] == "active"]
        for association in table["Associations"]:
            if "SubnetId" in association:
                by_subnet[association["SubnetId"]] = active
            elif association.get("Main"):
                of_main_table = active
    return Tables(by_subnet, of_main_table)
