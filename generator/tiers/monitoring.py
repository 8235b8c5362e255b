"""A dashboard over all tiers, and alarms that an operator can act upon, by e-mail if there is an address."""

from __future__ import annotations

import json
from dataclasses import dataclass

from troposphere import Ref, Sub
from troposphere.cloudwatch import Dashboard
from troposphere.sns import SubscriptionResource, Topic

from generator import form
from generator.cfn import partition
from generator.cfn.ports import Ports, port
from generator.cfn.template import Value
from generator.cfn.wiring import Tier
from generator.tiers import cluster_alarms, portal_alarms
from generator.tiers.alarms import Alarms
from generator.tiers.clusters import Clusters
from generator.tiers.conditions import if_given, self_signed
from generator.tiers.database import Database
from generator.tiers.file_system import FileSystem
from generator.tiers.https import Https
from generator.tiers.load_balancer import LoadBalancer
from generator.tiers.lustre import Lustre
from generator.tiers.portal import Portal


@dataclass(frozen=True)
class Monitoring(Ports):
    """Where to look, and where alarms go."""

    topic_arn: Value = port("SNS topic of the alarms")
    dashboard_link: Value = port("Console page of the dashboard")


def build(
    tier: Tier,
    access: form.Access,
    storage: form.Storage,
    operations: form.Operations,
    load_balancer: LoadBalancer,
    https: Https,
    database: Database,
    file_system: FileSystem,
    lustre: Lustre,
    clusters: Clusters,
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
    alarms = Alarms(tier, topic)
    portal_alarms.of_the_portal(alarms, load_balancer, portal)
    portal_alarms.of_the_database(alarms, database)
    cluster_alarms.of_lustre(alarms, storage, lustre)
    cluster_alarms.of_the_clusters(alarms, clusters)
    portal_alarms.of_the_certificate(alarms, https, self_signed(t, access))
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
