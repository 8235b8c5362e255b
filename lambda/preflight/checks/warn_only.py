"""The answer that makes warnings of faults."""

from collections.abc import Sequence

from preflight.case import Case
from preflight.verdicts import Check, Findings, Warn, Wrong

NAME = "PreflightWarnOnly"


def warn_only_check(checks: Sequence[Check]) -> Check:
    """The check of the answer, whose names are those of `checks`."""
    known = {each.name: each for each in checks}

    def find(case: Case) -> Findings:
        """One finding a name: it is a check's, and no data depends on it; then it warns in every update."""
        for name in case[NAME].split(","):
            if name not in known:
                some = ", ".join(sorted(name for name, each in known.items() if not each.protects_data))
                yield Wrong(NAME, f"holds {name}, which is no check of preflight: choose among {some}.")
            elif known[name].protects_data:
                yield Wrong(NAME, f"holds {name}, which protects data: take it out, since its faults stay faults.")
            else:
                yield Warn(NAME, f"{NAME} makes warnings of the faults of {name}: take it out when it is not needed.")

    return Check(NAME, "PreflightWarnOnly names checks", find, (NAME,), (NAME,), always=True, protects_data=True)
