"""EC2's quotas, which count vCPUs by families of instance types."""

import collections
import re

from preflight.case import Case, only
from preflight.checks.instance_types import vcpus
from preflight.checks.quotas import within_quota
from preflight.facts import INSTANCE_TYPES
from preflight.verdicts import Findings, check

STANDARD_QUOTA = "L-1216C47A"
FAMILY_QUOTAS = {"g": "L-DB2E81BA", "p": "L-417A185B", "x": "L-7295265B", "f": "L-74FC7D96", "hpc": "L-F7808C92"}
SPOT_QUOTA = "L-34B43A08"


@check("vCPU quotas leave room for portal, head and minimum compute nodes, or a Spot node each")
def vcpu_quotas(case: Case) -> Findings:
    """What is needed and in use, quota by quota."""
    needed: dict[str, float] = collections.defaultdict(float)
    for name, nodes in zip(INSTANCE_TYPES, (1, 1, case.number("ComputeMinNodes")), strict=True):
        needed[quota_of(case[name])] += case.zone_count * nodes * vcpus(case, name)
    used = vcpus_in_use(case)
    for code in needed:
        yield from within_quota(case, "vCPUs", "ec2", code, needed[code], used[code])
    if case.number("SpotMaxNodes"):
        a_node_each = case.zone_count * vcpus(case, "ComputeInstanceType")
        yield from within_quota(case, "Spot vCPUs", "ec2", SPOT_QUOTA, a_node_each, 0)


def vcpus_in_use(case: Case) -> collections.Counter[str]:
    """vCPUs of the on-demand instances that run, by quota."""
    used: collections.Counter[str] = collections.Counter()
    live = only("instance-state-name", {"pending", "running"})
    for reservation in case.list_all("ec2", "describe_instances", "Reservations", Filters=live):
        for instance in reservation["Instances"]:
            if instance.get("InstanceLifecycle") != "spot":
                cpu = instance.get("CpuOptions", {})
                used[quota_of(instance["InstanceType"])] += cpu.get("CoreCount", 1) * cpu.get("ThreadsPerCore", 1)
    return used


def quota_of(instance_type: str) -> str:
    """The quota that counts the type, by the letters that it begins with; most are standard."""
    family = re.sub("[^a-z].*", "", instance_type)
    return FAMILY_QUOTAS.get(family, STANDARD_QUOTA)
