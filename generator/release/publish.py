"""Lint the templates, publish the release to a bucket, and print its launch links.

One bucket serves every region of its partition. To resume an interrupted run, run it again: files that are there with the
same checksum are left alone, and only the manifest, which comes last, makes a release of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from generator import form, release_folder
from generator.cfn.regions import REGIONS, partition_of
from generator.form import answers, parameter_file
from generator.release import cluster_schema, contents, lint, package, version
from generator.release.bucket import Bucket
from generator.release.launch_links import bucket_arguments, questions_of, quick_create, template_url
from generator.release.zones import zones_argument
from generator.stack import DESCRIPTIONS, check_zones
from generator.text.sources import ROOT, Sources


@contextmanager
def progress(total: int) -> Iterator[Callable[[str, int], None]]:
    """What to call with each file that is there and its size; a bar over `total` bytes on a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield lambda key, size: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda key, size: bar.update(task, advance=size, description=key)


@dataclass(frozen=True)
class Release:
    """What is published: the project's folder `root` as the version `name`, for so many Availability Zones."""

    root: Path
    name: str
    zone_count: int

    @property
    def folder(self) -> str:
        """Where its files lie under the prefix."""
        return release_folder(self.name, self.zone_count)

    @property
    def sources(self) -> Sources:
        """What it is made from."""
        return Sources(self.root, self.name)


def publish(bucket: Bucket, release: Release, wheels: Path) -> int:
    """Bring the release into the bucket; returns how many files had been missing."""
    files = contents.files(release.zone_count, release.sources, wheels)
    cluster_schema.require(files[f"templates/{cluster_schema.TEMPLATE}"].decode(), release.sources)
    with progress(sum(map(len, files.values()))) as done:
        return bucket.bring(release.folder, files, done)


def launches(bucket: Bucket, release: Release, given: dict[str, str]) -> dict[str, dict[str, str]]:
    """The quick-create link of each region that the bucket serves, by parent template: of those that ask all of `given`.

    Raises GeneratorError for answers that no parent asks for, or that a link cannot carry.
    """
    asking = [parent for parent in form.PARENTS if given.keys() <= questions_of(parent, release.zone_count).keys()]
    parents = asking or [answers.parent_of(given)]
    where = (bucket.name, bucket.region, bucket.prefix, release.folder)
    regions = REGIONS[partition_of(bucket.region)]
    return {
        parent: {region: quick_create(region, *where, parent, given, release.zone_count) for region in regions}
        for parent in parents
    }


def show(bucket: Bucket, release: Release, links: dict[str, dict[str, str]]) -> None:
    """Print each parent template's address and its links."""
    for parent, by_region in links.items():
        place = template_url(bucket.name, bucket.region, f"{bucket.prefix}{release.folder}", parent)
        print(f"\n{DESCRIPTIONS[parent]}: {place}\n")
        for region, link in by_region.items():
            print(f"{region:<15} {link}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    bucket_arguments(parser)
    parser.add_argument("--parameters", type=Path, help="answers that the links carry besides the release's place")
    zones_argument(parser)
    parser.add_argument("--source", type=Path, default=ROOT, help="the project's folder (default: this one)")
    parser.add_argument("--cache", type=Path, default=package.CACHE, help="folder of downloaded packages")


def run(options: argparse.Namespace) -> int:
    """Publish and print the links; returns 0, 1 after what cfn-lint found, or 130 if interrupted.

    Raises GeneratorError for bad arguments, a bad bucket and a link that will not do, before anything is linted.
    """
    check_zones(options.zones)
    given = parameter_file.read(options.parameters) if options.parameters else {}
    bucket = Bucket.open(options.bucket, options.profile, options.region, options.prefix)
    release = Release(options.source, version.version(options.source), options.zones)
    links = launches(bucket, release, given)
    if lint.report(release.zone_count, lint.EVERY_REGION, Sources(release.root)):
        return 1
    try:
        wheels = package.install_wheels(release.root, options.cache)
        written = publish(bucket, release, wheels)
    except KeyboardInterrupt:
        print("publish: Interrupted, and no release yet: to resume, run it again.", file=sys.stderr)
        return 130
    if key := bucket.encrypted_with(release.folder):
        print(
            f"publish: {bucket.name} encrypts with the KMS key {key}, so only roles that may use it (kms:Decrypt) can read "
            "the release: publish to a bucket with S3's own key (SSE-S3), or let every launching account use that key.",
            file=sys.stderr,
        )
    if version.is_development(release.name):
        plain = release.name.partition("-")[0]
        print(f"Development version {release.name}: no commit tagged v{plain}, or changes beside it.")
    verb = "published" if written else "was there already"
    print(f"{bucket.place(release.folder)} {verb} ({written} files written). Launch it from the console:")
    show(bucket, release, links)
    return 0
