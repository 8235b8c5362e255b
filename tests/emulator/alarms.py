"""Alarms on metric math, which ministack does not take: they are kept as alarms on a metric of no namespace."""

from typing import Any

from tests.emulator.handlers import Made, Properties, wraps


def plain(properties: Properties) -> Properties:
    """The alarm with its expressions taken out; an alarm on one metric stays as it is."""
    if "Metrics" not in properties:
        return properties
    rest = {name: value for name, value in properties.items() if name != "Metrics"}
    return {**rest, "Namespace": "Expression", "MetricName": "Expression", "Statistic": "Maximum", "Period": 60}


@wraps("AWS::CloudWatch::Alarm")
class Alarm:
    """An alarm that never goes off by itself."""

    @staticmethod
    def create(stock: Any, logical_id: str, properties: Properties, stack: str) -> Made:
        made: Made = stock(logical_id, plain(properties), stack)
        return made

    @staticmethod
    def update(stock: Any, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
        made: Made = stock(physical_id, plain(old), plain(new), stack, logical_id)
        return made
