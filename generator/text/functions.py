"""The modules of lambda/, loaded as a function of AWS loads them: for the generator, the operator's command and tests."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

from generator.errors import GeneratorError

FUNCTIONS = Path(__file__).resolve().parents[2] / "lambda"


def load_function(name: str, module: str = "handler") -> ModuleType:
    """The module lambda/`name`/`module`.py; a dot in `module` stands for a folder.

    Raises GeneratorError if another package of that name is loaded already.
    """
    sys.path.insert(0, str(FUNCTIONS))
    try:
        found = importlib.import_module(f"{name}.{module}")
    finally:
        sys.path.remove(str(FUNCTIONS))
    if FUNCTIONS not in Path(str(found.__file__)).parents:
        raise GeneratorError(f"{name} is {found.__file__} and not a package of {FUNCTIONS}: rename the other one")
    return found
