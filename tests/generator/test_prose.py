"""The documents are in plain, idiomatic English, in lines that fit a screen; decisions have a date and a status."""

from __future__ import annotations

import re

import pytest

from generator.text.sources import ROOT

GENERATED = {"docs/updates.md"}
WRITTEN = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", ".github/**/*.md", "tests/**/*.md")
    for path in (file.relative_to(ROOT).as_posix() for file in ROOT.glob(pattern))
    if path not in GENERATED
)
COLUMNS = 120
# What a native reader stumbles over, and what to write in its place.
STUMBLES = {
    r"(?i)\b(?:whoever|whatever|whomever)\b": "name the person or the thing",
    r"(?:^|[.!:;|] )What (?!it costs)[^.?|]*\b(?:is|are|was|were|has|have|can|does|comes|stays|goes)\b(?![^.|]*\?)": (
        "begin with the subject, not with a clause"
    ),
    r"\b(?:all|everything|everybody|nothing|nobody|none|any|anything|everywhere|nowhere) but\b|\bbut for\b": (
        "write 'except'"
    ),
    r"\bfor ever\b": "write 'permanently' or 'without end'",
    r"\b(?:is|are|was|were|be) away\b": "write 'unavailable'",
    r"\bcomes? (?:to|of)\b": "write 'is', 'result in' or 'follow from'",
    r"\b(?:told|tells|tell) (?:of|to be)\b": "write 'reported' or 'known'",
    r"\b(?:is|are) (?:said|told|asked|held still)\b": "write 'set', 'reported', 'named' or 'required'",
    r"\bgone on with\b|\bgoes on with\b": "write 'to resume, run it again'",
    r"\bnone that\b|\bsaid twice\b|\btakes? that itself\b": "say it in the positive",
    r"\bway (?:in|out|to) a\b|\bis there a way to\b": "write 'reachable'",
    r"\bWays in\b|\bThe way of the files\b|\bstands? alone\b|\bhold still\b|\bdaily round\b": (
        "Access, How files reach the nodes, Zone independence, Frozen by tests, Everyday commands"
    ),
    r"\breading user\b": "write 'read-only user'",
    r"\b[Ll]east (?:capacity|nodes)\b|\b[Mm]ost (?:capacity|nodes|Spot nodes)\b": "write 'minimum' or 'maximum'",
    r"\bwhich makes nothing\b|\bmaking nothing\b": "write 'creates nothing'",
    r"\bof the operator's\b|\bof a hand\b": "write 'the operator's own'",
}


def read(document: str) -> str:
    """The document's text."""
    return (ROOT / document).read_text(encoding="utf-8")


def lines_outside_tables(document: str) -> list[str]:
    """Every line of the document that is not a row of a table; code blocks count, and so do their tables."""
    return [line for line in read(document).splitlines() if not re.match(r"^ *[+-]?\|", line.strip())]


def sentences(document: str) -> str:
    """The document's prose, one paragraph a line, without code, links' targets and headings."""
    text = re.sub(r"^ *```.*?^ *```$", "", read(document), flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^#.*$|^<!--.*?-->$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    text = re.sub(r"`[^`\n]*`", "CODE", text)
    return re.sub(r"(?<!\n)\n(?![\n|]| *(?:[-*]|\d+\.) )", " ", text)


@pytest.mark.parametrize("document", WRITTEN)
def test_lines_outside_tables_fit(document: str) -> None:
    # An address cannot be broken.
    long = [line for line in lines_outside_tables(document) if len(line) > COLUMNS and "https://" not in line]
    assert long == []


@pytest.mark.parametrize("document", WRITTEN)
def test_a_native_reader_does_not_stumble(document: str) -> None:
    text = sentences(document)
    found = [
        f"'{match[0].strip()}': {instead}"
        for stumble, instead in STUMBLES.items()
        for match in re.finditer(stumble, text, re.M)
    ]
    assert found == []


@pytest.mark.parametrize(
    "sentence",
    [
        "An interrupted run is gone on with by running it again.",
        "Whoever launches needs the right to create it.",
        "What a deleted stack leaves is listed there.",
        "Nothing is asked but the address.",
        "It is closed to everybody but root.",
        "The database is away for a moment.",
        "A job is pending for ever.",
        "Jobs are held and told of to the nodes.",
        "Is there a way to a package index?",
        "The reading user's password",
    ],
)
def test_the_search_finds_what_readers_stumbled_over(sentence: str) -> None:
    assert any(re.search(stumble, sentence, re.M) for stumble in STUMBLES)


# Decisions

DECISIONS = sorted(path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md"))
INDEX = "docs/decisions/README.md"
STATUS = r"proposed|accepted|rejected|superseded by \d+"


@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_has_number_date_status_context_decision_and_consequences(name: str) -> None:
    text = read(f"docs/decisions/{name}")
    assert re.match(
        rf"# {int(name[:4])}\. .+\n\n- Date: \d{{4}}-\d\d-\d\d\n- Status: (?:{STATUS})\n\n## Context\n\n.+?"
        r"\n\n## Decision\n\n.+?\n\n## Consequences\n\n.+\Z",
        text,
        re.DOTALL,
    )


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(name[:4]) for name in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_index_lists_every_decision_with_its_title_date_and_status() -> None:
    expected = []
    for name in DECISIONS:
        head = re.match(r"# (\d+)\. (.+)\n\n- Date: (.+)\n- Status: (.+)\n", read(f"docs/decisions/{name}"))
        assert head
        expected.append(f"| [{head[1]}]({name}) | {head[2]} | {head[3]} | {head[4]} |")
    assert [line for line in read(INDEX).splitlines() if line.startswith("| [")] == expected
