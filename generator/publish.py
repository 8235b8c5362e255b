"""Publishes the release to a bucket and prints its launch links: `make publish BUCKET=…`.

One bucket serves every region of its partition. An interrupted run is gone on with by running it again: what is there
with the same checksum is left alone, and only the manifest, which comes last, makes a release of it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from generator import answers, package, release, release_folder
from generator.answers import parent_of
from generator.bucket import Bucket
from generator.errors import GeneratorError
from generator.links import options_of, quick_create
from generator.partition import REGIONS, object_url, partition_of
from generator.sources import ROOT, Sources


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


def publish(bucket: Bucket, root: Path, version: str, wheels: Path) -> int:
    """Bring the release of the project's folder `root` into the bucket; returns how many files had been missing."""
    files = release.files(Sources(root, version), wheels)
    with progress(sum(map(len, files.values()))) as done:
        return bucket.bring(release_folder(version), files, done)


def links(bucket: Bucket, version: str, given: dict[str, str]) -> dict[str, str]:
    """The quick-create link of each region that the bucket serves."""
    where = (bucket.name, bucket.region, bucket.prefix, release_folder(version), parent_of(given), given)
    return {region: quick_create(region, *where) for region in REGIONS[partition_of(bucket.region)]}


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status: 0, or 1 after one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m generator.publish", description=__doc__)
    options_of(parser)
    parser.add_argument("--parameters", type=Path, help="answers that the links carry besides the release's place")
    parser.add_argument(
        "--source", type=Path, default=ROOT, help="the project's folder (default: where this module is)"
    )
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache" / "wheels", help="folder of downloaded wheels")
    options = parser.parse_args(arguments)
    try:
        given = answers.read(options.parameters) if options.parameters else {}
        bucket = Bucket.open(options.bucket, options.profile, options.region, options.prefix)
        version = release.version(options.source)
        found = links(bucket, version, given)  # before anything is written: they may be refused
        wheels = package.install_wheels(options.source, options.cache)
        written = publish(bucket, options.source, version, wheels)
    except GeneratorError as error:
        print(f"publish: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("publish: Interrupted, and no release yet: run the same command again to go on.", file=sys.stderr)
        return 130
    if release.is_development(version):
        print(f"Development version {version}: no commit tagged v{version.partition('-')[0]}, or changes beside it.")
    verb = "published" if written else "was there already"
    print(f"{bucket.place(release_folder(version))} {verb} ({written} files written). Template:")
    key = f"{bucket.prefix}{release_folder(version)}templates/{parent_of(given)}.template.yaml"
    print(f"\n{object_url(bucket.name, bucket.region, key)}\n\nLaunch it from the console in:\n")
    for region, link in found.items():
        print(f"{region:<15} {link}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
