"""A dashboard over all tiers, and alarms that an operator can act upon, by e-mail if there is an address."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from troposphere import Ref, Sub
from troposphere.cloudwatch import Alarm, Dashboard, Metric, MetricDataQuery, MetricDimension, MetricStat
from troposphere.sns import SubscriptionResource, Topic

from generator import form
from generator.cfn import partition
from generator.cfn.ports import Ports, port
from generator.cfn.template import Value, variable
from generator.cfn.wiring import Tier
from generator.tiers.conditions import if_given
from generator.tiers.database import Database
from generator.tiers.file_system import FileSystem
from generator.tiers.load_balancer import LoadBalancer
from generator.tiers.lustre import Lustre
from generator.tiers.portal import METRICS_NAMESPACE, Portal, node_title

MINUTE = 60


@dataclass(frozen=True)
class Monitoring(Ports):
    """Where to look, and where alarms go."""

    topic_arn: Value = port("SNS topic of the alarms")
    dashboard_link: Value = port("Console page of the dashboard")


class _Alarms:
    """Adds alarms on one topic. By default a metric without data is no alarm."""

    def __init__(self, tier: Tier, topic: Topic) -> None:
        self.template = tier.template
        self.topic = topic

    def add(self, title: str, description: str, comparison: str, threshold: float, minutes: int, **what: Any) -> None:
        """An alarm after `minutes` in a row; metric math is looked at each minute, else five minutes where they fit."""
        period = 5 if minutes >= 5 and "Metrics" not in what else 1
        missing = what.pop("TreatMissingData", "notBreaching")
        timing: dict[str, Any] = {} if "Metrics" in what else {"Period": period * MINUTE}
        self.template.add_resource(
            Alarm(
                title,
                AlarmDescription=description,
                ComparisonOperator=comparison,
                Threshold=threshold,
                EvaluationPeriods=minutes // period,
                TreatMissingData=missing,
                AlarmActions=[Ref(self.topic)],
                OKActions=[Ref(self.topic)],
                **timing,
                **what,
            )
        )


def build(
    tier: Tier,
    storage: form.Storage,
    operations: form.Operations,
    load_balancer: LoadBalancer,
    database: Database,
    file_system: FileSystem,
    lustre: Lustre,
    portal: Portal,
) -> Monitoring:
    """Topic, alarms and dashboard."""
    t = tier.template
    # No key on the topic: CloudWatch may not use AWS's own for SNS, and its alarms would be lost without a word.
    topic = t.add_resource(Topic("Alarms", DisplayName="HPC portal alarms"))
    t.add_resource(
        SubscriptionResource(
            "AlarmEmailSubscription",
            Condition=if_given(t, "EmailGiven", operations.alarm_email),
            TopicArn=Ref(topic),
            Protocol="email",
            Endpoint=operations.alarm_email,
        )
    )
    alarms = _Alarms(tier, topic)
    targets = [
        MetricDimension(Name="LoadBalancer", Value=load_balancer.load_balancer_name),
        MetricDimension(Name="TargetGroup", Value=load_balancer.target_group_name),
    ]
    cluster = [MetricDimension(Name="DBClusterIdentifier", Value=database.database_cluster_id)]
    elb = {"Namespace": "AWS/ApplicationELB", "Dimensions": targets}
    rds = {"Namespace": "AWS/RDS", "Dimensions": cluster, "Statistic": "Average"}
    alarms.add(
        "PortalDown",
        "No portal node answers: look at the nodes' log group, and at EFS and the database.",
        "LessThanThreshold",
        1,
        3,
        MetricName="HealthyHostCount",
        Statistic="Maximum",
        TreatMissingData="breaching",
        **elb,
    )
    alarms.add(
        "PortalNodeDown",
        "A portal node has not answered for a quarter of an hour; the other one carries the portal.",
        "GreaterThanOrEqualToThreshold",
        1,
        15,
        MetricName="UnHealthyHostCount",
        Statistic="Minimum",
        **elb,
    )
    alarms.add(
        "PortalErrors",
        "The portal answers with server errors: look at EnginFrame's logs.",
        "GreaterThanThreshold",
        25,
        10,
        MetricName="HTTPCode_Target_5XX_Count",
        Statistic="Sum",
        **elb,
    )
    alarms.add(
        "DatabaseBusy",
        "The database's processors are busy: raise DatabaseMaxCapacity or the instance class.",
        "GreaterThanThreshold",
        85,
        30,
        MetricName="CPUUtilization",
        **rds,
    )
    alarms.add(
        "DatabaseAtItsCapacity",
        "The serverless database is at its most capacity: raise DatabaseMaxCapacity.",
        "GreaterThanThreshold",
        90,
        30,
        MetricName="ACUUtilization",
        **rds,
    )
    for number in range(1, tier.zone_count + 1):
        # The dimensions are those of the nodes' CloudWatch agent: userdata/portal/steps/20-logs.sh.
        node = [
            MetricDimension(Name="LogGroup", Value=portal.portal_log_group),
            MetricDimension(Name="PortalNode", Value=node_title(number)),
        ]
        alarms.add(
            f"PortalDiskFull{number}",
            f"The root volume of portal node {number} is nearly full: remove files, or raise PortalVolumeSize.",
            "GreaterThanThreshold",
            90,
            15,
            Namespace=METRICS_NAMESPACE,
            MetricName="disk_used_percent",
            Dimensions=node,
            Statistic="Maximum",
        )
    for number, system in enumerate(lustre.zones, 1):
        free = MetricDataQuery(
            Id="free",
            ReturnData=False,
            MetricStat=MetricStat(
                Metric=Metric(
                    Namespace="AWS/FSx",
                    MetricName="FreeDataStorageCapacity",
                    Dimensions=[MetricDimension(Name="FileSystemId", Value=system.lustre_id)],
                ),
                Period=MINUTE,  # one sample of each storage target
                Stat="Sum",
            ),
        )
        share = MetricDataQuery(
            Id="share",
            Label="Free (%)",
            Expression=Sub(f"100 * free / ({variable(storage.lustre_storage_capacity)} * 1073741824)"),
        )
        alarms.add(
            f"LustreFull{number}",
            f"/fsx_cluster{number} has less than a tenth free: remove files, or raise LustreStorageCapacity.",
            "LessThanThreshold",
            10,
            15,
            Metrics=[free, share],
        )
    t.add_resource(Dashboard("Dashboard", DashboardBody=_body(tier.zone_count)))
    page = "cloudwatch/home?region=${AWS::Region}#dashboards:name=${Dashboard}"
    return Monitoring(topic_arn=Ref(topic), dashboard_link=partition.console_url(t, page))


def _body(zone_count: int) -> Sub:
    """The dashboard: one row each for portal, database, shared storage; `${…}` of the ports as Fn::Sub sees them."""
    targets = ["LoadBalancer", "${LoadBalancerName}", "TargetGroup", "${TargetGroupName}"]
    cluster = ["DBClusterIdentifier", "${DatabaseClusterId}"]
    efs = ["FileSystemId", "${FileSystemId}"]
    scratch = [["FileSystemId", f"${{LustreId{number}}}"] for number in range(1, zone_count + 1)]
    graphs = [
        (
            "Portal nodes",
            "Minimum",
            [["AWS/ApplicationELB", f"{name}HostCount", *targets] for name in ("Healthy", "UnHealthy")],
        ),
        ("Portal response time (s)", "p95", [["AWS/ApplicationELB", "TargetResponseTime", *targets]]),
        (
            "Portal answers",
            "Sum",
            [["AWS/ApplicationELB", f"HTTPCode_Target_{n}XX_Count", *targets] for n in (2, 4, 5)],
        ),
        ("Database processors (%)", "Average", [["AWS/RDS", "CPUUtilization", *cluster]]),
        ("Database capacity (ACU)", "Average", [["AWS/RDS", "ServerlessDatabaseCapacity", *cluster]]),
        ("Database connections", "Sum", [["AWS/RDS", "DatabaseConnections", *cluster]]),
        ("EFS throughput (bytes)", "Sum", [["AWS/EFS", f"Data{way}IOBytes", *efs] for way in ("Read", "Write")]),
        (
            "Lustre throughput (bytes)",
            "Sum",
            [["AWS/FSx", f"Data{way}Bytes", *fs] for fs in scratch for way in ("Read", "Write")],
        ),
        ("Lustre free (bytes)", "Sum", [["AWS/FSx", "FreeDataStorageCapacity", *fs] for fs in scratch]),
    ]
    widgets = [
        {
            "type": "metric",
            "x": 8 * (index % 3),
            "y": 6 * (index // 3),
            "width": 8,
            "height": 6,
            "properties": {
                "title": title,
                "region": "${AWS::Region}",
                "stat": statistic,
                "period": 60,
                "view": "timeSeries",
                "metrics": metrics,
            },
        }
        for index, (title, statistic, metrics) in enumerate(graphs)
    ]
    return Sub(json.dumps({"widgets": widgets}))
