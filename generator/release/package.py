"""Write the release's files (templates, function archive, node bundles, SHA256SUMS) to a folder.

The folder is replaced as a whole, and only if it holds an earlier release. Packages of the certificate function are
downloaded once for each pin; without a package index, fill the folder of --cache on another machine.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from generator import DEFAULT_ZONES
from generator.errors import GeneratorError
from generator.release import cluster_schema, contents
from generator.release.zones import output, zones_argument
from generator.stack import check_zones
from generator.text import archives, folder
from generator.text.sources import ROOT, Sources

RUNTIME = "3.13"  # Python of the Lambda runtime that certificate/requirements.txt is pinned for
PLATFORMS = ("manylinux_2_34", "manylinux_2_28", "manylinux2014")  # the runtime is Amazon Linux 2023: glibc 2.34
CACHE = ROOT / ".cache" / "wheels"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "--output", type=Path, help=f"folder to write (default: dist, or dist-zones-N for N != {DEFAULT_ZONES} zones)"
    )
    zones_argument(parser)
    parser.add_argument(
        "--cache", type=Path, default=CACHE, help="folder of downloaded packages (default: .cache/wheels)"
    )


def run(options: argparse.Namespace) -> int:
    """Write the release; returns 0. Raises GeneratorError, and leaves the folder as it was, if it cannot be written."""
    target = output(options.output, "dist", options.zones)
    check_zones(options.zones)
    files = contents.files(options.zones, Sources(), install_wheels(ROOT, options.cache))
    cluster_schema.require(files[f"templates/{cluster_schema.TEMPLATE}"].decode(), Sources())
    folder.replace(target, files, mark=archives.MANIFEST)
    print(f"{target}: {len(files)} files, {sum(map(len, files.values())) / 1e6:.1f} MB")
    return 0


def install_wheels(root: Path, cache: Path) -> Path:
    """Folder in `cache` with the certificate function's packages, for Lambda's platform; downloaded once per pin.

    Raises GeneratorError if they cannot be downloaded.
    """
    import subprocess
    import tempfile

    requirements = root / "lambda" / "certificate" / "requirements.txt"
    packages = cache / f"certificate-{archives.digest(archives.read(requirements))[:12]}"
    if packages.is_dir():
        return packages
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as beside:
        fresh = Path(beside) / "packages"
        options = ["--only-binary", ":all:", "--no-deps", "--require-hashes"]
        command = [*_installer(), *options, "--target", str(fresh), "-r", str(requirements)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            cause = (done.stderr.strip().splitlines() or ["no reason was given"])[-1].strip()
            raise GeneratorError(
                f"Packages of {requirements} could not be installed for Lambda ({cause}): check that a Python package "
                "index is reachable."
            )
        fresh.rename(packages)
    return packages


def _installer() -> list[str]:
    """The command that installs wheels for Lambda's platform: uv where it is installed, pip otherwise."""
    import shutil

    environments = (Path(sys.executable).parent, ROOT / ".venv" / "uv" / "bin")
    uv = next((path for place in environments if (path := shutil.which("uv", path=str(place)))), shutil.which("uv"))
    if uv:
        return [uv, "pip", "install", "--python-version", RUNTIME, "--python-platform", f"x86_64-{PLATFORMS[0]}"]
    platforms = [word for platform in PLATFORMS for word in ("--platform", f"{platform}_x86_64")]
    pip = [sys.executable, "-m", "pip", "install", "--no-compile", "--implementation", "cp"]
    return [*pip, "--python-version", RUNTIME, *platforms]
