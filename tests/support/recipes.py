"""Recipes of docs/development.md: the changes that each prescribes, and a way to carry them out in a copy of the project.

A block of code under a step changes the file that was named last before it: ```diff holds lines to add (+), lines to
remove (-) and, without a sign, their place; any other block is the whole text of a file to create.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)+)`")


@dataclass(frozen=True)
class Change:
    """A change of the file `path`: the lines `old` become the lines `new`. Without `old`, the file is created."""

    path: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Carry it out below `root`; an AssertionError tells that the recipe does not fit the file."""
        target = root / self.path
        if not self.old:
            assert not target.exists(), f"{self.path} exists already"
            target.write_text(self.new, encoding="utf-8")
            return
        text = "\n" + target.read_text(encoding="utf-8")
        times = text.count(f"\n{self.old}")
        assert times == 1, f"{self.path} has these lines {times} times, not once:\n{self.old}"
        target.write_text(text.replace(f"\n{self.old}", f"\n{self.new}")[1:], encoding="utf-8")

    def fits(self, root: Path) -> bool:
        """Whether it can be carried out below `root`, or has been already."""
        target = root / self.path
        if not self.old:
            return not target.exists() or target.read_text(encoding="utf-8") == self.new
        text = "\n" + target.read_text(encoding="utf-8")
        return 1 in (text.count(f"\n{self.old}"), text.count(f"\n{self.new}"))


def recipes(document: str) -> dict[str, list[Change]]:
    """The changes of every recipe by its title, such as "Add a queue"; `document` is the text of docs/development.md."""
    part = re.search(r"^## Recipes\n(.*?)(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)
    assert part, "docs/development.md has no section Recipes"
    titles = re.split(r"^### (.+)\n", part[1], flags=re.MULTILINE)[1:]
    return dict(zip(titles[::2], map(_changes, titles[1::2]), strict=True))


def _changes(text: str) -> list[Change]:
    return [_change(PATH.findall(text[: block.start()])[-1], *block.groups()) for block in BLOCK.finditer(text)]


def _change(path: str, indent: str, language: str, body: str) -> Change:
    if language != "diff":
        return Change(path, "", textwrap.dedent(body))
    # Only the block's own indentation goes: what is behind the signs is the file's.
    lines = [line[len(indent) :] for line in body.splitlines(keepends=True)]
    old, new = ("".join(line[1:] for line in lines if line[0] != sign) for sign in "+-")
    return Change(path, old, new)
