"""The copier brings a release's files over verified, keeps old ones, and leaves an empty bucket."""

import hashlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from assets import handler as assets
from testing.cloudformation import CloudFormation, Context

TEMPLATES = {"templates/database.template.yaml": b"Resources: {}\n", "templates/waf.template.yaml": b"Outputs: {}\n"}
FILES = {
    "userdata/portal-0123456789ab.tar": b"portal" * 1000,
    "userdata/cluster/publish.sh": b"#!/bin/sh\n",
    "lambda/packages-0123456789ab.zip": b"z" * (9 << 20),  # beyond one part
    **TEMPLATES,
}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sums(files: dict[str, bytes]) -> bytes:
    return "".join(f"{sha256(content)}  {key}\n" for key, content in sorted(files.items())).encode()


def named(files: dict[str, bytes]) -> dict[str, Any]:
    """The properties that name these files."""
    templates = {key: text for key, text in files.items() if key.startswith("templates/")}
    listed = ",".join(f"{key.removeprefix('templates/')}:{sha256(text)}" for key, text in templates.items())
    rest = [{"Key": key, "Sha256": sha256(text)} for key, text in files.items() if key not in templates]
    return {"Files": rest, "Templates": listed}


PROPERTIES = {
    "SourceBucket": "publisher",
    "SourceRegion": "eu-west-1",
    "SourcePrefix": "hpc/v1/",
    "Bucket": "own",
    **named(dict(sorted(FILES.items()))),
}


def publish(files: dict[str, bytes], prefix: str = "hpc/v1/") -> None:
    s3 = boto3.client("s3", region_name="eu-west-1")
    for key, content in files.items():
        s3.put_object(Bucket="publisher", Key=prefix + key, Body=content)


def remove_publisher() -> None:
    """The publisher's bucket is gone, with all that was in it."""
    bucket = boto3.resource("s3", region_name="eu-west-1").Bucket("publisher")
    bucket.objects.all().delete()
    bucket.delete()


@pytest.fixture
def s3() -> Iterator[Any]:
    """The stack's region with the stack's bucket, and the publisher's bucket in another region."""
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="own")
        client.put_bucket_versioning(Bucket="own", VersioningConfiguration={"Status": "Enabled"})
        client.create_bucket(Bucket="publisher", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        publish(FILES)
        yield client


def content(s3: Any, bucket: str = "own") -> dict[str, bytes]:
    """What the bucket holds, but for the manifest."""
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    keys = [item["Key"] for item in listed if item["Key"] != assets.MANIFEST]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def send(cloudformation: CloudFormation, request_type: str, properties: Any = None, **more: Any) -> dict[str, Any]:
    return cloudformation.send(assets.handler, request_type, {**PROPERTIES, **(properties or {})}, **more)


def test_create_copies_everything_across_regions(cloudformation: CloudFormation, s3: Any) -> None:
    got = send(cloudformation, "Create")
    assert (got["Status"], got["PhysicalResourceId"]) == ("SUCCESS", "assets-in-own")
    assert got["Data"] == {"Bucket": "own", "Copied": "5"} and content(s3) == FILES


def test_the_own_bucket_has_a_manifest_of_what_it_holds(cloudformation: CloudFormation, s3: Any) -> None:
    send(cloudformation, "Create")
    assert s3.get_object(Bucket="own", Key="SHA256SUMS")["Body"].read() == sums(FILES)


def test_a_blank_source_region_is_the_own_one(cloudformation: CloudFormation, s3: Any) -> None:
    s3.create_bucket(Bucket="near")
    for key, body in FILES.items():
        s3.put_object(Bucket="near", Key=key, Body=body)
    got = send(cloudformation, "Create", {"SourceBucket": "near", "SourceRegion": "", "SourcePrefix": ""})
    assert got["Status"] == "SUCCESS" and content(s3) == FILES


def test_a_repeated_create_copies_nothing_again(cloudformation: CloudFormation, s3: Any) -> None:
    send(cloudformation, "Create")
    assert send(cloudformation, "Create")["Data"]["Copied"] == "0"
    assert len(s3.list_object_versions(Bucket="own")["Versions"]) == len(FILES) + 1  # and the manifest


def test_update_copies_the_new_and_keeps_the_old(cloudformation: CloudFormation, s3: Any) -> None:
    send(cloudformation, "Create")
    new = {"userdata/portal-ba9876543210.tar": b"new", "userdata/cluster/publish.sh": b"changed"}
    publish(new, "hpc/v2/")
    changes = {"SourcePrefix": "hpc/v2/", **named({**new, **TEMPLATES})}
    publish(TEMPLATES, "hpc/v2/")
    got = send(cloudformation, "Update", changes, PhysicalResourceId="assets-in-own", OldResourceProperties=PROPERTIES)
    assert (got["Status"], got["PhysicalResourceId"], got["Data"]["Copied"]) == ("SUCCESS", "assets-in-own", "2")
    assert content(s3) == {**FILES, **new}


@pytest.mark.parametrize("key", sorted(FILES))
def test_a_replaced_file_is_refused_whatever_the_publishers_manifest_says(
    cloudformation: CloudFormation, s3: Any, key: str
) -> None:
    evil = {**FILES, key: b"evil"}
    publish({**evil, "SHA256SUMS": sums(evil)})
    got = send(cloudformation, "Create")
    assert got["Status"] == "FAILED" and content(s3).get(key) is None
    expected = f"s3://publisher/hpc/v1/{key} has SHA-256 {sha256(b'evil')}, and the template names {sha256(FILES[key])}"
    assert got["Reason"].startswith(f"{expected}: find out who changed the file")


def test_a_copy_that_was_replaced_in_the_own_bucket_is_copied_anew(cloudformation: CloudFormation, s3: Any) -> None:
    send(cloudformation, "Create")
    s3.put_object(Bucket="own", Key="userdata/cluster/publish.sh", Body=b"evil")
    send(cloudformation, "Update", PhysicalResourceId="assets-in-own", OldResourceProperties=PROPERTIES)
    assert content(s3) == FILES


KEYS = ["userdata/cluster/publish.sh", "userdata/cluster/accounts.sh", "templates/waf.template.yaml"]
RELEASES = st.dictionaries(st.sampled_from(KEYS), st.binary(max_size=3), min_size=1)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(first=RELEASES, second=RELEASES)
def test_every_update_is_undone_after_the_publisher_has_gone(
    cloudformation: CloudFormation, first: dict[str, bytes], second: dict[str, bytes]
) -> None:
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="own")
        s3.put_bucket_versioning(Bucket="own", VersioningConfiguration={"Status": "Enabled"})
        s3.create_bucket(Bucket="publisher", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        template = {"templates/database.template.yaml": b"one"}  # each release has some
        old, new = ({**PROPERTIES, **named({**files, **template})} for files in (first, second))
        new["SourcePrefix"] = "hpc/v2/"
        publish({**first, **template})
        publish({**second, **template}, "hpc/v2/")
        send(cloudformation, "Create", old)
        more = {"PhysicalResourceId": "assets-in-own"}
        assert send(cloudformation, "Update", new, OldResourceProperties=old, **more)["Status"] == "SUCCESS"
        remove_publisher()
        back = send(cloudformation, "Update", old, OldResourceProperties=new, **more)
        assert back["Status"] == "SUCCESS", back["Reason"]
        assert first.items() <= content(s3).items()


UNNAMED = "Files and Templates must name each file with its SHA-256: rebuild the templates"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"SourceBucket": "nowhere"}, f"s3://nowhere/hpc/v1/{min(FILES)} does not exist: check AssetsBucket"),
        ({"SourcePrefix": "hpc/v9/"}, f"s3://publisher/hpc/v9/{min(FILES)} does not exist: check AssetsBucket"),
        ({"Bucket": "publisher"}, "Bucket publisher is the publisher's own: it would be emptied"),
        ({"Files": "text"}, UNNAMED),
        ({"Files": [7]}, UNNAMED),
        ({"Files": [{"Key": "userdata/other"}]}, UNNAMED),
        ({"Files": [{"Key": "userdata/other", "Sha256": "0123"}]}, UNNAMED),
        ({"Templates": ""}, UNNAMED),
        ({"Templates": "waf.template.yaml"}, UNNAMED),
        ({"Templates": ["waf.template.yaml"]}, UNNAMED),
        ({"SourcePrefix": ["x"]}, "SourceBucket, SourceRegion, SourcePrefix and Bucket must be texts"),
        ({"Bucket": ""}, "SourceBucket, SourceRegion, SourcePrefix and Bucket must be texts"),
    ],
)
def test_what_is_wrong_is_said(cloudformation: CloudFormation, s3: Any, change: Any, sentence: str) -> None:
    got = send(cloudformation, "Create", change)
    assert (
        got["Status"] == "FAILED" and got["Reason"].startswith(sentence) and got["PhysicalResourceId"] == "not-created"
    )


def test_a_missing_file_is_named(cloudformation: CloudFormation, s3: Any) -> None:
    key = "userdata/cluster/publish.sh"
    boto3.client("s3", region_name="eu-west-1").delete_object(Bucket="publisher", Key=f"hpc/v1/{key}")
    assert f"s3://publisher/hpc/v1/{key} does not exist" in send(cloudformation, "Create")["Reason"]


USER = "User: arn:aws:sts::123456789012:assumed-role/CopyFunctionRole/f is not authorized to perform"
NO_KEY = f"{USER}: kms:Decrypt on this resource because no resource-based policy allows the kms:Decrypt action"
DENIED = f"{USER}: s3:PutObject with an explicit deny in a service control policy"


@pytest.mark.parametrize(
    ("code", "headers", "words", "sentence"),
    [
        (
            "PermanentRedirect",
            {"x-amz-bucket-region": "cn-north-1"},
            "",
            "is in region cn-north-1: give that as AssetsBucketRegion.",
        ),
        (
            "AccessDenied",
            {"x-amz-bucket-region": "us-east-1"},
            "Access Denied",
            "may not be read: check AssetsPrefix, and that the bucket's policy",
        ),
        ("SlowDown", {}, "Please reduce your request rate.", "cannot be fetched (SlowDown)"),
        (
            "AccessDenied",
            {},
            NO_KEY,
            f"may not be read, {NO_KEY}: publish to a bucket without a customer managed KMS key",
        ),
        ("KMS.DisabledException", {}, "", "may not be read, KMS.DisabledException: publish to a bucket without"),
        ("AccessDenied", {}, DENIED, f"may not be read, {DENIED}: have whoever keeps that policy admit it."),
    ],
)
def test_refusals_are_explained(code: str, headers: dict[str, str], words: str, sentence: str) -> None:
    response = {"Error": {"Code": code, "Message": words}, "ResponseMetadata": {"HTTPHeaders": headers}}
    assert sentence in assets.explain_refusal(ClientError(response, "GetObject"), "eu-west-1")


def test_a_refused_upload_is_passed_on_in_s3s_words(cloudformation: CloudFormation, s3: Any, monkeypatch: Any) -> None:
    real = boto3.client

    def refuses(*arguments: Any, **options: Any) -> Any:
        client = real(*arguments, **options)

        def upload(*_: Any, **__: Any) -> None:
            raise S3UploadFailedError(f"An error occurred (AccessDenied) when calling PutObject: {DENIED}")

        monkeypatch.setattr(client, "upload_fileobj", upload)
        return client

    monkeypatch.setattr(assets.boto3, "client", refuses)
    got = send(cloudformation, "Create")
    words = f"{DENIED}: have whoever keeps that policy admit it."
    assert got["Reason"].startswith(f"{min(FILES)} cannot be copied to bucket own, ") and words in got["Reason"]


def test_delete_empties_the_bucket_with_all_versions(cloudformation: CloudFormation, s3: Any) -> None:
    send(cloudformation, "Create")
    for number in range(1100):  # more than a page
        s3.put_object(Bucket="own", Key=f"log/{number % 600}", Body=b"x")
    s3.delete_object(Bucket="own", Key="log/1")  # leaves a delete marker
    assert send(cloudformation, "Delete", PhysicalResourceId="assets-in-own")["Status"] == "SUCCESS"
    left = s3.list_object_versions(Bucket="own")
    assert not left.get("Versions") and not left.get("DeleteMarkers")
    s3.delete_bucket(Bucket="own")
    assert send(cloudformation, "Delete", PhysicalResourceId="assets-in-own")["Status"] == "SUCCESS"


def test_delete_after_a_failed_create_empties_too(cloudformation: CloudFormation, s3: Any) -> None:
    send(cloudformation, "Create")
    assert send(cloudformation, "Delete", PhysicalResourceId="not-created")["Status"] == "SUCCESS"
    assert content(s3) == {}


def test_delete_never_empties_the_publishers_bucket(cloudformation: CloudFormation, s3: Any) -> None:
    assert send(cloudformation, "Delete", {"Bucket": "publisher"}, PhysicalResourceId="x")["Status"] == "SUCCESS"
    assert content(s3, "publisher")


def test_delete_that_s3_refuses_is_said(cloudformation: CloudFormation, s3: Any, monkeypatch: Any) -> None:
    send(cloudformation, "Create")
    real = boto3.client

    def stubborn(*arguments: Any, **options: Any) -> Any:
        client = real(*arguments, **options)
        errors = [{"Key": "k", "Code": "AccessDenied"}]
        monkeypatch.setattr(client, "delete_objects", lambda **_: {"Errors": errors})
        return client

    monkeypatch.setattr(assets.boto3, "client", stubborn)
    monkeypatch.setattr(assets.time, "sleep", lambda _: None)
    got = send(cloudformation, "Delete", PhysicalResourceId="assets-in-own")
    assert (
        got["Status"] == "FAILED"
        and "Bucket own cannot be emptied (k: AccessDenied): empty it by hand" in got["Reason"]
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["own", "publisher", "nowhere", "", "hpc/v1/", "eu-west-1", "\n", "no_such.region"])


@settings(max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    request_type=st.sampled_from(["Create", "Update", "Delete", "Read", None]),
    properties=st.dictionaries(st.sampled_from([*PROPERTIES]), NAMES | JSON) | JSON,
    old=JSON,
    physical_id=JSON,
)
def test_any_event_is_answered_once(
    cloudformation: CloudFormation, s3: Any, request_type: Any, properties: Any, old: Any, physical_id: Any
) -> None:
    cloudformation.answers.clear()
    more = {"PhysicalResourceId": physical_id, "OldResourceProperties": old}
    assets.handler(cloudformation.event(request_type, properties, **more), Context())
    assert len(cloudformation.answers) == 1
