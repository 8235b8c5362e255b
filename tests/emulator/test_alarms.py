"""The emulator evaluates alarms as CloudWatch does, with data and without."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.emulator.client import Emulator
from tests.support.small_templates import resource, template

NAMESPACE = "Test"


def made(emulator: Emulator, name: str, **properties: Any) -> str:
    """An alarm over three periods of a minute on a metric of its own; its name."""
    metric = {} if "Metrics" in properties else {"Namespace": NAMESPACE, "MetricName": name, "Period": 60}
    given: dict[str, Any] = {
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 5,
        "EvaluationPeriods": 3,
        **({} if "Metrics" in properties else {"Statistic": "Maximum"}),
        **metric,
        **properties,
    }
    outcome = emulator.create_stack(name, template({"Alarm": resource("AWS::CloudWatch::Alarm", **given)}))
    assert outcome.complete, outcome.reason
    [alarm] = emulator.client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
    return str(alarm["PhysicalResourceId"])


def measured(emulator: Emulator, name: str, *values: float, dimension: str = "") -> None:
    """Values of a metric, one for each of the last minutes, newest first."""
    now = datetime.now(timezone.utc)
    dimensions = [{"Name": "Thing", "Value": dimension}] if dimension else []
    for minutes, value in enumerate(values):
        at = now - timedelta(seconds=30 + 60 * minutes)
        data = [{"MetricName": name, "Dimensions": dimensions, "Timestamp": at, "Value": value}]
        emulator.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=data)


@pytest.mark.parametrize(
    ("treatment", "state"),
    [("breaching", "ALARM"), ("notBreaching", "OK"), ("missing", "INSUFFICIENT_DATA"), ("ignore", "INSUFFICIENT_DATA")],
)
def test_an_alarm_without_data_goes_by_its_treatment(emulator: Emulator, name: str, treatment: str, state: str) -> None:
    alarm = made(emulator, name, TreatMissingData=treatment)
    assert emulator.alarms()[alarm] == state
    emulator.delete_stack(name)


def test_every_period_has_to_breach(emulator: Emulator, name: str) -> None:
    alarm = made(emulator, name)
    measured(emulator, name, 9, 9, 1)
    assert emulator.alarms()[alarm] == "OK"
    measured(emulator, name, 9, 9, 9)
    assert emulator.alarms()[alarm] == "ALARM"
    emulator.delete_stack(name)


def test_data_that_stop_are_missing_later(emulator: Emulator, name: str) -> None:
    alarm = made(emulator, name, ComparisonOperator="LessThanThreshold", Threshold=1, TreatMissingData="breaching")
    measured(emulator, name, 3, 3, 3)
    assert emulator.alarms()[alarm] == "OK"
    assert emulator.alarms(ahead=600)[alarm] == "ALARM"
    emulator.delete_stack(name)


def test_an_alarm_is_about_its_own_dimensions(emulator: Emulator, name: str) -> None:
    alarm = made(emulator, name, Dimensions=[{"Name": "Thing", "Value": "one"}], TreatMissingData="notBreaching")
    measured(emulator, name, 9, 9, 9, dimension="two")
    assert emulator.alarms()[alarm] == "OK"
    measured(emulator, name, 9, 9, 9, dimension="one")
    assert emulator.alarms()[alarm] == "ALARM"
    emulator.delete_stack(name)


def test_an_expression_is_calculated(emulator: Emulator, name: str) -> None:
    stat = {"Metric": {"Namespace": NAMESPACE, "MetricName": name}, "Period": 60, "Stat": "Sum"}
    metrics = [
        {"Id": "there", "ReturnData": False, "MetricStat": stat},
        {"Id": "share", "Expression": "100 * (FILL(there, 0) + 1) / 10"},
    ]
    alarm = made(emulator, name, Metrics=metrics, Threshold=20, TreatMissingData="notBreaching")
    assert emulator.alarms()[alarm] == "OK"
    measured(emulator, name, 2, 2, 2)
    assert emulator.alarms()[alarm] == "ALARM"
    emulator.delete_stack(name)
