"""Pin the certificate function's packages: write the SHA-256 of the layer that its requirements make.

Templates carry that SHA-256, so that writing them needs neither the packages nor a network. `make lock` runs this.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from generator.release.package import CACHE, install_wheels
from generator.text import archives, folder
from generator.text.sources import ROOT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--source", type=Path, default=ROOT, help="the project's folder (default: this one)")
    parser.add_argument(
        "--cache", type=Path, default=CACHE, help="folder of downloaded packages (default: .cache/wheels)"
    )


def run(options: argparse.Namespace) -> int:
    """Write the pin; returns 0. Raises GeneratorError, with the file as it was, if the packages cannot be had."""
    layer = archives.packages_layer(install_wheels(options.source, options.cache))
    folder.write_file(options.source / archives.PACKAGES_PIN, archives.packages_pin(options.source, layer))
    print(f"{archives.PACKAGES_PIN}: {archives.digest(layer)}")
    return 0
