"""Reads the texts that people edit (Lambda handlers, user data, the cluster's configuration) for the tiers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from generator import __version__
from generator.errors import GeneratorError
from generator.text import archives, inline, yaml_reader
from generator.text.yaml_reader import Document

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, eq=False)  # what is cached belongs to one object, and the files may change before the next
class Sources:
    """The project's folder `root`, and the version that its templates are to carry.

    Only publishing stamps another than the generator's own, for a development version (release.py). `packages` is the
    SHA-256 of the certificate function's packages where it is not the pinned one: the emulator has packages of its own.
    Every method raises GeneratorError for a file that is missing or malformed.
    """

    root: Path = ROOT
    version: str = __version__
    packages: str = ""

    def text(self, path: str) -> str:
        """The text of the file `path` of the project."""
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except OSError as error:
            raise GeneratorError(
                f"cannot read {self.root / path}: {error.strerror}; restore it from the repository"
            ) from error
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise GeneratorError(
                f"{self.root / path}, line {line}: this is not UTF-8 text: save the file as UTF-8"
            ) from error

    def yaml(self, path: str) -> Document:
        """The YAML file `path`, which must hold a mapping, with every plain value in its own spelling."""
        found = yaml_reader.read(self.text(path), path)
        if not isinstance(found.content, dict):
            raise GeneratorError(f"{path} must hold a YAML mapping: restore it from the repository")
        return found

    @cache  # noqa: B019 - one object for a run
    def own_files(self) -> archives.OwnFiles:
        """The asset files that are made of the project's sources alone."""
        return archives.own_files(self.root)

    def packages_checksum(self) -> str:
        """SHA-256 of the layer of the certificate function's packages."""
        return self.packages or archives.pinned_packages(self.root)

    @cache  # noqa: B019 - one object for a run
    def inline_function(self, name: str) -> str:
        """The code of the function lambda/`name` as one file."""
        return inline.join(self.root, name)
