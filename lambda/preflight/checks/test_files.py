"""What the launch fetches: ParallelCluster's provider and image, the vendors' files, this release's own."""

import hashlib
import urllib.error
from email.message import Message
from typing import Any

import pytest

from preflight.checks.downloads import DOWNLOAD_CHECKS
from preflight.checks.image import machine_image
from preflight.checks.provider import provider
from preflight.checks.release import release_files
from preflight.verdicts import Check
from testing.answers import DRIVER, INSTALLER
from testing.cloudformation import Page, Web
from testing.launches import Bad, assert_alone, findings
from testing.responses import s3_object

INSTALLER_CHECK, DRIVER_CHECK = DOWNLOAD_CHECKS
VENDOR = "https://vendor.example"
REMEDY = "correct it, or put the file into S3 and give s3://..."


def without_installer(asked: dict[str, Any]) -> Any:
    """S3 with a release and nothing else."""
    return "NoSuchKey" if asked["Key"] == "none.jar" else s3_object(b"  userdata/portal")


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (
            provider,
            Bad(
                {},
                {"HeadObject": "404"},
                "ParallelClusterVersion",
                "ParallelClusterVersion 3.16.1 is not published in us-east-1: choose another.",
            ),
        ),
        (provider, Bad({}, {"HeadObject": "403"}, "ParallelClusterVersion")),
        (
            machine_image,
            Bad(
                {},
                {"DescribeImages": {"Images": []}},
                "ParallelClusterVersion",
                "ParallelClusterVersion 3.16.1 has no image in us-east-1: choose another, or give PortalAmiId.",
            ),
        ),
        (
            INSTALLER_CHECK,
            Bad(
                {"PortalInstallerUrl": "https://gone.example/x.jar"},
                {},
                "PortalInstallerUrl",
                "PortalInstallerUrl https://gone.example/x.jar cannot be fetched (Name or service not known): "
                + REMEDY,
            ),
        ),
        (DRIVER_CHECK, Bad({"JdbcDriverUrl": f"{VENDOR}/404"}, {}, "JdbcDriverUrl")),
        (
            DRIVER_CHECK,
            Bad(
                {"JdbcDriverUrl": f"{VENDOR}/page"},
                {},
                "JdbcDriverUrl",
                f"JdbcDriverUrl {VENDOR}/page answers with 20000 bytes of text/html, no archive: {REMEDY}",
            ),
        ),
        (DRIVER_CHECK, Bad({"JdbcDriverUrl": f"{VENDOR}/tiny"}, {}, "JdbcDriverUrl")),
        (
            DRIVER_CHECK,
            Bad(
                {"JdbcDriverSha256": "0" * 64},
                {},
                "JdbcDriverSha256",
                f"JdbcDriverSha256 {'0' * 64} is not that of JdbcDriverUrl: correct it, or find out who changed the file.",
            ),
        ),
        (
            INSTALLER_CHECK,
            Bad({"PortalInstallerUrl": "s3://mine/none.jar"}, {"GetObject": without_installer}, "PortalInstallerUrl"),
        ),
        (
            release_files,
            Bad(
                {},
                {"GetObject": "NoSuchKey"},
                "AssetsBucket",
                "AssetsBucket publisher has no whole release at hpc/v1/SHA256SUMS: correct AssetsBucket, "
                "AssetsBucketRegion or AssetsPrefix, or publish the release again.",
            ),
        ),
        (release_files, Bad({}, {"GetObject": lambda asked: s3_object(b"")}, "AssetsBucket")),
    ],
    ids=[
        "a version that is not published",
        "a version that S3 hides",
        "a version without image",
        "no such host",
        "no such page",
        "a web page",
        "an error page",
        "another checksum",
        "no such object",
        "no release",
        "half a release",
    ],
)
def test_a_file_that_is_not_there_or_another_is_refused(web: Web, check: Check, bad: Bad) -> None:
    web[f"{VENDOR}/404"] = urllib.error.HTTPError("", 404, "Not Found", Message(), None)
    web[f"{VENDOR}/page"] = Page(b"<" * 20000, "text/html; charset=utf-8")
    web[f"{VENDOR}/tiny"] = Page(b"not found", "application/gzip")
    assert_alone(check, bad)


FILES = {"hpc/v1/SHA256SUMS": b"0  userdata/portal", "installer.jar": INSTALLER, "driver": DRIVER}
IN_S3 = {
    "PortalInstallerUrl": "s3://mine/installer.jar",
    "PortalInstallerSha256": hashlib.sha256(INSTALLER).hexdigest(),
    "JdbcDriverSha256": hashlib.sha256(DRIVER).hexdigest(),
}


def test_a_file_in_s3_is_hashed() -> None:
    stored = {"GetObject": lambda asked: s3_object(FILES[asked["Key"]])}
    assert findings(IN_S3, stored) == []
    (found,) = findings({**IN_S3, "PortalInstallerSha256": "0" * 64}, stored)
    assert found.parameter == "PortalInstallerSha256"


def test_a_large_file_is_left_to_the_nodes(web: Web) -> None:
    web[f"{VENDOR}/installer.jar"] = Page(INSTALLER, length=str(1 << 30))
    assert findings({"PortalInstallerSha256": "0" * 64}, {}) == []


@pytest.mark.parametrize(
    "error",
    [
        ValueError(f"unknown url type: '{VENDOR}/x.jar?signature=TOPSECRET'"),
        RuntimeError("no such page: /x.jar?signature=TOPSECRET"),
    ],
)
def test_no_verdict_repeats_a_query_that_an_error_tells(web: Web, error: Exception) -> None:
    url = f"{VENDOR}/x.jar?signature=TOPSECRET"
    web[url] = error
    (found,) = findings({"PortalInstallerUrl": url}, {})
    assert "x.jar" in found.text and "TOPSECRET" not in found.text


def test_no_verdict_tells_the_query_of_a_url() -> None:
    (found,) = findings({"PortalInstallerUrl": "https://gone.example/x.jar?X-Amz-Signature=SECRET"}, {})
    assert "SECRET" not in found.text
