"""Fail if build/, or a document that derives from the same templates, is not what `build` would write. Writes nothing."""

from __future__ import annotations

import argparse

from generator.errors import GeneratorError
from generator.release import build, outputs
from generator.text import folder
from generator.text.sources import ROOT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    build.build_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Returns 0 if everything is fresh; raises GeneratorError with the paths of what is stale."""
    output = build.output(options)
    built = outputs.build(options.zones, options.source, with_documents=build.is_own(options))
    stale = [str(output / path) for path in folder.stale(output, built.files)]
    stale += [
        path
        for path, content in built.documents.items()
        if not (ROOT / path).is_file() or (ROOT / path).read_bytes() != content
    ]
    if stale:
        raise GeneratorError(f"stale: {', '.join(stale)}: run `make templates` and commit")
    return 0
