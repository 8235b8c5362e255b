"""Write the README's table of launch links: quick-create links, which open the console's form filled in.

The console ignores a parameter that the template does not have, without a word, and refuses a link that is longer than
1,024 characters (CloudFormation user guide, "Create quick-create links"), so both are looked after here.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

from generator import DEFAULT_ZONES, RELEASE_FOLDER, __version__, form
from generator.cfn.partition import console, object_url
from generator.cfn.regions import REGIONS, partition_of
from generator.errors import GeneratorError
from generator.form import Question, answers
from generator.text import folder
from generator.text.sources import ROOT

LONGEST = 1024
STACK_NAME = "hpc-portal"
README = ROOT / "README.md"
BEGIN, END = "<!-- launch-links: `make launch-links` writes what is between -->", "<!-- end of launch-links -->"
NONE_YET = "**No release is published yet.**"
HEADER = "| region | new VPC | existing VPC | version |\n| --- | --- | --- | --- |"
ROW = re.compile(r"\| `(?P<region>[a-z0-9-]+)` \|.*\|")
# A presigned or otherwise signed location, and a password before the host.
CREDENTIAL = re.compile(
    r"[?&][^=&]*(signature|token|credential|secret|password|sig)[^=&]*=|//[^/@]*:[^/@]*@", re.IGNORECASE
)


def quick_create(
    region: str,
    bucket: str,
    bucket_region: str,
    prefix: str,
    release_folder: str = RELEASE_FOLDER,
    parent: str = form.MAIN,
    given: Mapping[str, str] | None = None,
    zone_count: int = DEFAULT_ZONES,
) -> str:
    """The link that opens the form of the template `parent` in `region`.

    `prefix` ends in a slash, `release_folder` is the folder under it, of a release for `zone_count` Availability Zones.
    `given` are answers that fill in more of the form than where the release's files are. Raises GeneratorError for what
    a link must not or cannot carry.
    """
    if partition_of(region) != partition_of(bucket_region):
        raise GeneratorError(f"A bucket in {bucket_region} cannot serve {region}: take one in the region's partition.")
    questions = questions_of(parent, zone_count)
    said = {**(given or {}), "AssetsBucket": bucket, "AssetsBucketRegion": bucket_region, "AssetsPrefix": prefix}
    if unknown := sorted(said.keys() - questions.keys()):
        raise GeneratorError(f"The form of {parent} does not ask for {', '.join(unknown)}: take it out of the answers.")
    for name, value in said.items():
        _must_be_public(name, value, questions[name])
    parameters = {f"param_{name}": value for name, value in said.items() if value != str(questions[name].default)}
    template = template_url(bucket, bucket_region, f"{prefix}{release_folder}", parent)
    query = urlencode({"templateURL": template, "stackName": STACK_NAME, **parameters}, quote_via=quote, safe="")
    link = f"{console(region)}/cloudformation/home?region={region}#/stacks/create/review?{query}"
    if len(link) > LONGEST:
        raise GeneratorError(
            f"The link for {region} has {len(link)} characters and {LONGEST} are allowed: give fewer answers or a "
            "shorter prefix."
        )
    return link


def template_url(bucket: str, bucket_region: str, folder: str, parent: str) -> str:
    """The address of the template `parent` of the release whose keys begin with `folder`."""
    return object_url(bucket, bucket_region, f"{folder}templates/{parent}.template.yaml")


def questions_of(parent: str, zone_count: int = DEFAULT_ZONES) -> dict[str, Question]:
    """What the form of `parent` asks, by parameter."""
    asked = form.questions(zone_count)
    return {name: question for name, question in asked.items() if parent in question.asked_by}


def _must_be_public(name: str, value: str, question: Question) -> None:
    """Raises GeneratorError for an answer that the form refuses, or that is a secret: links are sent and logged."""
    body = question.asked(name).to_dict()
    if not answers.fits(body, value):
        raise GeneratorError(answers.misfit(name, body))
    hidden = re.search("password|secret|token", name, re.IGNORECASE) and value and not value.startswith("arn:")
    if hidden or CREDENTIAL.search(value):
        raise GeneratorError(f"{name} holds a credential, which must not be in a link: leave it for the form.")


def table(rows: Mapping[str, str]) -> str:
    """What stands between the README's markers: `rows` by region, or a sentence if there are none."""
    order = [region for regions in REGIONS.values() for region in regions]
    return "\n".join([HEADER, *(rows[region] for region in order if region in rows)]) if rows else NONE_YET


def row(region: str, bucket: str, bucket_region: str, prefix: str) -> str:
    """A region's line in the table."""
    links = [quick_create(region, bucket, bucket_region, prefix, parent=parent) for parent in form.PARENTS]
    return f"| `{region}` | {' | '.join(f'[launch]({link})' for link in links)} | {__version__} |"


def split(text: str) -> tuple[str, str, str]:
    """`text` before, between and after the markers; raises GeneratorError if they are not there once each, in order."""
    before, begin, rest = text.partition(BEGIN)
    inside, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in before + after:
        raise GeneratorError(f"The README must hold `{BEGIN}` and then `{END}`, once each: restore these lines.")
    return before + BEGIN, inside.strip("\n"), END + after


def rows_of(inside: str) -> dict[str, str]:
    """The table's lines by region; raises GeneratorError for anything else between the markers."""
    found = {match["region"]: match[0] for match in map(ROW.fullmatch, inside.splitlines()) if match}
    if table(found) != inside:
        raise GeneratorError("What is between the README's markers is not the table: run `make launch-links` again.")
    return found


def write(readme: Path, bucket: str, bucket_region: str, prefix: str) -> int:
    """Put the links of all regions of the bucket's partition into the table; those of other partitions stay.

    Returns the number of regions.
    """
    before, inside, after = split(readme.read_text(encoding="utf-8"))
    regions = REGIONS[partition_of(bucket_region)]
    fresh = {region: row(region, bucket, bucket_region, prefix) for region in regions}
    text = table({**rows_of(inside), **fresh})
    folder.write_file(readme, f"{before}\n{text}\n{after}".encode())
    return len(regions)


def bucket_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that publishing and links share."""
    parser.add_argument("--bucket", default="", help="bucket of the releases")
    parser.add_argument("--region", default="", help="region of the bucket")
    parser.add_argument("--profile", default="", help="profile of the AWS configuration")
    parser.add_argument(
        "--prefix", default=questions_of(form.MAIN)["AssetsPrefix"].default, help="prefix of the releases"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    bucket_arguments(parser)
    parser.add_argument("--readme", type=Path, default=README, help="file to write (default: README.md)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if markers or table are damaged")


def run(options: argparse.Namespace) -> int:
    """Write the table; returns 0. Raises GeneratorError for a damaged README, a bad bucket, and an incomplete release."""
    if options.check:
        rows_of(split(options.readme.read_text(encoding="utf-8"))[1])
        return 0
    from generator.release.bucket import Bucket

    store = Bucket.open(options.bucket, options.profile, options.region, options.prefix)
    if not store.complete(RELEASE_FOLDER):
        raise GeneratorError(f"{store.place(RELEASE_FOLDER)} holds no whole release: run `make publish` for it first.")
    count = write(options.readme, store.name, store.region, options.prefix)
    print(f"{options.readme}: links for {count} regions to {store.place(RELEASE_FOLDER)}")
    return 0
