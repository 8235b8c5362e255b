"""Alarms of the portal, its certificate and the database."""

from __future__ import annotations

from generator.cfn.template import Value
from generator.tiers.alarms import AT_REST, DAY, GONE, HOLDS, MINUTE, Alarms, dimensions
from generator.tiers.database import Database
from generator.tiers.https import Https
from generator.tiers.load_balancer import LoadBalancer
from generator.tiers.portal import METRICS_NAMESPACE, Portal, node_title

RENEWAL_IS_LATE = 30  # days: ACM renews 45 days or more before the end, the self-signed certificate's function 60


def of_the_portal(alarms: Alarms, load_balancer: LoadBalancer, portal: Portal) -> None:
    """The portal as a whole, and each node."""
    targets = dimensions(LoadBalancer=load_balancer.load_balancer_name, TargetGroup=load_balancer.target_group_name)
    elb = {"Namespace": "AWS/ApplicationELB", "Dimensions": targets}
    alarms.add(
        "PortalDown",
        "No portal node answers: look at the nodes' log group, and at EFS and the database.",
        "LessThanThreshold",
        1,
        3,
        GONE,
        MetricName="HealthyHostCount",
        Statistic="Maximum",
        **elb,
    )
    alarms.add(
        "PortalNodeDown",
        "A portal node has not answered for a quarter of an hour; the other one carries the portal.",
        "GreaterThanOrEqualToThreshold",
        1,
        15,
        AT_REST,
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
        AT_REST,
        MetricName="HTTPCode_Target_5XX_Count",
        Statistic="Sum",
        **elb,
    )
    for number in range(1, alarms.zone_count + 1):
        # The dimensions are those of the nodes' CloudWatch agent: userdata/portal/steps/20-logs.sh.
        node: dict[str, Value] = {"LogGroup": portal.portal_log_group, "PortalNode": node_title(number)}
        alarms.gone(
            f"PortalNodeGone{number}",
            f"Portal node {number} sends no metrics: look at its Auto Scaling group's activities.",
            15,
            METRICS_NAMESPACE,
            "disk_used_percent",
            **node,
        )
        alarms.add(
            f"PortalDiskFull{number}",
            f"The root volume of portal node {number} is nearly full: remove files, or raise PortalVolumeSize.",
            "GreaterThanThreshold",
            90,
            15,
            AT_REST,
            Namespace=METRICS_NAMESPACE,
            MetricName="disk_used_percent",
            Dimensions=dimensions(**node),
            Statistic="Maximum",
        )


def of_the_database(alarms: Alarms, database: Database) -> None:
    """The database's load."""
    of_cluster = dimensions(DBClusterIdentifier=database.database_cluster_id)
    rds = {"Namespace": "AWS/RDS", "Dimensions": of_cluster, "Statistic": "Average"}
    alarms.add(
        "DatabaseBusy",
        "The database's processors are busy: raise DatabaseMaxCapacity or the instance class.",
        "GreaterThanThreshold",
        85,
        30,
        AT_REST,
        MetricName="CPUUtilization",
        **rds,
    )
    alarms.add(
        "DatabaseAtItsCapacity",
        "The serverless database is at its most capacity: raise DatabaseMaxCapacity.",
        "GreaterThanThreshold",
        90,
        30,
        AT_REST,
        MetricName="ACUUtilization",
        **rds,
    )


def of_the_certificate(alarms: Alarms, https: Https, self_signed: str) -> None:
    """The certificate's end, and the daily renewal of a self-signed one (`self_signed` is the condition)."""
    alarms.add(
        "CertificateExpires",
        "The portal's certificate has less than a month left: renew it, or see why it was not renewed.",
        "LessThanThreshold",
        RENEWAL_IS_LATE,
        DAY // MINUTE,
        HOLDS,
        Period=DAY,
        Namespace="AWS/CertificateManager",
        MetricName="DaysToExpiry",
        Dimensions=dimensions(CertificateArn=https.listener_certificate_arn),
        Statistic="Minimum",
    )
    alarms.add(
        "CertificateRenewalFails",
        "The self-signed certificate's daily check fails: look at the log group of the function.",
        "GreaterThanOrEqualToThreshold",
        1,
        DAY // MINUTE,
        AT_REST,
        Period=DAY,
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=dimensions(FunctionName=https.certificate_function),
        Statistic="Sum",
        Condition=self_signed,
    )
