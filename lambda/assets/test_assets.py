"""The copier brings a release's files over verified, keeps old ones, and leaves an empty bucket."""

import hashlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from assets import handler as assets
from testing.cloudformation import CloudFormation, Context

FILES = {
    "userdata/portal-0123456789ab.tar": b"portal" * 1000,
    "userdata/cluster/publish.sh": b"#!/bin/sh\n",
    "lambda/certificate-0123456789ab.zip": b"z" * (9 << 20),  # beyond one part
}
PROPERTIES = {
    "SourceBucket": "publisher",
    "SourceRegion": "eu-west-1",
    "SourcePrefix": "hpc/v1/",
    "Bucket": "own",
    "Keys": sorted(FILES),
}


def sums(files: dict[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {key}\n" for key, content in files.items()).encode()


def publish(files: dict[str, bytes], prefix: str = "hpc/v1/") -> None:
    s3 = boto3.client("s3", region_name="eu-west-1")
    for key, content in {**files, "SHA256SUMS": sums(files)}.items():
        s3.put_object(Bucket="publisher", Key=prefix + key, Body=content)


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
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {item["Key"]: s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in listed}


def send(cloudformation: CloudFormation, request_type: str, properties: Any = None, **more: Any) -> dict[str, Any]:
    return cloudformation.send(assets.handler, request_type, {**PROPERTIES, **(properties or {})}, **more)


def test_create_copies_everything_across_regions(cloudformation: CloudFormation, s3: Any) -> None:
    got = send(cloudformation, "Create")
    assert (got["Status"], got["PhysicalResourceId"]) == ("SUCCESS", "assets-in-own")
    assert got["Data"] == {"Bucket": "own", "Copied": "3"} and content(s3) == FILES


def test_a_blank_source_region_is_the_own_one(cloudformation: CloudFormation, s3: Any) -> None:
    s3.create_bucket(Bucket="near")
    for key, body in {**FILES, "SHA256SUMS": sums(FILES)}.items():
        s3.put_object(Bucket="near", Key=key, Body=body)
    got = send(cloudformation, "Create", {"SourceBucket": "near", "SourceRegion": "", "SourcePrefix": ""})
    assert got["Status"] == "SUCCESS" and content(s3) == FILES


def test_a_repeated_create_copies_nothing_again(cloudformation: CloudFormation, s3: Any) -> None:
    send(cloudformation, "Create")
    assert send(cloudformation, "Create")["Data"]["Copied"] == "0"
    assert len(s3.list_object_versions(Bucket="own")["Versions"]) == len(FILES)


def test_update_copies_the_new_and_keeps_the_old(cloudformation: CloudFormation, s3: Any) -> None:
    send(cloudformation, "Create")
    new = {"userdata/portal-ba9876543210.tar": b"new", "userdata/cluster/publish.sh": b"changed"}
    publish(new, "hpc/v2/")
    changes = {"SourcePrefix": "hpc/v2/", "Keys": [*new]}
    got = send(cloudformation, "Update", changes, PhysicalResourceId="assets-in-own", OldResourceProperties=PROPERTIES)
    assert (got["Status"], got["PhysicalResourceId"], got["Data"]["Copied"]) == ("SUCCESS", "assets-in-own", "2")
    assert content(s3) == {**FILES, **new}


@pytest.mark.parametrize("key", sorted(FILES))
def test_a_file_that_was_tampered_with_is_refused(cloudformation: CloudFormation, s3: Any, key: str) -> None:
    boto3.client("s3", region_name="eu-west-1").put_object(Bucket="publisher", Key=f"hpc/v1/{key}", Body=b"evil")
    got = send(cloudformation, "Create")
    assert got["Status"] == "FAILED" and key in got["Reason"] and "publish the release again" in got["Reason"]
    assert content(s3).get(key) is None


def test_a_key_that_the_manifest_lacks_is_refused_before_anything(cloudformation: CloudFormation, s3: Any) -> None:
    got = send(cloudformation, "Create", {"Keys": [*FILES, "userdata/other"]})
    assert got["Reason"].startswith("userdata/other is not in SHA256SUMS of hpc/v1/") and content(s3) == {}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"SourceBucket": "nowhere"}, "s3://nowhere/hpc/v1/SHA256SUMS does not exist: check AssetsBucket"),
        ({"SourcePrefix": "hpc/v9/"}, "s3://publisher/hpc/v9/SHA256SUMS does not exist: check AssetsBucket"),
        ({"Bucket": "publisher"}, "Bucket publisher is the publisher's own: it would be emptied"),
        ({"Keys": "text"}, "Keys must be a list of texts"),
        ({"Keys": [7]}, "Keys must be a list of texts"),
        ({"SourcePrefix": ["x"]}, "SourceBucket, SourceRegion, SourcePrefix and Bucket must be texts"),
        ({"Bucket": ""}, "SourceBucket, SourceRegion, SourcePrefix and Bucket must be texts"),
    ],
)
def test_what_is_wrong_is_said(cloudformation: CloudFormation, s3: Any, change: Any, sentence: str) -> None:
    got = send(cloudformation, "Create", change)
    assert (
        got["Status"] == "FAILED" and got["Reason"].startswith(sentence) and got["PhysicalResourceId"] == "not-created"
    )


def test_a_missing_file_of_the_manifest_is_named(cloudformation: CloudFormation, s3: Any) -> None:
    key = "userdata/cluster/publish.sh"
    boto3.client("s3", region_name="eu-west-1").delete_object(Bucket="publisher", Key=f"hpc/v1/{key}")
    assert f"s3://publisher/hpc/v1/{key} does not exist" in send(cloudformation, "Create")["Reason"]


@pytest.mark.parametrize(
    ("code", "headers", "words"),
    [
        (
            "PermanentRedirect",
            {"x-amz-bucket-region": "cn-north-1"},
            "is in region cn-north-1: give that as AssetsBucketRegion.",
        ),
        (
            "AccessDenied",
            {"x-amz-bucket-region": "us-east-1"},
            "may not be read: check AssetsPrefix, and that the bucket's policy",
        ),
        ("SlowDown", {}, "cannot be fetched (SlowDown)"),
    ],
)
def test_refusals_are_explained(code: str, headers: dict[str, str], words: str) -> None:
    error = ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPHeaders": headers}}, "GetObject")
    assert words in assets.explain_refusal(error, "eu-west-1")


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
