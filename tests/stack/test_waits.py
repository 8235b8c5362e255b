"""A launch that would wait without an end fails after a time that the template sets, and goes back whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.client import Emulator
from tests.support.deployment import PROMISED, Deployment, left

REGION = "il-central-1"  # no other test is there


@pytest.fixture
def undelegated(emulator: Emulator) -> Iterator[Emulator]:
    """The emulator, on which nobody delegates to the hosted zones; an hour takes less than a second."""
    emulator.wait_for_certificates(minute=0.01)
    yield emulator
    emulator.validate_certificates()


def test_a_certificate_that_nobody_validates_ends_the_launch(undelegated: Emulator, name: str) -> None:
    made = undelegated.client("route53").create_hosted_zone(Name="example.org", CallerReference=name)
    zone = made["HostedZone"]["Id"].removeprefix("/hostedzone/")
    portal = Deployment(undelegated, name, REGION)
    outcome = portal.create(HostedZoneId=zone, DomainName="hpc.example.org")
    assert outcome.status == "ROLLBACK_COMPLETE", outcome.reason
    assert "Stack creation time exceeded the specified timeout" in portal.event("HttpsStack", "CREATE_FAILED")
    portal.delete()
    kinds, rest = left(undelegated, REGION)
    assert (kinds - PROMISED, [line for line in rest if "HostedZone" not in line]) == (set(), [])
