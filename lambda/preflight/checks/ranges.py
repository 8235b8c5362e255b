"""Answers that bound a range."""

from preflight.case import Case
from preflight.verdicts import Findings, Wrong, check

RANGES = {"DatabaseMinCapacity": "DatabaseMaxCapacity", "ComputeMinNodes": "ComputeMaxNodes"}


@check("Minimums are not above their maximums", reads=(*RANGES, *RANGES.values()))
def ranges(case: Case) -> Findings:
    """One fault a range."""
    for minimum, maximum in RANGES.items():
        if case.number(minimum) > case.number(maximum):
            yield Wrong(minimum, f"is more than {maximum} {case[maximum]}: lower the one or raise the other.")
