"""Check a launch against an account before it is one. Makes nothing.

First the form itself, as CloudFormation would (patterns, allowed values, rules), then preflight's own checks against the
account, by the very code of lambda/preflight. It makes nothing. Prints a verdict a line; ends with 1 if one is a fault.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator import DEFAULT_ZONES, release_folder
from generator.aws import account_arguments, check_credentials, open_session
from generator.cfn.partition import BY_PARTITION
from generator.cfn.regions import REGIONS, partition_of
from generator.errors import GeneratorError
from generator.form import answers, parameter_file
from generator.release import version
from generator.release.launch_links import STACK_NAME
from generator.release.zones import zones_argument
from generator.stack import build, check_zones
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
    found = {**given, "AssetsPrefix": given["AssetsPrefix"] + folder, "TlsPolicy": BY_PARTITION["TlsPolicy"][partition]}
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


def on_account(
    given: Mapping[str, str], region: str, session: Any, folder: str, stack: str, zone_count: int = DEFAULT_ZONES
) -> Iterator[Verdict]:
    """What the account says; `given` are all answers, each of which fits the form."""
    not_applicable = load_function("preflight", "verdicts").NOT_APPLICABLE
    about_release = load_function("preflight", "checks.release").release_files.title
    check_launch = load_function("preflight").check_launch
    all_answers = resolved(given, region, folder)
    for verdict in check_launch(all_answers, region, session, zone_count=zone_count, stack=stack):
        if verdict.check == about_release and not given["AssetsBucket"]:
            yield Verdict(verdict.check, WARNING, NOT_NAMED)
        elif verdict.level != not_applicable:
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
    zones_argument(parser)
    parser.add_argument("--stack", default=STACK_NAME, help="name of the stack (default: %(default)s)")


def add_up(verdicts: Sequence[Verdict]) -> str:
    """How many verdicts there are of each level, in words."""
    count = Counter(verdict.level for verdict in verdicts)
    faults, warnings, passed = (
        f"{count[level]} {one if count[level] == 1 else one + 's'}"
        for level, one in ((FAULT, "fault"), (WARNING, "warning"), (OK, "check"))
    )
    return f"{faults}, {warnings}, {passed} passed"


def run(options: argparse.Namespace) -> int:
    """Print the verdicts; returns 0, or 1 if there is a fault or the account could not be looked at.

    The form needs no credentials, so its verdicts come in any case. Raises GeneratorError if nothing could be checked.
    """
    check_zones(options.zones)
    given = parameter_file.read(options.parameters)
    session = open_session(options.profile, options.region)
    region = str(session.region_name)
    if region not in REGIONS[partition_of(region)]:
        raise GeneratorError(f"REGION {region} is none that ParallelCluster supports: choose one of the README's.")
    parent = answers.parent_of(given)
    template = build(options.zones)[f"{parent}.template.yaml"]
    verdicts, blind = on_form(template, given, region), ""
    if Verdict(FORM, OK) in verdicts:
        full = answers.completed(template, given)
        folder = release_folder(version.version(ROOT), options.zones) if full["AssetsBucket"] else ""
        try:
            check_credentials(session)
        except GeneratorError as error:
            blind = f"preflight: The account was not looked at, since {str(error)[:1].lower()}{str(error)[1:]}"
        else:
            verdicts += on_account(full, region, session, folder, options.stack, options.zones)
    show(verdicts)
    ready = not blind and all(verdict.level != FAULT for verdict in verdicts)
    print(f"\n{'Ready' if ready else 'Not ready'} to launch {parent} in {region}: {add_up(verdicts)}.")
    if blind:
        print(blind, file=sys.stderr)
    return 0 if ready else 1
