"""The option --zones of the commands that build, and the folders that they write."""

from __future__ import annotations

import argparse
from pathlib import Path

from generator import DEFAULT_ZONES, MAX_ZONES, MIN_ZONES
from generator.errors import GeneratorError
from generator.text.sources import ROOT


def zones_argument(parser: argparse.ArgumentParser) -> None:
    """The option --zones."""
    parser.add_argument(
        "--zones",
        type=int,
        default=DEFAULT_ZONES,
        metavar="NUMBER",
        help=f"Availability Zones, each with a portal node and a cluster, {MIN_ZONES} to {MAX_ZONES} "
        "(default: %(default)s)",
    )


def output(given: Path | None, name: str, zone_count: int, root: Path = ROOT) -> Path:
    """The folder to write: `given` or else `name` under `root`, with the number of zones in its name if it is another.

    Raises GeneratorError where a build for another number of zones would go to the folder of the default number.
    """
    if given is None:
        return root / (name if zone_count == DEFAULT_ZONES else f"{name}-zones-{zone_count}")
    own = [(folder / name).resolve() for folder in (root, ROOT)]
    if zone_count != DEFAULT_ZONES and any(given.resolve().is_relative_to(folder) for folder in own):
        raise GeneratorError(
            f"{given} is for {DEFAULT_ZONES} zones, not for {zone_count}: leave --output out, or choose another folder"
        )
    return given
