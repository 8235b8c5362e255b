"""The routes of an existing VPC's subnets."""

from preflight.case import Case, Item, only
from preflight.verdicts import Findings, Warn, Wrong, check


@check(
    "The existing subnets have the routes they need",
    reads=("VpcId", "PrivateSubnetId", "LoadBalancerSubnetId", "LoadBalancerScheme"),
)
def routes(case: Case) -> Findings:
    """A public subnet's way out is an internet gateway, a private one's is not."""
    if not case["VpcId"]:
        return
    by_subnet, of_main_table = route_tables(case)
    for name, subnet in case.numbered("PrivateSubnetId").items():
        yield from private_routes(name, subnet, by_subnet.get(subnet, of_main_table))
    if case["LoadBalancerScheme"] != "internal":
        for name, subnet in case.numbered("LoadBalancerSubnetId").items():
            if not is_public(by_subnet.get(subnet, of_main_table)):
                remedy = "choose a public subnet or LoadBalancerScheme internal."
                yield Wrong(name, f"has no route to an internet gateway: {remedy}")


def private_routes(name: str, subnet: str, routes: list[Item]) -> Findings:
    """Faults of a private subnet's routes, and what they lack for S3."""
    if not ways_out(routes) or is_public(routes):
        yield Wrong(name, "has no route out by NAT gateway or the like: add one or choose another subnet.")
    elif not any(route.get("GatewayId", "").startswith("vpce-") for route in routes):
        yield Warn(name, f"{name} {subnet} has no S3 gateway endpoint: add one, or pay NAT fees for S3.")


def is_public(routes: list[Item]) -> bool:
    """Whether the way out is an internet gateway."""
    return any(route.get("GatewayId", "").startswith("igw-") for route in ways_out(routes))


def ways_out(routes: list[Item]) -> list[Item]:
    """The default routes."""
    return [route for route in routes if route.get("DestinationCidrBlock") == "0.0.0.0/0"]


def route_tables(case: Case) -> tuple[dict[str, list[Item]], list[Item]]:
    """The active routes of each subnet with a table of its own; those of the VPC's main table, which serves all others."""
    by_subnet: dict[str, list[Item]] = {}
    of_main_table: list[Item] = []
    of_this_vpc = only("vpc-id", {case["VpcId"]})
    for table in case.list_all("ec2", "describe_route_tables", "RouteTables", Filters=of_this_vpc):
        active = [route for route in table["Routes"] if route["State"] == "active"]
        for association in table["Associations"]:
            if "SubnetId" in association:
                by_subnet[association["SubnetId"]] = active
            elif association.get("Main"):
                of_main_table = active
    return by_subnet, of_main_table
