"""A release for the emulator, and the answers with which its stack is launched there."""

from __future__ import annotations

import tempfile
from pathlib import Path

from generator.form.parameter_file import read
from generator.release import contents
from generator.stack import DEFAULT_ZONES
from generator.text import archives
from generator.text.sources import Sources
from tests.emulator.client import Emulator

BUCKET, PREFIX = "publisher", "hpc-portal/"
VENDOR = "vendor"  # a bucket with stand-ins of what the portal's vendor offers for download


def release(zones: int = DEFAULT_ZONES) -> dict[str, bytes]:
    """Everything that a publisher's bucket holds, by relative key.

    The certificate function is published without its packages: functions run on the emulator's own Python, which has
    them, and could not load those built for Lambda's. Raises GeneratorError with the generator's own sentence.
    """
    sources = Sources(packages=archives.digest(NO_PACKAGES))
    with tempfile.TemporaryDirectory() as nothing:
        return contents.files(zones, sources, Path(nothing))


def _no_packages() -> bytes:
    with tempfile.TemporaryDirectory() as nothing:
        return archives.packages_layer(Path(nothing))


NO_PACKAGES = _no_packages()


def answers(path: Path, region: str) -> dict[str, str]:
    """The answers to the form in a parameter file, with those that only a launch knows."""
    return {**read(path), "AssetsBucket": BUCKET, "AssetsBucketRegion": region, "AssetsPrefix": PREFIX}


def prepare(emulator: Emulator, given: dict[str, str], region: str) -> dict[str, str]:
    """Make in the emulator what the answers name, and return them with what had to be changed.

    The vendor's downloads are replaced by stand-ins in S3, so that nothing leaves this machine.
    """
    for name, file in (("PortalInstallerUrl", "installer.jar"), ("JdbcDriverUrl", "driver.jar")):
        emulator.publish({file: b"a stand-in\n" * 1000}, VENDOR, region=region)
        given[name] = f"s3://{VENDOR}/{file}"
    for name in ("PortalInstallerSha256", "JdbcDriverSha256"):
        given.pop(name, None)
    if given.get("KeyName"):
        emulator.client("ec2", region).create_key_pair(KeyName=given["KeyName"])
    return given
