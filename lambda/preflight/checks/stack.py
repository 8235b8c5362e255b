"""The operator's stack itself."""

from preflight.case import Case
from preflight.verdicts import Findings, Wrong, check

LONGEST_NAME = 40  # the nested stacks' names add to it


@check("The stack's name is short enough")
def stack_name(case: Case) -> Findings:
    """An update cannot change it."""
    if len(case.stack) > LONGEST_NAME:
        length = f"The stack's name {case.stack} has {len(case.stack)} characters"
        yield Wrong("", f"{length}: take one of at most {LONGEST_NAME}.")
