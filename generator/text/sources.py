"""Reads the texts that people edit (Lambda handlers, user data, the cluster's configuration) for the tiers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from generator import __version__
from generator.errors import GeneratorError
from generator.text import inline
from generator.text.yaml import load_yaml

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Sources:
    """The project's folder `root`, and the version that its templates are to carry.

    Only publishing stamps another than the generator's own, for a development version (release.py). Every method raises
    GeneratorError for a file that is missing or malformed.
    """

    root: Path = ROOT
    version: str = __version__

    def text(self, path: str) -> str:
        """The text of the file `path` of the project."""
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except OSError as error:
            raise GeneratorError(
                f"cannot read {self.root / path}: {error.strerror}; restore it from the repository"
            ) from error
        except UnicodeDecodeError as error:
            raise GeneratorError(f"{self.root / path} is not UTF-8 text: restore it from the repository") from error

    def yaml(self, path: str) -> dict[str, Any]:
        """The mapping in the YAML file `path`, with CloudFormation's short forms turned into the long ones."""
        try:
            found = load_yaml(self.text(path))
        except yaml.YAMLError as error:
            raise GeneratorError(f"{path} is not valid YAML ({' '.join(str(error).split())}): correct it") from error
        if not isinstance(found, dict):
            raise GeneratorError(f"{path} must hold a YAML mapping: restore it from the repository")
        return found

    @cache  # noqa: B019 - one object for a run
    def inline_function(self, name: str) -> str:
        """The code of the function lambda/`name` as one file."""
        return inline.join(self.root, name)
