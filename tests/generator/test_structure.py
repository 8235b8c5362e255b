"""The map of the code holds: imports lead downward, no module is long, no function is complicated."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import lizard
import pytest

from generator.__main__ import COMMANDS
from generator.text.sources import ROOT

# From the bottom to the top: a module imports from its own layer and from those before it.
LAYERS = (
    *("generator", "generator.errors", "generator.text", "generator.cfn", "generator.form", "generator.tiers"),
    *("generator.stack", "generator.documents", "generator.aws", "generator.release", "generator.operate"),
    "generator.__main__",
)
LONGEST = 250  # lines of a module
MOST_COMPLEX = 12  # cyclomatic complexity of a function
GENERATOR = sorted((ROOT / "generator").rglob("*.py"))
SUPPORT = ("test_", "conftest")  # what of lambda/ is not shipped begins so
PRODUCT = [
    *GENERATOR,
    *sorted((ROOT / "userdata").rglob("*.py")),
    *(
        path
        for path in sorted((ROOT / "lambda").rglob("*.py"))
        if not path.name.startswith(SUPPORT) and "testing" not in path.parts
    ),
]


def name_of(path: Path) -> str:
    """The dotted name of a module of the generator."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in GENERATOR}


def layer(module: str) -> int:
    """The place of a module among the layers."""
    return max((index, name) for index, name in enumerate(LAYERS) if f"{module}.".startswith(f"{name}."))[0]


def imported(path: Path) -> Iterator[str]:
    """The project's own modules that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "generator")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "generator":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else str(node.module)


@cache
def imports() -> dict[str, frozenset[str]]:
    """What each module of the generator imports, itself and the version apart."""
    return {name: frozenset(imported(path)) - {name, "generator"} for name, path in MODULES.items()}


def test_every_module_is_in_a_layer_of_its_own_name() -> None:
    top = {name for name in MODULES if name.count(".") <= 1}
    assert top == set(LAYERS)


@pytest.mark.parametrize("module", MODULES)
def test_imports_lead_downward(module: str) -> None:
    upward = {other for other in imports()[module] if layer(other) > layer(module)}
    assert not upward, f"{module} imports from a layer above its own"


def test_no_import_goes_round() -> None:
    TopologicalSorter(imports()).prepare()  # raises CycleError


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_is_complicated(path: Path) -> None:
    functions = lizard.analyze_file(str(path)).function_list
    assert not [
        f"{found.name}: {found.cyclomatic_complexity}"
        for found in functions
        if found.cyclomatic_complexity > MOST_COMPLEX
    ]


def test_every_command_is_a_module_with_its_options_and_its_work() -> None:
    for module, _ in COMMANDS.values():
        source = MODULES[module].read_text(encoding="utf-8")
        assert {"add_arguments", "run"} <= {
            node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)
        }, module
