"""Changes ministack's own source while Python imports it: the edits of patches.py, and partitions.py's rewrite.

Compiled modules are kept under a folder of their own (`cache`), because rewriting 80 modules takes three seconds.
"""

import ast
import hashlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from tests.emulator.partitions import Partition
from tests.emulator.patches import EDITS, HELPERS, VERSION


class Unpatchable(Exception):
    """The installed ministack is not the one that the edits were written for."""


def check_version() -> None:
    """Refuse any ministack but the pinned one; raises Unpatchable with what to do."""
    installed = importlib.metadata.version("ministack")
    if installed != VERSION:
        raise Unpatchable(
            f"ministack {installed} is installed, but the emulator's patches were written for {VERSION}: install that "
            f"version, or go through tests/emulator/patches.py and change VERSION there."
        )


class Loader(importlib.machinery.SourceFileLoader):
    """Loads one of ministack's modules with its edits made."""

    def __init__(self, name: str, path: str, cache: Path) -> None:
        super().__init__(name, path)
        self.cache = cache

    def get_code(self, fullname: str) -> CodeType | None:
        before = sys.pycache_prefix, sys.dont_write_bytecode
        sys.pycache_prefix, sys.dont_write_bytecode = str(self.cache), False
        try:
            return super().get_code(fullname)
        finally:
            sys.pycache_prefix, sys.dont_write_bytecode = before

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        source = importlib.util.decode_source(data)
        edits = [edit for edit in EDITS if edit.module == self.name]
        for edit in edits:
            found = source.count(edit.old)
            if found != edit.count:
                raise Unpatchable(
                    f"{edit.module} has {found} times what the emulator expects {edit.count} times: {edit.old!r}. "
                    f"Compare the module with ministack {VERSION}'s and mend tests/emulator/patches.py."
                )
            source = source.replace(edit.old, edit.new)
        tree = ast.parse(source)
        for helper, package in HELPERS.items():
            if any(f"_{helper}." in edit.new for edit in edits):
                tree.body += ast.parse(f"from {package} import {helper} as _{helper}").body
        return compile(ast.fix_missing_locations(Partition().visit(tree)), path, "exec", optimize=_optimize)


class Finder(importlib.abc.MetaPathFinder):
    """Hands ministack's service modules, and those that EDITS names, to `Loader`."""

    def __init__(self, cache: Path) -> None:
        # A change of what is done to the source, or another ministack, makes another folder.
        here = Path(__file__).parent
        sources = [here / f"{name}.py" for name in ("loader", "partitions", "patches")]
        text = VERSION.encode() + b"".join(path.read_bytes() for path in sources)
        self.cache = cache / hashlib.sha256(text).hexdigest()[:12]

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not name.startswith("ministack.services.") and name not in {edit.module for edit in EDITS}:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec and spec.origin and spec.origin.endswith(".py"):
            packages = spec.submodule_search_locations
            spec.loader = Loader(name, spec.origin, self.cache)
            spec.submodule_search_locations = packages
        return spec


def install(cache: Path) -> None:
    """Patch every ministack service module imported from now on; compiled code goes under the folder `cache`."""
    check_version()
    sys.meta_path.insert(0, Finder(cache))
