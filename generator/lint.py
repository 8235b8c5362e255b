"""Lints all templates with cfn-lint, in one process and for every supported region; what has not changed is not linted
again: `python -m generator.lint`.

cfn-lint checks a parent against its children only where a TemplateURL is a local file name, so it reads a view of the
build in which it is one.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from generator.errors import GeneratorError
from generator.main import build, local_url
from generator.partition import REGIONS
from generator.render import to_yaml
from generator.sources import ROOT, Sources

CACHE = ROOT / ".cache" / "lint"
CONFIGURATION = ROOT / ".cfnlintrc"
# "This code may only work with 'package' cli command": true of the local view alone, which nobody launches.
LOCAL_VIEW_ONLY = "W3002"


def local_view(zone_count: int) -> dict[str, str]:
    """The templates as YAML by file name, naming each other by file name."""
    return {name: to_yaml(template) for name, template in build(zone_count, Sources(), local_url).items()}


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


def main(arguments: list[str]) -> int:
    """Run the command line; returns 0 if there is nothing to say, 1 after the findings."""
    parser = argparse.ArgumentParser(prog="python -m generator.lint", description=__doc__)
    every = [region for regions in REGIONS.values() for region in regions]
    parser.add_argument("--regions", nargs="+", default=every, choices=every, metavar="REGION", help="default: all")
    parser.add_argument("--zones", type=int, default=2, help="Availability Zones of the build (default: 2)")
    options = parser.parse_args(arguments)
    try:
        texts = local_view(options.zones)
    except GeneratorError as error:
        print(f"lint: {error}", file=sys.stderr)
        return 1
    state = [version("cfn-lint"), CONFIGURATION.read_text(), *options.regions, *(f"{k}\n{v}" for k, v in texts.items())]
    stamp = CACHE / hashlib.sha256("\0".join(state).encode()).hexdigest()
    if stamp.exists():
        print(f"lint: {len(texts)} templates unchanged since they were found clean in {len(options.regions)} regions")
        return 0
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.glob("*"):
        old.unlink()
    for name, text in texts.items():
        (CACHE / name).write_text(text, encoding="utf-8")
    findings = lint(sorted(CACHE / name for name in texts), options.regions)
    if findings:
        print("\n".join(findings), file=sys.stderr)
        return 1
    stamp.touch()
    print(f"lint: {len(texts)} templates clean in {len(options.regions)} regions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
