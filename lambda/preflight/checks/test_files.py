"""What the launch fetches: ParallelCluster's provider and image, the vendors' files, this release's own."""

import hashlib
import json
import re
import urllib.error
from email.message import Message
from typing import Any

import pytest
from botocore.exceptions import ClientError

from preflight.checks.downloads import DOWNLOAD_CHECKS
from preflight.checks.image import machine_image
from preflight.checks.provider import provider, provider_templates
from preflight.checks.release import release_files
from preflight.facts import PROVIDER_TEMPLATES
from preflight.verdicts import FAULT, WARNING, Check
from testing.answers import ACCOUNT, DRIVER, INSTALLER, A
from testing.cloudformation import Page, Web
from testing.launches import Bad, assert_alone, findings
from testing.responses import KEY, POLICIES, PROVIDER, s3_object, stored

INSTALLER_CHECK, DRIVER_CHECK = DOWNLOAD_CHECKS
VENDOR = "https://vendor.example"
REMEDY = "correct it, or put the file into S3 and give s3://..."


def without_installer(asked: dict[str, Any]) -> Any:
    """S3 with a release and nothing else."""
    return "NoSuchKey" if asked["Key"] == "none.jar" else stored(asked)


def without(end: str, answer: Any = "NoSuchKey") -> dict[str, Any]:
    """S3 that gives `answer` for keys with this end."""
    return {"GetObject": lambda asked: answer if asked["Key"].endswith(end) else stored(asked)}


TEMPLATES = {"cluster.yaml": PROVIDER, "policies.yaml": POLICIES, "SHA256SUMS": b"0  userdata/portal"}
BOUNDED = {"PermissionsBoundaryArn": f"{A}:iam::{ACCOUNT}:policy/boundary"}


def of(files: dict[str, bytes], key: str) -> bytes:
    """The file that the key ends with."""
    return next(text for name, text in files.items() if key.endswith(name))


def spelled(quote: bytes) -> dict[str, Any]:
    """S3 with the policies template and its pattern between such quotes; without them YAML knows no escapes."""
    pattern = b"^(arn:.*:iam::.*:policy\\/([a-zA-Z0-9_-]+))|()$"
    if quote == b"json":
        parameter = {"AllowedPattern": pattern.decode(), "Default": ""}
        names = dict.fromkeys(("EnableIamAdminAccess", "ParallelClusterLambdaRoleArn"), "")
        text = json.dumps({**names, "PermissionsBoundaryPolicy": parameter}).encode()
    else:
        escaped = pattern.replace(b"\\", b"\\\\") if quote == b'"' else pattern
        text = re.sub(rb"AllowedPattern: .*", lambda _: b"AllowedPattern: " + quote + escaped + quote, POLICIES)
    return without("policies.yaml", s3_object(text))


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (
            provider,
            Bad(
                {},
                without("cluster.yaml"),
                "ParallelClusterVersion",
                "ParallelClusterVersion 3.16.1 is not published in us-east-1: choose another.",
            ),
        ),
        (provider, Bad({}, without("cluster.yaml", "AccessDenied"), "ParallelClusterVersion")),
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
                without("SHA256SUMS"),
                "AssetsBucket",
                "AssetsBucket publisher does not give hpc/v1/SHA256SUMS (there is no such object): correct AssetsBucket, "
                "AssetsBucketRegion or AssetsPrefix, or publish the release again.",
            ),
        ),
        (release_files, Bad({}, without("SHA256SUMS", s3_object(b"")), "AssetsBucket")),
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
    files = {"GetObject": lambda asked: s3_object(FILES[asked["Key"]]) if asked["Key"] in FILES else stored(asked)}
    assert findings(IN_S3, files) == []
    (found,) = findings({**IN_S3, "PortalInstallerSha256": "0" * 64}, files)
    assert found.parameter == "PortalInstallerSha256"


def test_a_large_file_is_left_to_the_nodes(web: Web) -> None:
    web[f"{VENDOR}/installer.jar"] = Page(INSTALLER, length=str(1 << 30))
    assert findings({"PortalInstallerSha256": "0" * 64}, {}) == []


SCP = "User: u is not authorized to perform: s3:GetObject on resource: r with an explicit deny in a service control policy"
DECRYPT = "User: u is not authorized to perform: kms:Decrypt on resource: k because no resource-based policy allows it"


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("AccessDenied", "Access Denied", "S3 answers AccessDenied: it is not there, or the bucket's policy denies it"),
        ("403", "Forbidden", "S3 answers 403: it is not there, or the bucket's policy denies it"),
        ("AccessDenied", SCP, f"a service control policy denies it; {SCP}"),
        ("AccessDenied", DECRYPT, f"its KMS key's policy does not allow this account kms:Decrypt; {DECRYPT}"),
        (
            "KMS.DisabledException",
            "k is disabled",
            "its KMS key's policy does not allow this account kms:Decrypt; k is",
        ),
        ("InvalidObjectState", "archived", "S3 answers InvalidObjectState: it is not there, or"),
    ],
)
@pytest.mark.parametrize("name", ["installer.jar", "SHA256SUMS"])
def test_what_s3_refuses_is_a_fault_with_its_reason(name: str, code: str, message: str, reason: str) -> None:
    """S3 answers 403 for what is not there, to a role that may not list the bucket."""
    refused = ClientError({"Error": {"Code": code, "Message": message}}, "GetObject")
    answers = {"PortalInstallerUrl": "s3://mine/installer.jar"} if name == "installer.jar" else {}
    found = findings(answers, without(name, refused))
    check = INSTALLER_CHECK if name == "installer.jar" else release_files
    assert [(verdict.check, verdict.level) for verdict in found] == [(check.title, FAULT)]
    assert f"({reason}" in found[0].text


def test_a_throttled_download_is_no_fault() -> None:
    (found,) = findings({"PortalInstallerUrl": "s3://mine/installer.jar"}, without("installer.jar", "SlowDown"))
    assert found.level == WARNING


def encrypted(manager: str) -> dict[str, Any]:
    """An installer under a KMS key of this manager."""
    stored_one = {**s3_object(INSTALLER), "SSEKMSKeyId": "key-1"}
    return {**without("installer.jar", stored_one), "DescribeKey": {"KeyMetadata": {**KEY, "KeyManager": manager}}}


def test_a_file_under_a_customer_s_key_is_a_warning() -> None:
    (found,) = findings({"PortalInstallerUrl": "s3://mine/installer.jar"}, encrypted("CUSTOMER"))
    assert (found.check, found.level) == (INSTALLER_CHECK.title, WARNING)
    assert found.text == (
        "The object in s3://mine/installer.jar has KMS key key-1: its policy must allow this account's roles kms:Decrypt "
        "through S3."
    )
    assert findings({"PortalInstallerUrl": "s3://mine/installer.jar"}, encrypted("AWS")) == []


@pytest.mark.parametrize("error", [OSError("Name or service not known"), TimeoutError("timed out")])
def test_a_host_out_of_reach_is_a_warning_from_a_shell_and_a_fault_of_a_launch(web: Web, error: OSError) -> None:
    web[f"{VENDOR}/x"] = web[f"{VENDOR}/x?token=SECRET"] = error
    (found,) = findings({"JdbcDriverUrl": f"{VENDOR}/x?token=SECRET"}, {})
    assert found.level == WARNING
    assert found.text == (
        f"JdbcDriverUrl {VENDOR}/x cannot be reached from here ({error}): check it in the account's network, from which "
        "the launch fetches it."
    )
    (found,) = findings({"JdbcDriverUrl": f"{VENDOR}/x"}, {}, may_make=True)
    assert found.level == FAULT


def test_a_host_that_answers_no_is_a_fault_from_everywhere(web: Web) -> None:
    web[f"{VENDOR}/x"] = urllib.error.HTTPError("", 403, "Forbidden", Message(), None)
    assert [verdict.level for verdict in findings({"JdbcDriverUrl": f"{VENDOR}/x"}, {})] == [FAULT]


@pytest.mark.parametrize("name", [name for names in PROVIDER_TEMPLATES.values() for name in names])
def test_a_template_of_aws_s_that_lacks_what_is_used_is_a_warning(name: str) -> None:
    changed = {key: text.replace(name.encode() + b":", b"Other:") for key, text in TEMPLATES.items()}
    found = findings(BOUNDED, {"GetObject": lambda asked: s3_object(of(changed, asked["Key"]))})
    assert [(verdict.check, verdict.level) for verdict in found] == [(provider_templates.title, WARNING)]
    assert f" has no {name}, which this release uses: choose a version that" in found[0].text


@pytest.mark.parametrize(
    ("boundary", "fits"), [("policy/boundary", True), ("policy/org/boundary", False), ("policy/my.boundary", False)]
)
@pytest.mark.parametrize("quote", [b'"', b"'", b"", b"json"])
def test_a_boundary_must_fit_aws_s_pattern(boundary: str, fits: bool, quote: bytes) -> None:
    found = findings({"PermissionsBoundaryArn": f"{A}:iam::{ACCOUNT}:{boundary}"}, spelled(quote))
    assert [(verdict.check, verdict.level) for verdict in found] == [(provider_templates.title, FAULT)] * (not fits)


def test_a_template_without_a_pattern_takes_every_boundary() -> None:
    text = POLICIES.replace(b"AllowedPattern", b"Pattern")
    assert findings(BOUNDED, without("policies.yaml", s3_object(text))) == []


def test_a_policies_template_that_is_not_published_is_left_to_the_provider_s_check() -> None:
    assert findings(BOUNDED, without("policies.yaml")) == []


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
    for launches in (False, True):
        answers = {"PortalInstallerUrl": "https://gone.example/x.jar?X-Amz-Signature=SECRET"}
        (found,) = findings(answers, {}, may_make=launches)
        assert "SECRET" not in found.text
