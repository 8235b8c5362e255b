"""Availability Zones: those in the answers offer what the launch needs; for blank ones a fitting zone is picked."""

from botocore.exceptions import ClientError

from preflight.case import Case, only
from preflight.facts import INSTANCE_TYPES
from preflight.verdicts import Findings, Wrong, check


@check(
    "Availability Zones offer every instance type",
    reads=("AvailabilityZone", "PrivateSubnetId", *INSTANCE_TYPES),
    goes_first=True,
)
def zones(case: Case) -> Findings:
    """Leaves the zones in the case, for the other checks and for the stack."""
    offers = types_by_zone(case)
    wanted = set[str]().union(*offers.values())
    for name in INSTANCE_TYPES:
        if case[name] not in wanted:
            yield Wrong(name, f"is not offered in {case.region}: choose another type.")
    settled = settled_zones(case)
    yield from unfit_zones(settled, offers, wanted)
    if not case["VpcId"]:
        free = database_zones(case, offers) - set(settled.values())
        fitting = sorted(zone for zone in free if zone in offers and offers[zone] >= wanted)
        yield from pick_zones(case, settled, fitting, wanted)
    case.zones = [zone for _, zone in sorted(settled.items()) if zone in offers]


def pick_zones(case: Case, settled: dict[str, str], fitting: list[str], wanted: set[str]) -> Findings:
    """Settles the blank answers by the zones that fit; a fault for each that finds none."""
    parameters = [f"AvailabilityZone{number}" for number in range(1, case.zone_count + 1)]
    unsettled = [parameter for parameter in parameters if parameter not in settled]
    settled.update(zip(unsettled, fitting, strict=False))
    for name in unsettled[len(fitting) :]:
        types = ", ".join(sorted(wanted))
        yield Wrong(name, f"finds no zone left with {types} and the database: choose other types or class.")


def unfit_zones(settled: dict[str, str], offers: dict[str, set[str]], wanted: set[str]) -> Findings:
    """Faults of the zones that leave no choice."""
    for name, zone in settled.items():
        if zone not in offers:
            yield Wrong(name, f"is not in an available zone: choose among {', '.join(sorted(offers))}.")
        elif wanted - offers[zone]:
            lacking = ", ".join(sorted(wanted - offers[zone]))
            yield Wrong(name, f"is in {zone}, without {lacking}: choose another zone or type.")


def types_by_zone(case: Case) -> dict[str, set[str]]:
    """Those of the answers' instance types that each available zone offers."""
    described = case.client("ec2").describe_availability_zones()["AvailabilityZones"]
    offers: dict[str, set[str]] = {
        zone["ZoneName"]: set()
        for zone in described
        if zone["State"] == "available" and zone["ZoneType"] == "availability-zone"
    }
    wanted = only("instance-type", {case[name] for name in INSTANCE_TYPES})
    for offer in case.list_all(
        "ec2",
        "describe_instance_type_offerings",
        "InstanceTypeOfferings",
        LocationType="availability-zone",
        Filters=wanted,
    ):
        if offer["Location"] in offers:
            offers[offer["Location"]].add(offer["InstanceType"])
    return offers


def settled_zones(case: Case) -> dict[str, str]:
    """The zones that leave no choice, by the parameter that settles them."""
    if case["VpcId"]:
        subnets = case.numbered("PrivateSubnetId").items()
        return {name: case.subnets[id_]["AvailabilityZone"] for name, id_ in subnets if id_ in case.subnets}
    held = {f"AvailabilityZone{number}": zone for number, zone in enumerate(case.held_zones, 1)}
    return held | case.numbered("AvailabilityZone")


def database_zones(case: Case, offers: dict[str, set[str]]) -> set[str]:
    """The zones that offer the database; all if that is unknown or nowhere, which the database's own check reports."""
    try:
        return case.database_zones or set(offers)
    except ClientError:
        return set(offers)
