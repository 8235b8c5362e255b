"""The command-line parser of the generator and of the operators' tools."""

from __future__ import annotations

import argparse

from generator.errors import GeneratorError


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage lines."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise GeneratorError(f"{message}; see {self.prog} --help")
