"""Alarms tell of the sick and of the missing: what each does without data has its reason, and nothing goes unseen."""

from __future__ import annotations

import re
from typing import Any

import pytest

from generator.tiers.alarms import AT_REST, GONE, HOLDS
from generator.tiers.cluster_alarms import CLUSTER_METRICS, PROTECTED_AFTER, START_FAILURES
from tests.support.built import package_folder, resource, resources, templates

# What an alarm does without data, and why: a fault is nothing that is missing, or another alarm tells of what is gone.
WITHOUT_DATA = {
    "CertificateExpires": (HOLDS, "CloudWatch stops the metric when the certificate has expired"),
    "CertificateRenewalFails": (AT_REST, "a run that is missing shows in CertificateExpires"),
    "ClusterProtected": (AT_REST, "a count of faults"),
    "DatabaseAtItsCapacity": (AT_REST, "a provisioned database has no such metric"),
    "DatabaseBusy": (AT_REST, "without a database the portal does not answer: PortalDown"),
    "HeadNodeDiskFull": (AT_REST, "HeadNodeGone"),
    "HeadNodeGone": (GONE, ""),
    "LustreFull": (AT_REST, "LustreGone"),
    "LustreGone": (GONE, ""),
    "PortalDiskFull": (AT_REST, "PortalNodeGone"),
    "PortalDown": (GONE, ""),
    "PortalErrors": (AT_REST, "a count of faults"),
    "PortalNodeDown": (AT_REST, "a node that is not registered is not counted: PortalNodeGone"),
    "PortalNodeGone": (GONE, ""),
}
ALARMS = {place.partition(".")[2]: body for place, body in resources("AWS::CloudWatch::Alarm")}


def kind(title: str) -> str:
    """An alarm's title without the number of its zone."""
    return title.rstrip("0123456789")


def metrics(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics that an alarm looks at."""
    properties = body["Properties"]
    stats = [query["MetricStat"]["Metric"] for query in properties.get("Metrics", ()) if "MetricStat" in query]
    return stats or [properties]


@pytest.mark.parametrize("title", ALARMS)
def test_an_alarm_has_a_reason_for_what_it_does_without_data(title: str) -> None:
    treatment, reason = WITHOUT_DATA[kind(title)]
    assert ALARMS[title]["Properties"]["TreatMissingData"] == treatment
    assert reason or treatment == GONE


@pytest.mark.parametrize("title", ALARMS)
def test_what_is_gone_has_an_alarm_of_its_own(title: str) -> None:
    named = [other for other in WITHOUT_DATA if re.search(rf"\b{other}\b", WITHOUT_DATA[kind(title)][1])]
    assert all(WITHOUT_DATA[other][0] in (GONE, HOLDS) for other in named)


def test_every_alarm_of_the_table_exists() -> None:
    assert {kind(title) for title in ALARMS} == set(WITHOUT_DATA)


@pytest.mark.parametrize("zones", [2, 4])
def test_every_zone_has_its_alarms(zones: int) -> None:
    titles = {place.partition(".")[2] for place, _ in resources("AWS::CloudWatch::Alarm", zones)}
    of_a_zone = {kind(title) for title in titles if title != kind(title)}
    assert of_a_zone >= {"PortalNodeGone", "HeadNodeGone", "HeadNodeDiskFull", "ClusterProtected", "LustreGone"}
    assert {f"{title}{zone}" for title in of_a_zone for zone in range(1, zones + 1)} <= titles


def test_a_function_that_a_schedule_calls_has_an_alarm_on_its_errors() -> None:
    """A failure that nobody waits for is seen by nobody."""
    scheduled = {
        target["Arn"]["Fn::GetAtt"][0]
        for _, body in resources("AWS::Events::Rule")
        for target in body["Properties"]["Targets"]
        if "Fn::GetAtt" in target["Arn"]
    }
    assert scheduled == {"CertificateFunction"}
    watched = [
        metric["Dimensions"][0]["Value"]
        for body in ALARMS.values()
        for metric in metrics(body)
        if (metric["Namespace"], metric["MetricName"]) == ("AWS/Lambda", "Errors")
    ]
    assert watched == [{"Ref": title} for title in sorted(scheduled)]
    assert templates()["https"]["Outputs"]["CertificateFunction"]["Value"]["Fn::If"][1] == {
        "Ref": "CertificateFunction"
    }


def test_head_nodes_are_watched_by_metrics_that_parallelcluster_has() -> None:
    source = "".join(path.read_text() for path in package_folder("pcluster").glob("templates/cw*_builder.py"))
    constants = (package_folder("pcluster") / "constants.py").read_text()
    assert all(f'metric_name="{name}"' in source for name in START_FAILURES)
    assert f'CW_METRICS_NAMESPACE = "{CLUSTER_METRICS}"' in constants
    assert 'CW_METRICS_CLUSTERMGTD_HEARTBEAT = "ClustermgtdHeartbeat"' in constants
    monitoring = resource("clusters.Cluster1")["ClusterConfiguration"]["Monitoring"]
    on = [monitoring["Logs"]["CloudWatch"], monitoring["Dashboards"]["CloudWatch"], monitoring["Alarms"]]
    assert [section["Enabled"] for section in on] == [True, True, True], "each makes metrics that alarms look at"


def test_ten_failures_are_protected_mode() -> None:
    """protected_failure_count of clustermgtd: ParallelCluster user guide, "Slurm cluster protected mode"."""
    assert ALARMS["ClusterProtected1"]["Properties"]["Threshold"] == PROTECTED_AFTER == 10
