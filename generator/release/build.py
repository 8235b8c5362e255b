"""Write build/ and the documents that derive from the same templates: the table of updates, .taskcat.yml, the picture.

Everything is built once and in memory. A folder or file that is up to date is left alone; with --lint, a project that has
not changed since it was found clean is not even built.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from generator import DEFAULT_ZONES
from generator.release import unchanged, zones
from generator.text.sources import ROOT


def build_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `build` and `check`."""
    parser.add_argument(
        "--output", type=Path, help=f"folder to write (default: build, or build-zones-N for N != {DEFAULT_ZONES} zones)"
    )
    zones.zones_argument(parser)
    parser.add_argument("--source", type=Path, default=ROOT, help="the project's folder (default: this one)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    build_arguments(parser)
    parser.add_argument("--lint", action="store_true", help="lint the templates as well, in every supported region")


def output(options: argparse.Namespace) -> Path:
    """The folder that the options name: build/ unless they say otherwise."""
    return zones.output(options.output, "build", options.zones, options.source)


def is_own(options: argparse.Namespace) -> bool:
    """Whether the options ask for the project's own build/, which its documents go with."""
    return (options.source, options.zones, output(options)) == (ROOT, DEFAULT_ZONES, ROOT / "build")


def run(options: argparse.Namespace) -> int:
    """Write the files; returns 0, or 1 after cfn-lint's findings. Raises GeneratorError, having written nothing."""
    if options.lint and is_own(options) and unchanged.known_clean():
        print("build and lint: nothing has changed since everything was written and found clean")
        return 0
    from generator.release import outputs

    built = outputs.build(options.zones, options.source, with_documents=is_own(options))
    status = outputs.write(built, output(options), options.zones, options.source, options.lint)
    if options.lint and is_own(options) and not status:
        unchanged.remember()
    return status
