"""The alarms: each tells of something that an operator can act upon, the sick as well as the missing.

What an alarm does without data is part of its meaning, so each says it. A count of the sick is at rest without data, and
then another alarm, at which missing data count as a breach, tells that what is counted is gone.
"""

from __future__ import annotations

from typing import Any

from troposphere import Ref
from troposphere.cloudwatch import Alarm, Metric, MetricDataQuery, MetricDimension, MetricStat
from troposphere.sns import Topic

from generator.cfn.template import Value
from generator.cfn.wiring import Tier

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# No data: the metric counts faults, or something else tells that its subject is gone.
AT_REST = "notBreaching"
# No data: the subject is gone.
GONE = "breaching"
# No data: the last state holds. CloudWatch stops the metric at the end that the alarm warns of.
HOLDS = "ignore"


class Alarms:
    """Adds alarms on one topic."""

    def __init__(self, tier: Tier, topic: Topic) -> None:
        self.template = tier.template
        self.zone_count = tier.zone_count
        self.topic = topic

    def add(
        self,
        title: str,
        description: str,
        comparison: str,
        threshold: float,
        minutes: int,
        missing: str,
        **what: Any,
    ) -> None:
        """An alarm after `minutes` in a row; metric math is looked at each minute, else five minutes where they fit.

        `missing` is what becomes of it without data. A Period in `what` replaces that of five minutes.
        """
        period = what.pop("Period", (5 if minutes >= 5 and "Metrics" not in what else 1) * MINUTE)
        timing: dict[str, Any] = {} if "Metrics" in what else {"Period": period}
        self.template.add_resource(
            Alarm(
                title,
                AlarmDescription=description,
                ComparisonOperator=comparison,
                Threshold=threshold,
                EvaluationPeriods=minutes * MINUTE // period,
                TreatMissingData=missing,
                AlarmActions=[Ref(self.topic)],
                OKActions=[Ref(self.topic)],
                **timing,
                **what,
            )
        )

    def gone(self, title: str, description: str, minutes: int, namespace: str, metric: str, **of: Value) -> None:
        """An alarm when a metric of the dimensions `of` has no data: what sends it is gone."""
        self.add(
            title,
            description,
            "LessThanThreshold",
            1,
            minutes,
            GONE,
            Namespace=namespace,
            MetricName=metric,
            Dimensions=dimensions(**of),
            Statistic="SampleCount",
        )


def dimensions(**of: Value) -> list[MetricDimension]:
    """A metric's dimensions by name."""
    return [MetricDimension(Name=name, Value=value) for name, value in of.items()]


def query(name: str, namespace: str, metric: str, statistic: str, period: int, **of: Value) -> MetricDataQuery:
    """A metric as an expression knows it under `name`, over `period` seconds; `of` are its dimensions."""
    return MetricDataQuery(
        Id=name,
        ReturnData=False,
        MetricStat=MetricStat(
            Metric=Metric(Namespace=namespace, MetricName=metric, Dimensions=dimensions(**of)),
            Period=period,
            Stat=statistic,
        ),
    )
