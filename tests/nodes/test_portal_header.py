"""The launch template's user data, as CloudFormation would resolve it: fetches the bundle, runs it, signals its end."""

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from generator.text.archives import portal_bundle
from tests.support.portal_node import NODE, PROJECT, PortalNode, archive

HEADER = PROJECT / "userdata/header.sh"
# Variable of node.env: the name that the launch template gives the value in Fn::Sub.
SUBSTITUTED = {
    "STACK_ID": "AWS::StackId",
    "LOGICAL_ID": "LogicalId",
    "REGION": "AWS::Region",
    "URL_SUFFIX": "AWS::URLSuffix",
    "ZONE_NUMBER": "ZoneNumber",
    "ZONES": "Zones",
    "FLAVOR": "PortalFlavor",
    "DOWNLOADS_SECRET_ARN": "DownloadsSecretArn",
    "INSTALLER_SHA256": "PortalInstallerSha256",
    "JDBC_SHA256": "JdbcDriverSha256",
    "LICENSE_SECRET_ARN": "LicenseSecretArn",
    "ADMIN_SECRET_ARN": "AdminSecretArn",
    "MUNGE_SECRET_ARN": "MungeSecretArn",
    "DIRECTORY_DOMAIN": "DirectoryDomainName",
    "DIRECTORY_SERVERS": "DirectoryDomainAddr",
    "DIRECTORY_USER": "DirectoryDomainReadOnlyUser",
    "DIRECTORY_SECRET_ARN": "DirectoryPasswordSecretArn",
    "DIRECTORY_CA_SECRET_ARN": "DirectoryCaCertSecretArn",
    "DIRECTORY_FILTER": "DirectoryLdapAccessFilter",
    "DIRECTORY_SCHEMA": "DirectoryLdapSchema",
    "DATABASE_ENDPOINT": "DatabaseEndpoint",
    "DATABASE_PORT": "DatabasePort",
    "DATABASE_MASTER_USERNAME": "DatabaseMasterUsername",
    "DATABASE_SECRET_ARN": "DatabaseSecretArn",
    "PORTAL_DATABASE_SECRET_ARN": "PortalDatabaseSecretArn",
    "FILE_SYSTEM_ID": "FileSystemId",
    "LUSTRE": "Lustre",
    "PEERS": "Peers",
    "PORTAL_URL": "PortalUrl",
    "LOG_GROUP": "LogGroup",
    "PARALLELCLUSTER_VERSION": "ParallelClusterVersion",
    "BUNDLE_BUCKET": "LocalAssetsBucket",
    "BUNDLE_KEY": "PortalBundle",
    "BUNDLE_SHA256": "PortalBundleSha256",
}


def test_header_mixes_no_variables() -> None:
    """CloudFormation's values stand in node.env and nowhere else; the shell's own are written without braces."""
    text = HEADER.read_text()
    assert text.isascii() and len(text) < 6144
    head, assignments, rest = re.split(r".*NODE_ENV.*\n", text.partition("set -euo")[2])
    assert "${" not in head + rest
    assert dict(re.findall(r"^(\w+)='\$\{([\w:]+)\}'$", assignments, re.MULTILINE)) == SUBSTITUTED
    assert len(assignments.splitlines()) == len(SUBSTITUTED) and set(NODE) < set(SUBSTITUTED)


def header(node: PortalNode, bundle: bytes, sha256: str) -> str:
    """Puts `bundle` into the node's S3 and the header, as CloudFormation would resolve it, into the world: its path."""
    values = NODE | {"BUNDLE_BUCKET": "assets", "BUNDLE_KEY": "userdata/portal-1.tar", "BUNDLE_SHA256": sha256}
    text = HEADER.read_text()
    for key, name in SUBSTITUTED.items():
        text = text.replace(f"${{{name}}}", values[key])
    path = node.world / "s3/assets/userdata/portal-1.tar"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bundle)
    script = node.world / "user-data"
    script.write_text(text)
    script.chmod(0o700)
    return str(script)


def bare(tmp_path: Path) -> PortalNode:
    """A node that has not fetched its bundle yet."""
    node = PortalNode(tmp_path)
    shutil.rmtree(node.bundle)
    return node


def signals(node: PortalNode) -> list[str]:
    """What CloudFormation was told, with which instance."""
    calls = [call for call in node.calls() if "signal-resource" in call]
    assert all("--unique-id i-0123456789abcdef0" in call and NODE["STACK_ID"] in call for call in calls)
    return [call.rpartition(" ")[2] for call in calls]


def test_header_brings_a_node_up(tmp_path: Path) -> None:
    """From nothing but user data to a node that answers, and to the signal."""
    node = bare(tmp_path)
    bundle = portal_bundle(PROJECT)[1]
    status, output = node.run(header(node, bundle, hashlib.sha256(bundle).hexdigest()))
    assert status == 0, output
    assert signals(node) == ["SUCCESS"]
    assert "portal node 1 of 2 is ready" in node.read("var/log/hpc-portal-bootstrap.log")
    assert {f"{key}='{value}'" for key, value in NODE.items()} < set(node.read("etc/hpc-portal/node.env").splitlines())
    assert (node.root / "etc/hpc-portal/node.env").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("script", ["exit 3", "kill -KILL $$", "nonsense"])
def test_header_signals_the_bootstraps_failure(tmp_path: Path, script: str) -> None:
    """Whatever way the bootstrap ends badly, CloudFormation hears FAILURE and the node's status is not zero."""
    node = bare(tmp_path)
    bundle = archive({"bootstrap.sh": f"#!/bin/bash\n{script}\n".encode()})
    user_data = header(node, bundle, hashlib.sha256(bundle).hexdigest())
    tar = node.stubs / "tar"  # what archive() makes has no modes
    tar.write_text('#!/bin/bash\n/bin/tar "$@" && chmod +x "$4/bootstrap.sh"\n')
    tar.chmod(0o755)
    status, output = node.run(user_data)
    assert status != 0 and signals(node) == ["FAILURE"], output


def test_header_refuses_another_bundle(tmp_path: Path) -> None:
    """What was not published with this stack is not run."""
    node = bare(tmp_path)
    status, output = node.run(header(node, archive({"bootstrap.sh": b"touch /tmp/never"}), "0" * 64))
    assert status != 0 and "wrong SHA-256" in output
    assert signals(node) == ["FAILURE"]


def test_header_signals_without_metadata_service(tmp_path: Path) -> None:
    """No IMDS, no instance id: still a sentence and a signal."""
    node = bare(tmp_path)
    node.tell("no-imds")
    status, output = node.run(header(node, b"", ""))
    assert status != 0 and "metadata service does not answer" in output
    assert any("--unique-id ip-10-0-1-10 --status FAILURE" in call for call in node.calls())


REFUSED = "ValidationError: Stack is in {} state and cannot be signaled"


@pytest.mark.parametrize(("script", "expected"), [("true", 0), ("exit 3", 3)])
@pytest.mark.parametrize(
    ("refusal", "said", "times"),
    [
        (REFUSED.format("CREATE_COMPLETE"), "No stack operation waits for this node", 1),
        (REFUSED.format("UPDATE_ROLLBACK_IN_PROGRESS"), "No stack operation waits for this node", 1),
        (REFUSED.format("UPDATE_ROLLBACK_COMPLETE"), "No stack operation waits for this node", 1),
        ("Could not connect to the endpoint URL", "did not accept the signal; the node continues", 5),
    ],
)
def test_header_outlives_a_refused_signal(
    tmp_path: Path, refusal: str, said: str, times: int, script: str, expected: int
) -> None:
    """A replaced node signals a stack that waits for nothing, or rolls back: the node's status is the bootstrap's own."""
    node = bare(tmp_path)
    bundle = archive({"bootstrap.sh": f"#!/bin/bash\n{script}\n".encode()})
    tar = node.stubs / "tar"
    tar.write_text('#!/bin/bash\n/bin/tar "$@" && chmod +x "$4/bootstrap.sh"\n')
    tar.chmod(0o755)
    node.tell("refuse-cloudformation", refusal)
    status, output = node.run(header(node, bundle, hashlib.sha256(bundle).hexdigest()))
    assert status == expected and said in output and refusal in output
    assert signals(node) == ["SUCCESS" if expected == 0 else "FAILURE"] * times
