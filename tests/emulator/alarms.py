"""Alarms as CloudWatch evaluates them: over the periods asked for, by dimensions, with arithmetic, and with missing data.

ministack looks at a metric whatever its dimensions are, leaves an alarm without data as it is, and takes no expressions.
The rules are those of the CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data". The periods end
now: CloudWatch also looks a little further back, which matters to metrics that come late.
"""

import ast
import operator
import time
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import get_region
from ministack.services import cloudwatch

from tests.emulator.handlers import Made, Properties, wraps

Alarm = dict[str, Any]
MATH: dict[tuple[str, str], list[Properties]] = {}
"""By region and name, the Metrics of the alarms on expressions."""
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
ARITHMETIC: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def plain(properties: Properties) -> Properties:
    """The alarm with its expressions taken out, as ministack takes it; an alarm on one metric stays as it is."""
    if "Metrics" not in properties:
        return properties
    rest = {name: value for name, value in properties.items() if name != "Metrics"}
    return {**rest, "Namespace": "Expression", "MetricName": "Expression", "Statistic": "Maximum", "Period": 60}


@wraps("AWS::CloudWatch::Alarm")
class MetricAlarm:
    """An alarm on a metric or an expression."""

    @staticmethod
    def create(stock: Any, logical_id: str, properties: Properties, stack: str) -> Made:
        made: Made = stock(logical_id, plain(properties), stack)
        MATH[get_region(), made[0]] = properties.get("Metrics", [])
        return made

    @staticmethod
    def update(stock: Any, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
        made: Made = stock(physical_id, plain(old), plain(new), stack, logical_id)
        MATH[get_region(), made[0]] = new.get("Metrics", [])
        return made


def value(metric: Mapping[str, Any], statistic: str, period: int, end: float) -> float | None:
    """A metric's statistic over the `period` seconds before `end`; None without data."""
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(metric.get("Dimensions") or []))
    points = cloudwatch._metrics.get((metric["Namespace"], metric["MetricName"], dimensions)) or []
    within = [point for point in points if end - period <= point["Timestamp"] < end]
    if not within:
        return None
    found = cloudwatch._stat_value(cloudwatch._calc_stats(within), statistic, within)
    return None if found is None else float(found)


def calculated(expression: str, known: Mapping[str, float | None]) -> float | None:
    """The value of an expression of numbers, ids, + - * /, FILL(id, number) and SUM(METRICS()); None without data."""

    def result(node: ast.expr) -> float | None:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                return known[name]
            case ast.Call(func=ast.Name(id="FILL"), args=[filled, instead]):
                return result(instead) if (there := result(filled)) is None else there
            case ast.Call(func=ast.Name(id="SUM"), args=[ast.Call(func=ast.Name(id="METRICS"), args=[])]):
                numbers = [number for number in known.values() if number is not None]
                return sum(numbers) if numbers else None
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                both = result(left), result(right)
                return None if both[0] is None or both[1] is None else ARITHMETIC[type(op)](both[0], both[1])
        raise ValueError(f"Invalid metrics list: the expression {expression!r} is not understood here.")

    return result(ast.parse(expression, mode="eval").body)


def datapoints(alarm: Alarm, metrics: list[Properties], now: float) -> list[float | None]:
    """The alarm's value in each of its evaluation periods, newest first; None where data are missing."""
    ends = range(int(alarm["EvaluationPeriods"]))
    if not metrics:
        period, statistic = int(alarm["Period"]), alarm.get("ExtendedStatistic") or alarm["Statistic"]
        return [value(alarm, statistic, period, now - index * period) for index in ends]
    found = []
    for index in ends:
        known: dict[str, float | None] = {}
        for query in metrics:
            if stat := query.get("MetricStat"):
                period = int(stat["Period"])
                known[query["Id"]] = value(stat["Metric"], stat["Stat"], period, now - index * period)
            else:
                known[query["Id"]] = calculated(query["Expression"], known)
        returned = [query["Id"] for query in metrics if str(query.get("ReturnData", True)).lower() == "true"]
        found.append(known[returned[0]])
    return found


def judged(alarm: Alarm, values: list[float | None]) -> str:
    """The state of an alarm with these values: as many as DatapointsToAlarm must breach."""
    breaches = COMPARISONS[alarm["ComparisonOperator"]]
    need = int(alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"])
    there = [breaches(number, float(alarm["Threshold"])) for number in values if number is not None]
    missing = len(values) - len(there)
    match alarm.get("TreatMissingData", "missing"):
        case "breaching":
            return "ALARM" if there.count(True) + missing >= need else "OK"
        case "notBreaching":
            return "ALARM" if there.count(True) >= need else "OK"
        case "ignore" if missing and there.count(True) < need:
            return str(alarm["StateValue"])
        case _ if not there:
            return "INSUFFICIENT_DATA"
        case _:
            return "ALARM" if there.count(True) >= min(need, len(there)) else "OK"


def evaluate(alarm: Alarm, now: float | None = None) -> str:
    """Give an alarm its state at a moment (seconds since 1970; without one now), with its actions and its history."""
    now = time.time() if now is None else now
    metrics = MATH.get((get_region(), alarm["AlarmName"]), [])
    old, new = alarm["StateValue"], judged(alarm, datapoints(alarm, metrics, now))
    if old != new:
        reason = f"Threshold Crossed: {alarm['ComparisonOperator']} {alarm['Threshold']}"
        alarm.update(StateValue=new, StateReason=reason, StateUpdatedTimestamp=int(now))
        cloudwatch._record_history(alarm["AlarmName"], old, new, reason)
        cloudwatch._dispatch_alarm_actions(alarm, old, new, reason)
        cloudwatch._evaluate_parent_alarms(alarm)
    return new


def evaluate_all(ahead: float) -> dict[str, str]:
    """The states of all alarms of the region, by name, `ahead` seconds from now."""
    return {name: evaluate(alarm, time.time() + ahead) for name, alarm in cloudwatch._alarms.items()}


def install() -> None:
    """Evaluate alarms in this way whenever ministack does."""
    cloudwatch._evaluate_alarm = evaluate
