"""The application load balancer before the portal nodes: HTTPS outside and inside, sticky sessions, access logs.

Its listeners stand in the tier `entrance`: their certificate may need the balancer's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere import Equals, GetAtt, If, NoValue, Ref, Select
from troposphere.elasticloadbalancingv2 import LoadBalancer as ApplicationLoadBalancer
from troposphere.elasticloadbalancingv2 import (
    LoadBalancerAttributes,
    Matcher,
    TargetGroup,
    TargetGroupAttribute,
)
from troposphere.s3 import Bucket, BucketPolicy, LifecycleConfiguration, LifecycleRule

from generator import form
from generator.cfn import partition
from generator.cfn.ports import Ports, port
from generator.cfn.template import Value
from generator.cfn.wiring import Tier
from generator.tiers.assets import private_bucket
from generator.tiers.conditions import if_chosen
from generator.tiers.iam import bucket_policy
from generator.tiers.network import Network
from generator.tiers.security_groups import PORTAL_HTTPS, SecurityGroups

PORTAL_PATH = "/enginframe/"
# Longer than EnginFrame's web session of 30 minutes.
STICKINESS_SECONDS = 8 * 3600
# Below the keep-alive that the bootstrap gives Tomcat (75 s): else the balancer meets closed connections, and sends 502s.
IDLE_SECONDS = 60


@dataclass(frozen=True)
class LoadBalancer(Ports):
    """The load balancer and its target group."""

    load_balancer_arn: Value = port("ARN of the load balancer")
    load_balancer_name: Value = port("Full name of the load balancer, as metrics call it")
    load_balancer_dns_name: Value = port("DNS name of the load balancer")
    load_balancer_zone_id: Value = port("Hosted zone of the load balancer's DNS name")
    target_group_arn: Value = port("ARN of the portal nodes' target group")
    target_group_name: Value = port("Full name of the portal nodes' target group, as metrics call it")


def build(
    tier: Tier, access: form.Access, operations: form.Operations, network: Network, security_groups: SecurityGroups
) -> LoadBalancer:
    """Load balancer, target group, and the access logs' bucket."""
    t = tier.template
    logged = if_chosen(t, "AccessLogsWanted", operations.access_logs)
    protected = if_chosen(t, "DeletionProtected", operations.deletion_protection)
    bucket, policy = _log_bucket(tier, operations, logged)
    balancer = t.add_resource(
        ApplicationLoadBalancer(
            "LoadBalancer",
            Type="application",
            Scheme=access.load_balancer_scheme,
            Subnets=[zone.load_balancer_subnet_id for zone in network.zones],
            SecurityGroups=[security_groups.load_balancer_security_group_id],
            LoadBalancerAttributes=[
                LoadBalancerAttributes(Key="idle_timeout.timeout_seconds", Value=str(IDLE_SECONDS)),
                LoadBalancerAttributes(Key="routing.http.drop_invalid_header_fields.enabled", Value="true"),
                LoadBalancerAttributes(Key="deletion_protection.enabled", Value=If(protected, "true", "false")),
                LoadBalancerAttributes(Key="access_logs.s3.enabled", Value=If(logged, "true", "false")),
                If(
                    logged,
                    # The balancer tries the bucket at once: the second Ref has it wait for the policy.
                    LoadBalancerAttributes(Key="access_logs.s3.bucket", Value=Select(0, [Ref(bucket), Ref(policy)])),
                    NoValue,
                ),
            ],
        )
    )
    targets = t.add_resource(
        TargetGroup(
            "PortalTargets",
            VpcId=network.vpc_id,
            TargetType="instance",
            Protocol="HTTPS",
            Port=PORTAL_HTTPS,
            HealthCheckProtocol="HTTPS",
            HealthCheckPath=PORTAL_PATH,
            HealthCheckIntervalSeconds=15,
            HealthCheckTimeoutSeconds=5,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
            Matcher=Matcher(HttpCode="200-399"),
            TargetGroupAttributes=[
                TargetGroupAttribute(Key="stickiness.enabled", Value="true"),
                TargetGroupAttribute(Key="stickiness.type", Value="lb_cookie"),
                TargetGroupAttribute(Key="stickiness.lb_cookie.duration_seconds", Value=str(STICKINESS_SECONDS)),
                TargetGroupAttribute(Key="deregistration_delay.timeout_seconds", Value="60"),
            ],
        )
    )
    return LoadBalancer(
        load_balancer_arn=Ref(balancer),
        load_balancer_name=GetAtt(balancer, "LoadBalancerFullName"),
        load_balancer_dns_name=GetAtt(balancer, "DNSName"),
        load_balancer_zone_id=GetAtt(balancer, "CanonicalHostedZoneID"),
        target_group_arn=Ref(targets),
        target_group_name=GetAtt(targets, "TargetGroupFullName"),
    )


def _log_bucket(tier: Tier, operations: form.Operations, logged: str) -> tuple[Bucket, BucketPolicy]:
    """The access logs' bucket and its policy. A bucket with logs cannot be deleted, so it stays."""
    t = tier.template
    bucket = t.add_resource(
        private_bucket(
            "AccessLogBucket",
            Condition=logged,
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
            LifecycleConfiguration=LifecycleConfiguration(
                Rules=[LifecycleRule(Id="Expire", Status="Enabled", ExpirationInDays=operations.log_retention_days)]
            ),
        )
    )
    writer: Any = {"Service": partition.service_principal("logdelivery.elasticloadbalancing")}
    for region, account in partition.LOG_DELIVERY_ACCOUNTS.items():
        name = "In" + "".join(part.capitalize() for part in region.split("-"))
        t.add_condition(name, Equals(Ref("AWS::Region"), region))
        writer = If(name, {"AWS": partition.root_principal(account)}, writer)
    delivery = {
        "Effect": "Allow",
        "Principal": writer,
        "Action": ["s3:PutObject"],
        "Resource": [partition.bucket_arn(Ref(bucket), "*")],
    }
    return bucket, bucket_policy(tier, "AccessLogBucketPolicy", bucket, delivery, Condition=logged)
