"""Instance types can run what they are for."""

from preflight.case import Case
from preflight.facts import INSTANCE_TYPES
from preflight.verdicts import Findings, Wrong, check


@check(
    "Instance types are x86-64; compute nodes have EFA and Spot if asked",
    reads=(*INSTANCE_TYPES, "ComputeEfa", "SpotMaxNodes"),
)
def instance_types(case: Case) -> Findings:
    """A type that EC2 does not know is a matter of the zones' check."""
    for name in INSTANCE_TYPES:
        described = case.instance_types.get(case[name])
        if not described:
            continue
        if "x86_64" not in described["ProcessorInfo"]["SupportedArchitectures"]:
            yield Wrong(name, "is not x86-64: choose another type.")
        wants_spot = name == "ComputeInstanceType" and case.number("SpotMaxNodes")
        if wants_spot and "spot" not in described["SupportedUsageClasses"]:
            yield Wrong(name, "is not offered as Spot: choose another type, or 0 for SpotMaxNodes.")
        wants_efa = name == "ComputeInstanceType" and case["ComputeEfa"] == "yes"
        if wants_efa and not described["NetworkInfo"].get("EfaSupported"):
            yield Wrong(name, "has no EFA: choose another type, or no for ComputeEfa.")


def vcpus(case: Case, name: str) -> int:
    """vCPUs of the instance type in the answer `name`; none if EC2 does not know it."""
    described = case.instance_types.get(case[name])
    return int(described["VCpuInfo"]["DefaultVCpus"]) if described else 0
