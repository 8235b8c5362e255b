"""The publisher's bucket has vanished under a running deployment: the guide's way out, forward and back.

The tests follow each other on the same stack, as an operator's steps do.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from generator import RELEASE_FOLDER
from tests.emulator.client import Emulator, Fault
from tests.emulator.release import BUCKET
from tests.support.commands import Tools
from tests.support.deployment import Deployment

REGION = "us-west-2"
MINE, PREFIX = "operators-own", "mine/"
ANSWERS = {"AssetsBucket": MINE, "AssetsPrefix": PREFIX}


def remove(emulator: Emulator, bucket: str) -> None:
    """Delete a bucket with what is in it."""
    s3 = emulator.client("s3", REGION)
    for item in s3.list_objects_v2(Bucket=bucket)["Contents"]:
        s3.delete_object(Bucket=bucket, Key=item["Key"])
    s3.delete_bucket(Bucket=bucket)


def copy_own_bucket(emulator: Emulator, portal: Deployment) -> None:
    """What the guide's `aws s3 sync` does."""
    s3, own = emulator.client("s3", REGION), portal.resources()["assets.AssetBucket"].physical_id
    listed = s3.list_objects_v2(Bucket=own)["Contents"]
    files = {item["Key"]: s3.get_object(Bucket=own, Key=item["Key"])["Body"].read() for item in listed}
    emulator.publish(files, MINE, PREFIX + RELEASE_FOLDER, REGION)


@pytest.fixture(scope="module")
def portal(emulator: Emulator) -> Iterator[Deployment]:
    """A deployment whose publisher's bucket is gone."""
    deployment = Deployment(emulator, "publisher-gone", REGION)
    made = deployment.create(AlarmEmail="operator@example.com")
    assert made.complete, made.reason
    remove(emulator, f"{BUCKET}-{REGION}")
    yield deployment
    assert deployment.delete().complete


def test_an_update_fails_and_is_explained(
    portal: Deployment, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert portal.update(DatabaseBackupDays="9").outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    said = Tools(emulator, monkeypatch, capsys, REGION)("why", portal.name)
    assert "S3 error: The specified bucket does not exist" in said.out
    assert "docs/operations.md, 'The release is gone'" in said.out


def test_the_way_back_of_the_way_out_needs_nothing_that_is_gone(portal: Deployment, emulator: Emulator) -> None:
    copy_own_bucket(emulator, portal)
    before = portal.resources()
    emulator.inject(Fault("update", "AWS::SNS::Subscription", "not a valid address", f"{portal.name}-Monitoring"))
    change = portal.update(**ANSWERS, AlarmEmail="another@example.com")
    emulator.inject()
    assert change.outcome.status == "UPDATE_ROLLBACK_COMPLETE", change.outcome.reason
    assert "assets.Copy" in change.touched and portal.resources() == before


def test_the_way_out_ends_well(portal: Deployment) -> None:
    before = portal.stateful()
    change = portal.update(**ANSWERS)
    assert change.outcome.complete, change.outcome.reason
    assert portal.stateful() == before


def test_further_updates_go_by_the_operators_own_bucket(portal: Deployment) -> None:
    change = portal.update(DatabaseBackupDays="9")
    assert change.outcome.complete, change.outcome.reason
