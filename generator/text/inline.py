"""Joins the modules of a function into the one file that CloudFormation's inline ZipFile takes.

Each module loses docstrings, comments and annotations (strip.py). Imports from outside stand once, on top; behind them
come the modules, each after those that it imports from, down to handler.py. All share one namespace then, so whatever
would mean something else in it is refused.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from generator.errors import GeneratorError
from generator.text.imports import Import, import_blocks
from generator.text.module import Module
from generator.text.strip import keeps_fields, strip

COMMON = "common"  # the folder of what functions share
# What Lambda takes as code in a template (CloudFormation, AWS::Lambda::Function Code, ZipFile).
MAX_BYTES = 4 << 20
SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUTURE = "from __future__ import annotations"


class Part(Module):
    """A module of a function; `name` is its dotted name below lambda/."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(path, text)
        self.name = name
        left, self.cut_names = strip(self)
        self.pieces = {piece: piece.names() for piece in left if not [*Import.all_of(piece.node)]}
        self.defined = {name for piece in self.pieces for name in _bound(piece.node)}
        imports = [each for piece in left for each in Import.all_of(piece.node)]
        self.known = {*self.defined, *(each.name for each in imports)}
        self.own_imports = [each for each in imports if self.is_own(each)]
        self.outside_imports = [each for each in imports if not self.is_own(each)]
        self._refuse_imports()

    def _refuse_imports(self) -> None:
        """Raise GeneratorError for an import that joined modules could not make."""
        for each in filter(self.is_own, (each for node in self.nested_imports for each in Import.all_of(node))):
            raise GeneratorError(f"{self.path} imports {each.module} inside a block: import it on top")
        for each in self.own_imports:
            if not each.attribute or each.name != each.attribute or each.module.startswith("."):
                raise GeneratorError(f"{self.path} imports {each.module}: write `from {each.module} import NAME`")

    def is_own(self, imported: Import) -> bool:
        """Whether the function brings what is imported."""
        return imported.module.partition(".")[0] in (self.name.partition(".")[0], COMMON, "")

    def code(self, typing_only: set[str]) -> str:
        """What is left without imports, and without the names that only annotations use."""
        stay = [piece for piece in self.pieces if typing_only.isdisjoint(_declared(piece.node))]
        return "".join("\n" * (piece.blank_lines + 1) + piece.text for piece in stay).lstrip("\n")


def join(root: Path, name: str) -> str:
    """The code of the function lambda/`name` as one file.

    Raises GeneratorError for a module that is missing, cannot be joined or spoils a YAML block.
    """
    parts = _ordered(root, f"{name}.handler")
    _refuse_clashes(parts)
    typing_only = _typing_only(parts)
    blocks = [f"# {part.path}\n{code}" for part in parts if (code := part.code(typing_only))]
    imports = {each for part in parts for each in part.outside_imports if each.name not in typing_only}
    lazy = [FUTURE] if any(FUTURE in part.text and _has_fields(part) for part in parts) else []
    heading = "# Joined from the modules named below, which explain themselves."
    code = "\n\n\n".join(["\n\n".join([heading, *lazy, *import_blocks(imports)]), *blocks]) + "\n"
    _refuse_unfit(name, code)
    return code


def _ordered(root: Path, name: str) -> list[Part]:
    """The modules from `name` on, each behind those that it imports from."""
    found: dict[str, Part | None] = {}

    def visit(name: str, importer: str) -> None:
        if name in found:
            if found[name] is None:
                raise GeneratorError(f"{importer} imports {name} in a circle: move what both need into a third module")
            return
        found[name] = None
        part = _read(root, name)
        for each in part.own_imports:
            visit(each.module, part.path)
        del found[name]
        found[name] = part

    visit(name, "the generator")
    parts = {name: part for name, part in found.items() if part}
    for part in parts.values():
        for each in part.own_imports:
            target = parts[each.module]
            if each.name not in target.known:
                raise GeneratorError(f"{part.path} imports {each.name}, which {target.path} lacks: correct the name")
    return list(parts.values())


def _read(root: Path, name: str) -> Part:
    """The module of that dotted name."""
    path = root / "lambda" / Path(*name.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    try:
        return _part(name, path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GeneratorError(f"cannot read {path}: {error.strerror}; restore it from the repository") from error
    except UnicodeDecodeError as error:
        raise GeneratorError(f"{path} is not UTF-8 text: restore it from the repository") from error


@cache
def _part(name: str, path: str, text: str) -> Part:
    """The module, read once: functions share some."""
    return Part(name, path, text)


def _refuse_clashes(parts: list[Part]) -> None:
    """Raise GeneratorError for a name with two meanings."""
    owners: dict[str, object] = {}
    places: dict[str, str] = {}
    for part in parts:
        meanings: dict[str, object] = {each.name: each.meaning for each in part.outside_imports}
        for name, owner in {**meanings, **dict.fromkeys(part.defined, part.name)}.items():
            if owners.setdefault(name, owner) != owner:
                raise GeneratorError(f"{part.path} and {places[name]} both have {name}: rename one")
            places.setdefault(name, part.path)
    for part in parts:
        suspects = set[str]().union(*part.pieces.values()) & owners.keys() - part.known
        if suspects:  # most are local
            table = symtable.symtable("\n".join(piece.text for piece in part.pieces), part.path, "exec")
            for name in sorted(suspects.intersection(_globals(table))):
                raise GeneratorError(f"{part.path} uses {name} and does not import it from {places[name]}: rename one")


def _typing_only(parts: list[Part]) -> set[str]:
    """The imports, classes and aliases that nothing but annotations uses."""
    pieces = [(set(_declared(piece.node)), names) for part in parts for piece, names in part.pieces.items()]
    imported = {each.name for part in parts for each in part.outside_imports}
    candidates = imported.union(*(declared for declared, _ in pieces))
    mentioned = set[str]().union(*(part.cut_names for part in parts))
    found: set[str] = set()
    while True:
        used, gone = _split(pieces, found)
        more = candidates & (mentioned | gone) - used - found
        if not more:
            return found
        found |= more


def _split(pieces: list[tuple[set[str], set[str]]], found: set[str]) -> tuple[set[str], set[str]]:
    """The names in pieces that stay, but each piece's own, and those in pieces that declare one of `found`."""
    used, gone = set[str](), set[str]()
    for declared, names in pieces:
        (used if found.isdisjoint(declared) else gone).update(names - declared)
    return used, gone


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    """The names of its module, or built in, that a scope and those in it use."""
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module"):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _globals(inner)


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a statement of a module's top level binds."""
    if isinstance(node, ast.Name):
        yield from [node.id] if isinstance(node.ctx, ast.Store) else []
    elif isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        yield node.name
    elif not isinstance(node, SCOPES):
        for inner in ast.iter_child_nodes(node):
            yield from _bound(inner)


def _declared(node: ast.stmt) -> list[str]:
    """The name of a statement that may be a type: a class, or the value of one name."""
    if isinstance(node, ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)] if len(targets) == 1 else []


def _has_fields(part: Part) -> bool:
    return any(
        isinstance(node, ast.ClassDef)
        and keeps_fields(node, False)
        and any(isinstance(f, ast.AnnAssign) for f in node.body)
        for node in ast.walk(part.tree)
    )


def _refuse_unfit(name: str, code: str) -> None:
    """Raise GeneratorError for code that is no Python, too long, or no readable YAML block."""
    if not code.isascii() or "\t" in code or " \n" in code:
        raise GeneratorError(
            f"lambda/{name}: use plain ASCII without tabs or trailing blanks, so that it stays readable YAML"
        )
    if len(code) > MAX_BYTES:
        raise GeneratorError(f"lambda/{name} has {len(code)} bytes: keep it below {MAX_BYTES}")
