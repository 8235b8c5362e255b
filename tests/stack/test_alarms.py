"""Alarms of a whole deployment on the emulator: who goes off when a node, a head node or a file system is gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.emulator.client import Emulator
from tests.support.deployment import Deployment

REGION = "ap-southeast-3"  # no other test is there
ALARM = "AWS::CloudWatch::Alarm"
GONE = {
    "PortalDown",
    "PortalNodeGone1",
    "PortalNodeGone2",
    "HeadNodeGone1",
    "HeadNodeGone2",
    "LustreGone1",
    "LustreGone2",
}


@pytest.fixture(scope="module")
def portal(emulator: Emulator) -> Iterator[Deployment]:
    """A deployment with the form's defaults."""
    made = Deployment(emulator, "alarms", REGION)
    outcome = made.create(ComputeInstanceType="c5.2xlarge", HeadNodeInstanceType="m5.xlarge")
    assert outcome.complete, outcome.reason
    yield made
    made.delete()


def titles(portal: Deployment) -> dict[str, str]:
    """Every alarm's physical name, by its logical id."""
    return {
        place.partition(".")[2]: found.physical_id for place, found in portal.resources().items() if found.type == ALARM
    }


def states(portal: Deployment, state: str) -> set[str]:
    """The logical ids of the alarms that are in a state if nothing more is measured for the next minute."""
    found = portal.emulator.alarms(REGION, ahead=60)
    return {title for title, name in titles(portal).items() if found[name] == state}


def measure(portal: Deployment, title: str, values: list[float], minutes: int = 20) -> None:
    """Values of the first metric that an alarm looks at, at each of the last minutes and the next one."""
    cloudwatch = portal.emulator.client("cloudwatch", REGION)
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[titles(portal)[title]])["MetricAlarms"]
    now = datetime.now(timezone.utc)
    data: list[dict[str, Any]] = [
        {
            "MetricName": alarm["MetricName"],
            "Dimensions": alarm["Dimensions"],
            "Timestamp": now + timedelta(seconds=30 - 60 * minute),
            "Value": value,
        }
        for minute in range(minutes)
        for value in values
    ]
    cloudwatch.put_metric_data(Namespace=alarm["Namespace"], MetricData=data)


def test_a_node_that_is_gone_is_told_of_and_its_neighbor_is_not(portal: Deployment) -> None:
    assert states(portal, "ALARM") == GONE
    measure(portal, "PortalNodeGone1", [40.0])
    measure(portal, "HeadNodeGone1", [1.0])
    measure(portal, "PortalDown", [1.0])
    assert states(portal, "ALARM") == GONE - {"PortalNodeGone1", "HeadNodeGone1", "PortalDown"}


def test_a_full_disk_is_told_of(portal: Deployment) -> None:
    measure(portal, "PortalDiskFull2", [95.0])
    measure(portal, "HeadNodeDiskFull2", [95.0])
    assert states(portal, "ALARM") >= {"PortalDiskFull2", "HeadNodeDiskFull2"}
    assert "PortalNodeGone2" not in states(portal, "ALARM"), "it measures, so it is there"


def test_a_certificate_that_nears_its_end_is_told_of_until_it_is_renewed(portal: Deployment) -> None:
    assert "CertificateExpires" in states(portal, "INSUFFICIENT_DATA")
    measure(portal, "CertificateExpires", [29.0], minutes=1)
    assert "CertificateExpires" in states(portal, "ALARM")
    held = portal.emulator.alarms(REGION, ahead=30 * 24 * 3600)
    assert held[titles(portal)["CertificateExpires"]] == "ALARM", "the metric ends with the certificate"


def test_a_failed_renewal_is_told_of(portal: Deployment) -> None:
    measure(portal, "CertificateRenewalFails", [1.0], minutes=1)
    assert "CertificateRenewalFails" in states(portal, "ALARM")


def test_ten_nodes_that_do_not_start_are_told_of(portal: Deployment) -> None:
    cluster = portal.resources()["clusters.Cluster1"].physical_id
    cloudwatch = portal.emulator.client("cloudwatch", REGION)
    for name, value in (("InstanceBootstrapTimeoutErrors", 6.0), ("OnNodeStartRunErrors", 4.0)):
        assert "ClusterProtected1" not in states(portal, "ALARM")
        data = {"MetricName": name, "Dimensions": [{"Name": "ClusterName", "Value": cluster}], "Value": value}
        cloudwatch.put_metric_data(Namespace="ParallelCluster", MetricData=[data])
    assert "ClusterProtected1" in states(portal, "ALARM")
    assert "ClusterProtected2" not in states(portal, "ALARM")
