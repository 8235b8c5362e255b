"""How checks are declared, run and judged.

A check is a generator under `@check` that yields what it finds: `Wrong` stops a launch, `Warn` does not. What keeps a
check from an answer, such as a permission that is missing, is a warning too. A launch runs every check; an update those
that read an answer which changed.
"""

import concurrent.futures
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from preflight.case import Case

SECONDS = 42  # for all checks together
OK, WARNING, FAULT = "ok", "warning", "fault"
NOT_CHECKED = "Could not be checked; verify it yourself:"


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
    """The result of a check: `level` is OK, WARNING or FAULT; `text` is a sentence, or blank if all is well."""

    check: str
    level: str
    text: str = ""
    parameter: str = ""


Findings = Iterator[Wrong | Warn]


class Check(NamedTuple):
    """A check for launches, and for updates that change an answer it `reads`.

    One that `goes_first` ends before the others begin. One `of_updates` does not run in a launch.
    """

    title: str
    find: Callable[[Case], Iterable[Wrong | Warn]]
    reads: tuple[str, ...] = ()
    goes_first: bool = False
    of_updates: bool = False

    def concerns(self, case: Case) -> bool:
        """Whether the check has anything to do."""
        return not self.of_updates if case.is_launch else case.changes_one_of(self.reads)


def check(
    title: str,
    *,
    reads: Sequence[str] = (),
    goes_first: bool = False,
    of_updates: bool = False,
) -> Callable[[Callable[[Case], Findings]], Check]:
    """Decorator: the function as a Check."""

    def make(find: Callable[[Case], Findings]) -> Check:
        return Check(title, find, tuple(reads), goes_first, of_updates)

    return make


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
        for finding in each.find(case):
            level = WARNING if isinstance(finding, Warn) else FAULT
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
