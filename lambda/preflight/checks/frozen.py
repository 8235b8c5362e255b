"""Changes that an update must not make."""

from preflight.case import Case
from preflight.checks.database import version_numbers
from preflight.facts import FROZEN, GROWING, frozen_because
from preflight.verdicts import Findings, Wrong, check

REMEDY = "put the old answer back."


@check("Nothing is replaced or lost", reads=(*FROZEN, *GROWING), of_updates=True, protects_data=True)
def frozen(case: Case) -> Findings:
    """A blank Availability Zone stands for the zone that is held, and so does its name."""
    held = {f"AvailabilityZone{number}": zone for number, zone in enumerate(case.held_zones, 1)}
    before = {**(case.old_answers or {}), **held}
    for name, answer in case.answers.items():
        old = before.get(name, answer)
        if old == answer or (not answer and name.startswith("AvailabilityZone")):
            continue
        why = frozen_because(name)
        if why:
            yield Wrong(name, f"cannot replace {old or 'a blank'}, since {why}: {REMEDY}")
        if name in GROWING and version_numbers(answer) < version_numbers(old):
            yield Wrong(name, f"is less than {old}, and there is no way back: {REMEDY}")
