"""EC2's quotas, which count vCPUs by families of instance types."""

import collections
import re
from typing import NamedTuple

from preflight.case import Case, only
from preflight.checks.instance_types import vcpus
from preflight.checks.quotas import within_quota
from preflight.facts import INSTANCE_TYPES
from preflight.verdicts import Findings, check


class Quotas(NamedTuple):
    """The codes of a family's quotas; Spot's is blank where the family has none."""

    on_demand: str
    spot: str = ""


# EC2 user guide, "On-Demand Instance quotas" and "Spot Instance quotas"; codes of Service Quotas.
STANDARD = Quotas("L-1216C47A", "L-34B43A08")
GRAPHICS = Quotas("L-DB2E81BA", "L-3819A6DF")
FAMILIES = {
    "g": GRAPHICS,
    "gr": GRAPHICS,
    "vt": GRAPHICS,
    "p": Quotas("L-417A185B", "L-7212CCBC"),
    "x": Quotas("L-7295265B", "L-E3A00192"),
    "f": Quotas("L-74FC7D96", "L-88CF9481"),
    "inf": Quotas("L-1945791B", "L-B5D1601B"),
    "trn": Quotas("L-2C3B7624", "L-6B0D517C"),
    "dl": Quotas("L-6E869C2A", "L-85EED4F7"),
    "u": Quotas("L-43DA4232"),
    "hpc": Quotas("L-F7808C92"),
}
P5_SPOT = "L-C4BD4855"


@check("vCPU quotas leave room for portal, head and minimum compute nodes, or a Spot node each")
def vcpu_quotas(case: Case) -> Findings:
    """What is needed and in use, quota by quota."""
    needed: dict[str, float] = collections.defaultdict(float)
    for name, nodes in zip(INSTANCE_TYPES, (1, 1, case.number("ComputeMinNodes")), strict=True):
        needed[quotas_of(case[name]).on_demand] += case.zone_count * nodes * vcpus(case, name)
    used = vcpus_in_use(case)
    for code in needed:
        yield from within_quota(case, "vCPUs", "ec2", code, needed[code], used[code])
    spot = quotas_of(case["ComputeInstanceType"]).spot
    if case.number("SpotMaxNodes") and spot:
        a_node_each = case.zone_count * vcpus(case, "ComputeInstanceType")
        yield from within_quota(case, "Spot vCPUs", "ec2", spot, a_node_each, 0)


def vcpus_in_use(case: Case) -> collections.Counter[str]:
    """vCPUs of the on-demand instances that run, by quota."""
    used: collections.Counter[str] = collections.Counter()
    live = only("instance-state-name", {"pending", "running"})
    for reservation in case.list_all("ec2", "describe_instances", "Reservations", Filters=live):
        for instance in reservation["Instances"]:
            if instance.get("InstanceLifecycle") != "spot":
                cpu = instance.get("CpuOptions", {})
                used[quotas_of(instance["InstanceType"]).on_demand] += cpu.get("CoreCount", 1) * cpu.get(
                    "ThreadsPerCore", 1
                )
    return used


def quotas_of(instance_type: str) -> Quotas:
    """The quotas that count the type, by the letters that it begins with; most are standard."""
    found = FAMILIES.get(re.sub("[^a-z].*", "", instance_type), STANDARD)
    return found._replace(spot=P5_SPOT) if re.match(r"p5[^0-9]", instance_type) else found
