"""docs/preflight.md lists the checks as the function has them: the names that PreflightWarnOnly takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.documents import preflight_checks
from generator.errors import GeneratorError
from generator.release import outputs, unchanged
from generator.text.sources import ROOT


def parts() -> tuple[str, str, str]:
    """The document's text before, in and behind its table."""
    text = (ROOT / preflight_checks.DOCUMENT).read_text(encoding="utf-8")
    before, line, rest = text.partition(preflight_checks.HEAD.splitlines(keepends=True)[0])
    rows = rest.splitlines(keepends=True)
    count = next((number for number, row in enumerate(rows) if not row.startswith("|")), len(rows))
    return before, line + "".join(rows[:count]), "".join(rows[count:])


def test_the_reference_lists_every_check() -> None:
    assert parts()[1] == preflight_checks.table(), "run: make templates"


def test_the_text_around_the_table_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = preflight_checks.HEAD
    (tmp_path / "docs").mkdir()
    (tmp_path / preflight_checks.DOCUMENT).write_text(f"before\n\n{head}| `Gone` | x | - | yes |\n\nbehind\n")
    monkeypatch.setattr(preflight_checks, "ROOT", tmp_path)
    assert preflight_checks.document() == f"before\n\n{preflight_checks.table()}\nbehind\n"


def test_a_document_without_its_table_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / preflight_checks.DOCUMENT).write_text("text\n")
    monkeypatch.setattr(preflight_checks, "ROOT", tmp_path)
    with pytest.raises(GeneratorError, match="has no table of checks"):
        preflight_checks.document()


def test_every_document_that_a_build_writes_is_looked_at_for_changes() -> None:
    assert set(outputs.documents()) <= set(unchanged.FILES)
