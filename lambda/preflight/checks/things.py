"""Whatever an answer names, such as a key or a certificate, exists in this region and is as it must be."""

import functools

from preflight.case import Case
from preflight.checks.image import hides_images
from preflight.facts import HOLDS_DATA, THINGS
from preflight.verdicts import Check, Findings, Wrong


def thing_fits(case: Case, name: str) -> Findings:
    """Faults of the thing that the answer `name` names."""
    parts = case[name].split(":")
    is_arn = len(parts) > 5
    if is_arn and (parts[1] != case.partition or parts[3] not in ("", case.region)):
        yield Wrong(name, f"is of another region or partition: give one of {case.region}.")
        return
    found = case.thing(name)
    if not found:
        hidden = ", or EC2's setting Allowed AMIs hides it" if name == "PortalAmiId" and hides_images(case) else ""
        yield Wrong(name, f"does not exist in {case.region}{hidden}: correct it.")
        return
    for key, value in THINGS[name].required.items():
        if found.get(key) != value:
            remedy = "restore it, or give another." if value is None else f"give one whose {key} is {value}."
            yield Wrong(name, f"has {key} {found.get(key)}: {remedy}")


THING_CHECKS = [
    Check(
        name,
        f"{name} exists and fits",
        functools.partial(thing_fits, name=name),
        reads=(name,),
        needs=(name,),
        protects_data=name in HOLDS_DATA,
    )
    for name in THINGS
]
