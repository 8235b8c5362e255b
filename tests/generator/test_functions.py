"""A function's modules are loaded by their folder, and leave no trace on the path."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from generator.errors import GeneratorError
from generator.text.functions import FUNCTIONS, load_function


def test_a_module_is_loaded_with_those_that_it_imports_from() -> None:
    assert load_function("preflight").__file__ == str(FUNCTIONS / "preflight" / "handler.py")
    checks = load_function("preflight", "checks.release")
    assert checks.__file__ == str(FUNCTIONS / "preflight" / "checks" / "release.py")


def test_a_module_is_loaded_once() -> None:
    assert load_function("preflight", "facts") is load_function("preflight", "facts")


def test_the_path_stays_as_it_was() -> None:
    before = [*sys.path]
    load_function("preflight", "facts")
    assert sys.path == before


def test_preflight_s_facts_need_nothing_but_the_standard_library() -> None:
    """The generator's own environment may have no boto3."""
    code = (
        "import sys; from generator.text.functions import load_function; load_function('preflight', 'facts'); "
        "print([name for name in sys.modules if name.partition('.')[0] in ('boto3', 'botocore', 'troposphere')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=FUNCTIONS.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_another_package_of_that_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = ModuleType("assets.handler")
    other.__file__ = "/elsewhere/assets/handler.py"
    monkeypatch.setitem(sys.modules, "assets.handler", other)
    with pytest.raises(GeneratorError, match=r"assets is /elsewhere/assets/handler\.py and not a package of"):
        load_function("assets")
