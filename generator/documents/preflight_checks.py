"""The table of preflight's checks in docs/preflight.md: their names are those that PreflightWarnOnly takes.

The text around the table is written by hand.
"""

from __future__ import annotations

from generator import DEFAULT_ZONES
from generator.errors import GeneratorError
from generator.form import groups
from generator.text.functions import load_function
from generator.text.sources import ROOT

DOCUMENT = "docs/preflight.md"
HEAD = "| name | what it checks | read again when an update changes | can only warn |\n| --- | --- | --- | --- |\n"


def table() -> str:
    """The checks, a row for each, in the order of their reports."""
    known = {
        *(name for _, asked in groups(DEFAULT_ZONES) for name in asked),
        *load_function("preflight", "facts").RESOLVED,
    }
    rows = []
    for check in load_function("preflight", "checks").CHECKS:
        # A question that is asked for each zone stands for all of them by its first.
        reads = [name if name in known else f"{name}1" for name in check.reads]
        when = ", ".join(f"`{name}`" for name in reads) or ("every update" if check.always else "-")
        rows.append(f"| `{check.name}` | {check.title} | {when} | {'no' if check.protects_data else 'yes'} |\n")
    return HEAD + "".join(rows)


def document() -> str:
    """The document with its table as it must be; raises GeneratorError if it has none."""
    lines = (ROOT / DOCUMENT).read_text(encoding="utf-8").splitlines(keepends=True)
    first = HEAD.splitlines(keepends=True)[0]
    if first not in lines:
        raise GeneratorError(f"{DOCUMENT} has no table of checks: put its first line back, which is {first.strip()}")
    start = lines.index(first)
    end = next((number for number in range(start, len(lines)) if not lines[number].startswith("|")), len(lines))
    return "".join([*lines[:start], table(), *lines[end:]])
