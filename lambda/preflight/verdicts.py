"""How checks are declared, run and judged.

A check is a generator under `@check` that yields what it finds: `Wrong` stops a launch, `Warn` does not. What keeps a
check from an answer, such as a permission that is missing, is a warning too. A launch runs every check that applies; an
update those that read an answer which changed. The answer PreflightWarnOnly makes faults of the checks that it names
warnings, except where data is at stake.
"""

import concurrent.futures
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from preflight.case import Case

SECONDS = 42  # for all checks together
OK, WARNING, FAULT, NOT_APPLICABLE = "ok", "warning", "fault", "not applicable"
NOT_CHECKED = "Could not be checked; verify it yourself:"
NOTHING = ("", "0", "no")  # answers that leave out what they are about


class Wrong(NamedTuple):
    """A fault.

    `text` goes on after the parameter's name and answer ("is not x86-64: choose another type."), or, where no single
    parameter is at fault, is a whole sentence.
    """

    parameter: str
    text: str


class Warn(NamedTuple):
    """A whole sentence that stops nothing."""

    parameter: str
    text: str


class Verdict(NamedTuple):
    """The result of a check: `level` is OK, WARNING, FAULT or NOT_APPLICABLE.

    `text` is a sentence, or blank if all is well or there was nothing to look at.
    """

    check: str
    level: str
    text: str = ""
    parameter: str = ""


Findings = Iterator[Wrong | Warn]


class Check(NamedTuple):
    """A check for launches, and for updates that change an answer it `reads`.

    `name` is what PreflightWarnOnly calls it. It applies where one of the answers in `needs` is given, and none of those
    in `without`. One that `goes_first` ends before the others begin. One `of_updates` does not run in a launch. One that
    `always` runs does so in every update. One that `protects_data` stays a fault whatever PreflightWarnOnly names.
    """

    name: str
    title: str
    find: Callable[[Case], Iterable[Wrong | Warn]]
    reads: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    goes_first: bool = False
    of_updates: bool = False
    always: bool = False
    protects_data: bool = False

    def concerns(self, case: Case) -> bool:
        """Whether the check is for this launch, or for this update."""
        if case.is_launch:
            return not self.of_updates
        return self.always or case.changes_one_of(self.reads) or bool(self.reads and is_warn_only(self, case))

    def applies(self, case: Case) -> bool:
        """Whether the answers leave it anything to look at."""
        is_needed = not self.needs or any(case[name] not in NOTHING for name in case.asked(self.needs))
        return is_needed and not any(case[name] for name in self.without)


def check(
    title: str, *, reads: Sequence[str] = (), needs: Sequence[str] = (), **more: Any
) -> Callable[[Callable[[Case], Findings]], Check]:
    """Decorator: the function as a Check, which has its name; for `more` see Check."""

    def make(find: Callable[[Case], Findings]) -> Check:
        return Check(camel_case(find.__name__), title, find, tuple(reads), tuple(needs), **more)

    return make


def camel_case(name: str) -> str:
    """The name of a function as PreflightWarnOnly spells it."""
    return re.sub("(?:^|_)([a-z])", lambda match: match[1].upper(), name)


def is_warn_only(each: Check, case: Case) -> bool:
    """Whether the operator wants the check's faults as warnings, and may have them so."""
    return each.name in case["PreflightWarnOnly"].split(",") and not each.protects_data


def sentence(case: Case, finding: Wrong | Warn) -> str:
    """The finding as a whole sentence, which tells no query of a URL."""
    if isinstance(finding, Warn) or not finding.parameter:
        return without_queries(case, finding.text)
    answer = case[finding.parameter] or "(blank)"
    return without_queries(case, f"{finding.parameter} {answer} {finding.text}")


def without_queries(case: Case, text: str) -> str:
    """`text` without what follows a ? in any answer: a presigned URL is a credential, and errors repeat it."""
    for answer in case.answers.values():
        _, mark, query = answer.partition("?")
        text = text.replace(mark + query, "").replace(query, "") if query else text
    return text


def run(each: Check, case: Case) -> list[Verdict]:
    """The verdicts of one check."""
    found = []
    try:
        if not each.applies(case):
            return [Verdict(each.title, NOT_APPLICABLE)]
        stops = WARNING if is_warn_only(each, case) else FAULT
        for finding in each.find(case):
            level = WARNING if isinstance(finding, Warn) else stops
            found.append(Verdict(each.title, level, sentence(case, finding), finding.parameter))
    except Exception as error:  # whatever keeps a check from an answer must not stop a launch
        told = without_queries(case, f"{type(error).__name__} {error}")
        found.append(Verdict(each.title, WARNING, f"{NOT_CHECKED} {told}"))
    return found or [Verdict(each.title, OK)]


def judge(case: Case, checks: Sequence[Check]) -> list[Verdict]:
    """The verdicts of all `checks` that concern the case, which then has its zones."""
    end = time.monotonic() + SECONDS
    concerned = [each for each in checks if each.concerns(case)]
    pool = concurrent.futures.ThreadPoolExecutor(len(concerned) + 1)
    running = {}
    for each in concerned:
        running[pool.submit(run, each, case)] = each
        if each.goes_first:
            concurrent.futures.wait(running, SECONDS / 2)
    done = concurrent.futures.wait(running, max(0, end - time.monotonic())).done
    pool.shutdown(wait=False, cancel_futures=True)
    verdicts = []
    for future, each in running.items():
        late = Verdict(each.title, WARNING, f"{NOT_CHECKED} no answer in time")
        verdicts += future.result() if future in done else [late]
    return verdicts
