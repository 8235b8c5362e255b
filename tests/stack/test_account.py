"""Launches into accounts whose settings, and answers whose spelling, would end them late."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.emulator.client import Emulator
from tests.support.deployment import Deployment

REGION = "us-east-1"


@pytest.fixture
def account(emulator: Emulator) -> Iterator[Emulator]:
    """An emulator whose account is as nobody has changed it again after the test."""
    yield emulator
    emulator.set_account()


def test_a_default_ebs_key_of_a_customer_s_ends_a_launch_at_its_door(account: Emulator, name: str) -> None:
    account.set_account(ebs_default_key="arn:aws:kms:us-east-1:123456789012:key/k")
    deployment = Deployment(account, name, REGION)
    made = deployment.create()
    assert made.status == "ROLLBACK_COMPLETE"
    assert "Faults found: 1" in made.reason and "make alias/aws/ebs the default" in made.reason
    assert deployment.delete().complete


def test_a_launch_goes_on_where_the_operator_knows_that_the_key_fits(account: Emulator, name: str) -> None:
    """The portal nodes name AWS's own key, so they launch whatever the account's default is."""
    account.set_account(ebs_default_key="arn:aws:kms:us-east-1:123456789012:key/k")
    deployment = Deployment(account, name, REGION)
    made = deployment.create(PreflightWarnOnly="EbsDefaultKey")
    assert made.complete, made.reason
    assert deployment.delete().complete


@pytest.mark.parametrize("answer", ["10.5", "0.0", "1e3", "+5", " 5"])
def test_a_number_that_is_no_count_is_refused_before_anything_is_made(
    emulator: Emulator, name: str, answer: str
) -> None:
    deployment = Deployment(emulator, name, REGION)
    with pytest.raises(ClientError, match="SpotMaxNodes"):
        deployment.create(SpotMaxNodes=answer)
    with pytest.raises(ClientError, match="does not exist"):
        deployment.cloudformation.describe_stacks(StackName=name)
