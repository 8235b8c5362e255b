"""Lint all templates with cfn-lint, in one process and for every supported region; what has not changed is not linted
again.

cfn-lint checks a parent against its children only where a TemplateURL is a local file name, so it reads a view of the
build in which it is one.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from generator.cfn.regions import REGIONS
from generator.release import cluster_schema
from generator.release.zones import zones_argument
from generator.stack import build, local_url
from generator.text.sources import ROOT, Sources
from generator.text.yaml import to_yaml

EVERY_REGION = [region for regions in REGIONS.values() for region in regions]
CACHE = ROOT / ".cache" / "lint"
CONFIGURATION = ROOT / ".cfnlintrc"
# "This code may only work with 'package' cli command": true of the local view alone, which nobody launches.
LOCAL_VIEW_ONLY = "W3002"


def local_view(zone_count: int, sources: Sources) -> dict[str, str]:
    """The templates as YAML by file name, naming each other by file name."""
    return {name: to_yaml(template) for name, template in build(zone_count, sources, local_url).items()}


def lint(files: Sequence[Path], regions: Sequence[str]) -> list[str]:
    """What cfn-lint says of `files` in `regions`, a line for each finding."""
    from cfnlint.config import ConfigMixIn
    from cfnlint.runner import Runner

    arguments = ["--regions", *regions, "--config-file", str(CONFIGURATION), "-t", *map(str, files)]
    found = Runner(ConfigMixIn(arguments)).run()
    return [
        f"{match.filename}:{match.linenumber}: {match.rule.id} {match.message}"
        for match in found
        if not (match.rule.id == LOCAL_VIEW_ONLY and getattr(match, "path", [])[-1:] == ["TemplateURL"])
    ]


def report(zone_count: int, regions: Sequence[str], sources: Sources) -> int:
    """Lint what has changed, and print the findings; returns 0 if there are none, 1 otherwise.

    What was found clean is remembered for each number of zones and set of regions. Raises GeneratorError for faults that
    ParallelCluster's schema finds in the clusters' configuration.
    """
    texts = local_view(zone_count, sources)
    cluster_schema.require(texts[cluster_schema.TEMPLATE], sources)
    state = [version("cfn-lint"), CONFIGURATION.read_text(), *(f"{name}\n{text}" for name, text in texts.items())]
    folder = CACHE / f"zones-{zone_count}-{_digest(sorted(regions))[:12]}"
    stamp = folder / _digest(state)
    if stamp.exists():
        print(f"lint: {len(texts)} templates unchanged since they were found clean in {len(regions)} regions")
        return 0
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    findings = lint(sorted(folder / name for name in texts), regions)
    if findings:
        print("\n".join(findings), file=sys.stderr)
        return 1
    stamp.touch()
    print(f"lint: {len(texts)} templates clean in {len(regions)} regions")
    return 0


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "--regions", nargs="+", default=EVERY_REGION, choices=EVERY_REGION, metavar="REGION", help="default: all"
    )
    zones_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Returns 0 if cfn-lint finds nothing, 1 after the findings."""
    return report(options.zones, options.regions, Sources())
