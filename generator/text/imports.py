"""Imports of Python modules: read from their statements, and written as a formatter sorts them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LINE = 120
STANDARD = sys.stdlib_module_names


@dataclass(frozen=True)
class Import:
    """One name that a module imports: `module` alone, or `attribute` of it, under `name`."""

    module: str
    attribute: str
    name: str

    @property
    def meaning(self) -> tuple[str, str]:
        """What the name stands for: `import a.b` and `import a.c` both bind a."""
        is_package = not self.attribute and self.name == self.module.partition(".")[0]
        return (self.name if is_package else self.module), self.attribute

    @classmethod
    def all_of(cls, node: ast.AST) -> Iterator[Import]:
        """The names that a statement imports."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield cls(alias.name, "", alias.asname or alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield cls("." * node.level + (node.module or ""), alias.name, alias.asname or alias.name)


def import_blocks(imports: Iterable[Import]) -> Iterator[str]:
    """Import statements, one a module: a block of Python's own, and one of others'."""
    by_module: dict[str, list[str]] = {}
    plain: dict[str, str] = {}
    for each in imports:
        if each.attribute:
            renamed = "" if each.name == each.attribute else f" as {each.name}"
            by_module.setdefault(each.module, []).append(each.attribute + renamed)
        else:
            renamed = "" if each.name == each.module.partition(".")[0] else f" as {each.name}"
            plain[f"import {each.module}{renamed}"] = each.module
    lines = plain | {_from(module, names): module for module, names in by_module.items()}
    for of_python in (True, False):
        block = [line for line, module in lines.items() if (module.partition(".")[0] in STANDARD) == of_python]
        if block:
            yield "\n".join(sorted(block, key=lambda line: (line.startswith("from"), line)))


def _from(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(sorted(names))}"
    return line if len(line) <= LINE else f"from {module} import (\n    " + ",\n    ".join(sorted(names)) + ",\n)"
