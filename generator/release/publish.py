"""Publish the release to a bucket and print its launch links.

One bucket serves every region of its partition. To resume an interrupted run, run it again: files that are there with the
same checksum are left alone, and only the manifest, which comes last, makes a release of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from generator import release_folder
from generator.cfn.partition import REGIONS, object_url, partition_of
from generator.form import answers
from generator.form.answers import parent_of
from generator.release import cluster_schema, contents, package, version
from generator.release.bucket import Bucket
from generator.release.launch_links import bucket_arguments, quick_create
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


def publish(bucket: Bucket, root: Path, version_name: str, wheels: Path) -> int:
    """Bring the release of the project's folder `root` into the bucket; returns how many files had been missing."""
    sources = Sources(root, version_name)
    files = contents.files(sources, wheels)
    cluster_schema.require(files[f"templates/{cluster_schema.TEMPLATE}"].decode(), sources)
    with progress(sum(map(len, files.values()))) as done:
        return bucket.bring(release_folder(version_name), files, done)


def links(bucket: Bucket, version_name: str, given: dict[str, str]) -> dict[str, str]:
    """The quick-create link of each region that the bucket serves."""
    where = (bucket.name, bucket.region, bucket.prefix, release_folder(version_name), parent_of(given), given)
    return {region: quick_create(region, *where) for region in REGIONS[partition_of(bucket.region)]}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    bucket_arguments(parser)
    parser.add_argument("--parameters", type=Path, help="answers that the links carry besides the release's place")
    parser.add_argument("--source", type=Path, default=ROOT, help="the project's folder (default: this one)")
    parser.add_argument("--cache", type=Path, default=package.CACHE, help="folder of downloaded packages")


def run(options: argparse.Namespace) -> int:
    """Publish and print the links; returns 0, or 130 if interrupted. Raises GeneratorError for a bad bucket or link."""
    given = answers.read(options.parameters) if options.parameters else {}
    bucket = Bucket.open(options.bucket, options.profile, options.region, options.prefix)
    name = version.version(options.source)
    launch = links(bucket, name, given)  # before anything is written: they may be refused
    try:
        wheels = package.install_wheels(options.source, options.cache)
        written = publish(bucket, options.source, name, wheels)
    except KeyboardInterrupt:
        print("publish: Interrupted, and no release yet: to resume, run it again.", file=sys.stderr)
        return 130
    if version.is_development(name):
        print(f"Development version {name}: no commit tagged v{name.partition('-')[0]}, or changes beside it.")
    verb = "published" if written else "was there already"
    print(f"{bucket.place(release_folder(name))} {verb} ({written} files written). Template:")
    key = f"{bucket.prefix}{release_folder(name)}templates/{parent_of(given)}.template.yaml"
    print(f"\n{object_url(bucket.name, bucket.region, key)}\n\nLaunch it from the console in:\n")
    for region, link in launch.items():
        print(f"{region:<15} {link}")
    return 0
