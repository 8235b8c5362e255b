"""docs/preflight.md lists the checks as the function has them: the names that PreflightWarnOnly takes.

Rewrite its table with `.venv/main/bin/python -m tests.generator.test_preflight_reference`.
"""

from __future__ import annotations

from generator.text.functions import load_function
from generator.text.sources import ROOT
from tests.support.built import questions

DOCUMENT = ROOT / "docs" / "preflight.md"
HEAD = "| name | what it checks | read again when an update changes | can only warn |\n| --- | --- | --- | --- |\n"


def table() -> str:
    """The checks, a row for each, in the order of their reports."""
    facts = load_function("preflight", "facts")
    rows = []
    for check in load_function("preflight", "checks").CHECKS:
        # A question that is asked for each zone stands for all of them by its first.
        reads = [name if name in {*questions(), *facts.RESOLVED} else f"{name}1" for name in check.reads]
        when = ", ".join(f"`{name}`" for name in reads) or ("every update" if check.always else "-")
        rows.append(f"| `{check.name}` | {check.title} | {when} | {'no' if check.protects_data else 'yes'} |\n")
    return HEAD + "".join(rows)


def parts() -> tuple[str, str, str]:
    """The document's text before, in and behind its table."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, line, rest = text.partition(HEAD.splitlines(keepends=True)[0])
    rows = rest.splitlines(keepends=True)
    count = next((number for number, row in enumerate(rows) if not row.startswith("|")), len(rows))
    return before, line + "".join(rows[:count]), "".join(rows[count:])


def test_the_reference_lists_every_check() -> None:
    assert parts()[1] == table(), "rewrite it: see the first lines of this module"


if __name__ == "__main__":
    before, _, behind = parts()
    DOCUMENT.write_text(before + table() + behind, encoding="utf-8")
