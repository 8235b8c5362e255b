"""Check a launch against an account before it is one. Makes nothing.

First the form itself, as CloudFormation would (patterns, allowed values, rules), then preflight's own checks against the
account, by the very code of lambda/preflight. It makes nothing. Prints a verdict a line; ends with 1 if one is a fault.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator import release_folder
from generator.aws import account_arguments, connect
from generator.cfn.partition import BY_PARTITION, REGIONS, partition_of
from generator.errors import GeneratorError
from generator.form import answers
from generator.release import version
from generator.release.launch_links import STACK_NAME
from generator.stack import DEFAULT_ZONES, build
from generator.text.functions import load_function
from generator.text.sources import ROOT

OK, WARNING, FAULT = "ok", "warning", "fault"
STYLES = {OK: "green", WARNING: "yellow", FAULT: "bold red"}
FORM = "The answers fit the form"
RULES = "The answers fit each other"
NOT_NAMED = "The answers do not name AssetsBucket and AssetsBucketRegion: name them, or launch from a published link."


@dataclass(frozen=True)
class Verdict:
    """What one check says: `level` is ok, warning or fault, `text` a sentence or empty."""

    check: str
    level: str
    text: str = ""


def resolved(given: Mapping[str, str], region: str, folder: str) -> dict[str, str]:
    """The answers with what "auto" comes to in `region` (generator/tiers/choices.py) and the release's own prefix."""
    partition = partition_of(region)
    found = {**given, "AssetsPrefix": given["AssetsPrefix"] + folder}
    if given["DatabaseMode"] == "serverless":
        found["DatabaseInstanceClass"] = "db.serverless"
    elif given["DatabaseMode"] == "auto":
        found["DatabaseInstanceClass"] = BY_PARTITION["DatabaseInstanceClass"][partition]
    if given["LustreDeploymentType"] == "auto":
        found["LustreDeploymentType"] = BY_PARTITION["LustreDeploymentType"][partition]
    return found


def on_form(template: Mapping[str, Any], given: Mapping[str, str], region: str) -> list[Verdict]:
    """What CloudFormation would say of the answers before anything is made; rules only once every answer fits."""
    misfits = [Verdict(FORM, FAULT, text) for _, text in answers.misfits(template, given)]
    if misfits:
        return misfits
    full = answers.completed(template, given)
    if not (full["AssetsBucket"] or full["AssetsBucketRegion"]):  # what a published link fills in
        full |= {"AssetsBucket": "published", "AssetsBucketRegion": region}
    broken = [Verdict(RULES, FAULT, text) for text in answers.rule_faults(template, full, region)]
    return [Verdict(FORM, OK), *(broken or [Verdict(RULES, OK)])]


def on_account(given: Mapping[str, str], region: str, session: Any, folder: str, stack: str) -> Iterator[Verdict]:
    """What the account says; `given` are all answers, each of which fits the form."""
    about_release = load_function("preflight", "checks.release").release_files.title
    check_launch = load_function("preflight").check_launch
    all_answers = resolved(given, region, folder)
    for verdict in check_launch(all_answers, region, session, zone_count=DEFAULT_ZONES, stack=stack):
        if verdict.check == about_release and not given["AssetsBucket"]:
            yield Verdict(verdict.check, WARNING, NOT_NAMED)
        else:
            yield Verdict(verdict.check, verdict.level, verdict.text)


def show(verdicts: list[Verdict]) -> None:
    """The verdicts as a table; on a terminal in color and wrapped at its width, else a line each."""
    if not sys.stdout.isatty():
        width = max(len(verdict.check) for verdict in verdicts)
        for verdict in verdicts:
            print(f"{verdict.level:<7}  {verdict.check:<{width}}  {verdict.text}".rstrip())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Verdict", "Check", "What to do"):
        table.add_column(heading, overflow="fold")  # an ARN is to be read whole
    for verdict in verdicts:
        table.add_row(Text(verdict.level, STYLES[verdict.level]), Text(verdict.check), Text(verdict.text))
    Console().print(table)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--parameters", required=True, type=Path, help="file of answers, as create-stack takes it")
    account_arguments(parser)
    parser.add_argument("--stack", default=STACK_NAME, help="name of the stack (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Print the verdicts; returns 0, or 1 if there is a fault. Raises GeneratorError if nothing could be checked."""
    given = answers.read(options.parameters)
    session = connect(options.profile, options.region)
    region = str(session.region_name)
    if region not in REGIONS[partition_of(region)]:
        raise GeneratorError(f"REGION {region} is none that ParallelCluster supports: choose one of the README's.")
    parent = answers.parent_of(given)
    template = build()[f"{parent}.template.yaml"]
    verdicts = on_form(template, given, region)
    if Verdict(FORM, OK) in verdicts:
        full = answers.completed(template, given)
        folder = release_folder(version.version(ROOT)) if full["AssetsBucket"] else ""
        verdicts += on_account(full, region, session, folder, options.stack)
    show(verdicts)
    count = {level: sum(verdict.level == level for verdict in verdicts) for level in STYLES}
    judged = "Not ready" if count[FAULT] else "Ready"
    counted = f"{count[FAULT]} faults, {count[WARNING]} warnings, {count[OK]} checks passed"
    print(f"\n{judged} to launch {parent} in {region}: {counted}.")
    return 1 if count[FAULT] else 0
