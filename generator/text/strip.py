"""Strips a Python module to what runs: docstrings, comments and annotations go, the rest stays as it was typed.

The text is cut at the positions of the syntax tree, and never printed anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from generator.errors import GeneratorError
from generator.text.module import NAME, TEXT, Module

# Where a node holds statements, or what holds statements itself, such as an `except`.
BODIES = ("body", "handlers", "orelse", "finalbody", "cases")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, order=True)
class Cut:
    """Characters of a text that go, and what stands in their place; whether they are an annotation."""

    start: int
    end: int
    text: str = ""
    is_annotation: bool = False


@dataclass(frozen=True)
class Piece:
    """What is left of a statement of a module's top level, and how many blank lines were before it."""

    node: ast.stmt
    text: str
    blank_lines: int

    def names(self) -> set[str]:
        """Every name in it, some of which may be those of parameters or local."""
        return set(NAME.findall(TEXT.sub(_formatted, self.text)))


def strip(module: Module) -> tuple[list[Piece], set[str]]:
    """What is left of the module, and the names that went with annotations.

    The fields of a class that has a base or a decorator keep theirs: dataclasses and named tuples live by them.
    """
    cuts: list[Cut] = []
    for cut in sorted([*_comments(module), *_cuts(module, module.tree, False)]):
        if not cuts or cut.start >= cuts[-1].end:  # what lies in a longer cut goes with it
            cuts.append(cut)
    names = {name for cut in cuts if cut.is_annotation for name in NAME.findall(module.text[cut.start : cut.end])}
    pieces, last = [], 0
    for node in module.tree.body:
        start, end = module.starts[first_line(node) - 1], module.starts[node.end_lineno or 0]
        if start < last:
            raise module.crowded(node)
        text = _without(module, cuts, start, end)
        if text.strip():
            blank = _without(module, cuts, last, start).count("\n")
            pieces.append(Piece(node, _tidy(text.rstrip("\n")), min(blank, 2)))
        last = end
    return pieces, names


def _without(module: Module, cuts: list[Cut], start: int, end: int) -> str:
    """The text from `start` to `end` without the cuts, the next of which comes first and is used up."""
    parts = []
    while cuts and cuts[0].start < end:
        cut = cuts.pop(0)
        parts += [module.text[start : cut.start], cut.text]
        start = cut.end
    return "".join([*parts, module.text[start:end]])


def first_line(statement: ast.stmt) -> int:
    """The line in which the statement or its first decorator begins."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def keeps_fields(owner: ast.AST, outside: bool) -> bool:
    """Whether something may read the annotations of this body at run time; `outside` says so of the body around it."""
    if isinstance(owner, ast.ClassDef):
        return bool(owner.decorator_list or owner.bases or owner.keywords)
    return outside and not isinstance(owner, Function)


def _formatted(found: re.Match[str]) -> str:
    """Of strings, only those with a prefix may hold names."""
    return "" if found[0].startswith(('"', "'")) else found[0]


def _tidy(text: str) -> str:
    """A statement without blank lines behind the head of a block, and without more than one in a row."""
    if "\n\n" not in text:
        return text
    in_strings = set[int]()
    for found in TEXT.finditer(text):
        if "\n" in found[0]:
            first = text.count("\n", 0, found.start())
            in_strings.update(range(first, first + found[0].count("\n")))
    kept: list[str] = []
    for number, line in enumerate(text.split("\n")):
        is_blank = not line.strip() and number not in in_strings
        if not is_blank or not (kept[-1] == "" or kept[-1].endswith((":", "(", "[", "{"))):
            kept.append("" if is_blank else line)
    return "\n".join(kept)


def _comments(module: Module) -> Iterator[Cut]:
    """Every comment, with its line if that holds nothing else."""
    for found in TEXT.finditer(module.text):
        if found[0].startswith("#"):
            line_start = module.text.rfind("\n", 0, found.start()) + 1
            before = module.text[line_start : found.start()].rstrip()
            if before:
                yield Cut(line_start + len(before), found.end())
            else:
                yield Cut(line_start, min(found.end() + 1, len(module.text)))


def _cuts(module: Module, owner: ast.AST, outside: bool) -> Iterator[Cut]:
    """What goes of the statements below `owner`, as a whole or in part; for `outside` see keeps_fields."""
    keeps = keeps_fields(owner, outside)
    for name in BODIES:
        nodes: list[ast.stmt] = getattr(owner, name, [])
        if not isinstance(nodes, list):  # that of a lambda or a conditional expression
            continue
        needless = [_is_needless(node, keeps) for node in nodes]
        for number, (node, goes) in enumerate(zip(nodes, needless, strict=True)):
            if goes:
                is_whole_body = number == 0 and all(needless) and owner is not module.tree
                yield _statement(module, node, "pass" if is_whole_body else "")
                continue
            if isinstance(node, (ast.Import, ast.ImportFrom)) and owner is not module.tree:
                module.nested_imports.append(node)
            yield from _annotations(module, node, keeps)
            yield from _cuts(module, node, keeps)


def _annotations(module: Module, node: ast.AST, keeps: bool) -> Iterator[Cut]:
    """The annotations of the node itself."""
    if isinstance(node, Function):
        yield from _signature(module, node)
    elif isinstance(node, ast.AnnAssign) and not keeps:
        colon = module.find_operator(module.end(node.target), ":")
        yield Cut(colon, module.find_operator(colon + 1, "="), " ", is_annotation=True)


def _is_needless(node: ast.AST, keeps: bool) -> bool:
    """Whether a statement does nothing at run time; `keeps` says whether annotations do."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    if isinstance(node, ast.AnnAssign):
        return node.value is None and not keeps
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__"
    if isinstance(node, ast.If):
        name = getattr(node.test, "id", getattr(node.test, "attr", ""))  # TYPE_CHECKING or typing.TYPE_CHECKING
        return name == "TYPE_CHECKING" and not node.orelse
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__"


def _statement(module: Module, node: ast.stmt, instead: str) -> Cut:
    """The statement with its lines; only what stands instead shares them with the head of a block."""
    start, end = module.start(node), module.end(node)
    is_annotation = isinstance(node, (ast.AnnAssign, ast.If))
    if instead:
        return Cut(start, end, instead, is_annotation)
    line_start, line_end = module.text.rfind("\n", 0, start) + 1, module.starts[node.end_lineno or 0]
    if module.text[line_start:start].strip() or module.text[end:line_end].partition("#")[0].strip():
        raise module.crowded(node)
    return Cut(line_start, line_end, "", is_annotation)


def _signature(module: Module, node: Function) -> Iterator[Cut]:
    """The annotations of a function's parameters and result."""
    if getattr(node, "type_params", None):
        raise GeneratorError(f"{module.path}: {node.name} has type parameters in brackets: declare a TypeVar instead")
    arguments = node.args
    starred = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred):
        if argument.annotation:
            yield _parameter(module, argument)
    if node.returns:
        arrow = module.text.rindex("->", 0, module.start(node.returns))
        colon = module.find_operator(arrow + 2, ":")
        yield Cut(len(module.text[:arrow].rstrip()), colon, is_annotation=True)


def _parameter(module: Module, argument: ast.arg) -> Cut:
    """A parameter's annotation, with the blanks around the default behind it."""
    start = module.start(argument) + len(argument.arg)
    colon = module.find_operator(start, ":")
    end = module.find_operator(colon + 1, ",", "=", ")")
    if module.text[end] != "=":
        return Cut(start, end, is_annotation=True)
    default = end + 1
    while module.text[default] == " ":
        default += 1
    return Cut(start, default, "=", is_annotation=True)
