"""What is left in an account: one row a kind of resource, asked through the ordinary APIs.

Only what a stack may have made counts: the default VPC and AWS's own policies are not listed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.operate.inventory import items
from generator.operate.retained import CLEANUP_LOGS

Item = Mapping[str, Any]


@dataclass(frozen=True, order=True)
class Leftover:
    """One resource; `retained` if a DeletionPolicy kept it or made it (a snapshot), or AWS made it beside the stack."""

    kind: str
    name: str
    retained: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.name}{' (retained)' if self.retained else ''}"


@dataclass(frozen=True)
class Kind:
    """How to list one kind: a client's operation, where the items are in its answer, an item's identity."""

    kind: str
    service: str
    operation: str
    items: str
    identity: str
    arguments: Mapping[str, Any] | None = None
    counts: Callable[[Item], bool] = lambda item: True
    retained: bool = False


def _not_default(item: Item) -> bool:
    return not item.get("IsDefault") and not item.get("DefaultForAz")


def _not_aws_s(item: Item) -> bool:
    """Service-linked roles are the account's; services make them on their first use."""
    return not str(item["Path"]).startswith("/aws-service-role/")


def _made(item: Item) -> bool:
    return not str(item.get("VpcId", "")).startswith("vpc-0000") and item.get("GroupName") != "default"


def _associated(item: Item) -> bool:
    return _made(item) and not any(a.get("Main") for a in item.get("Associations", []))


def _named(key: str) -> Callable[[Item], bool]:
    return lambda item: not str(item[key]).startswith("default")


KINDS = (
    Kind("AWS::EC2::VPC", "ec2", "describe_vpcs", "Vpcs", "VpcId", counts=_not_default),
    Kind("AWS::EC2::Subnet", "ec2", "describe_subnets", "Subnets", "SubnetId", counts=_not_default),
    Kind(
        "AWS::EC2::InternetGateway",
        "ec2",
        "describe_internet_gateways",
        "InternetGateways",
        "InternetGatewayId",
        counts=lambda item: item["InternetGatewayId"] != "igw-00000001",
    ),
    Kind("AWS::EC2::RouteTable", "ec2", "describe_route_tables", "RouteTables", "RouteTableId", counts=_associated),
    Kind("AWS::EC2::EIP", "ec2", "describe_addresses", "Addresses", "PublicIp"),
    Kind(
        "AWS::EC2::NatGateway",
        "ec2",
        "describe_nat_gateways",
        "NatGateways",
        "NatGatewayId",
        counts=lambda item: item["State"] != "deleted",
    ),
    Kind("AWS::EC2::VPCEndpoint", "ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    Kind("AWS::EC2::FlowLog", "ec2", "describe_flow_logs", "FlowLogs", "FlowLogId"),
    Kind("AWS::EC2::SecurityGroup", "ec2", "describe_security_groups", "SecurityGroups", "GroupId", counts=_made),
    Kind("AWS::EC2::NetworkInterface", "ec2", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    Kind("AWS::EC2::LaunchTemplate", "ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
    Kind("AWS::EC2::Volume", "ec2", "describe_volumes", "Volumes", "VolumeId"),
    Kind("AWS::IAM::Role", "iam", "list_roles", "Roles", "RoleName", counts=_not_aws_s),
    Kind("AWS::IAM::ManagedPolicy", "iam", "list_policies", "Policies", "Arn", {"Scope": "Local"}),
    Kind("AWS::IAM::InstanceProfile", "iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    Kind("AWS::S3::Bucket", "s3", "list_buckets", "Buckets", "Name"),
    Kind("AWS::Lambda::Function", "lambda", "list_functions", "Functions", "FunctionName"),
    Kind("AWS::Lambda::LayerVersion", "lambda", "list_layers", "Layers", "LayerName"),
    Kind("AWS::Logs::LogGroup", "logs", "describe_log_groups", "logGroups", "logGroupName"),
    Kind("AWS::SecretsManager::Secret", "secretsmanager", "list_secrets", "SecretList", "ARN"),
    Kind("AWS::RDS::DBCluster", "rds", "describe_db_clusters", "DBClusters", "DBClusterIdentifier"),
    Kind("AWS::RDS::DBInstance", "rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    Kind("AWS::RDS::DBSubnetGroup", "rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    Kind(
        "AWS::RDS::DBClusterParameterGroup",
        "rds",
        "describe_db_cluster_parameter_groups",
        "DBClusterParameterGroups",
        "DBClusterParameterGroupName",
        counts=_named("DBClusterParameterGroupName"),
    ),
    Kind(
        "AWS::RDS::DBParameterGroup",
        "rds",
        "describe_db_parameter_groups",
        "DBParameterGroups",
        "DBParameterGroupName",
        counts=_named("DBParameterGroupName"),
    ),
    Kind(
        "AWS::RDS::DBClusterSnapshot",
        "rds",
        "describe_db_cluster_snapshots",
        "DBClusterSnapshots",
        "DBClusterSnapshotIdentifier",
        retained=True,
    ),
    Kind("AWS::EFS::FileSystem", "efs", "describe_file_systems", "FileSystems", "FileSystemId"),
    Kind(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "elbv2",
        "describe_load_balancers",
        "LoadBalancers",
        "LoadBalancerArn",
    ),
    Kind(
        "AWS::ElasticLoadBalancingV2::TargetGroup", "elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"
    ),
    Kind(
        "AWS::CertificateManager::Certificate", "acm", "list_certificates", "CertificateSummaryList", "CertificateArn"
    ),
    Kind("AWS::Events::Rule", "events", "list_rules", "Rules", "Name"),
    Kind("AWS::Scheduler::Schedule", "scheduler", "list_schedules", "Schedules", "Name"),
    Kind(
        "AWS::AutoScaling::AutoScalingGroup",
        "autoscaling",
        "describe_auto_scaling_groups",
        "AutoScalingGroups",
        "AutoScalingGroupName",
    ),
    Kind("AWS::CloudWatch::Alarm", "cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    Kind("AWS::CloudWatch::Dashboard", "cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    Kind("AWS::SNS::Topic", "sns", "list_topics", "Topics", "TopicArn"),
    Kind("AWS::SNS::Subscription", "sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    Kind("AWS::WAFv2::WebACL", "wafv2", "list_web_acls", "WebACLs", "ARN", {"Scope": "REGIONAL"}),
    Kind("AWS::SSM::Parameter", "ssm", "describe_parameters", "Parameters", "Name"),
    Kind(
        "AWS::CloudFormation::Stack",
        "cloudformation",
        "describe_stacks",
        "Stacks",
        "StackId",
        counts=lambda item: item["StackStatus"] != "DELETE_COMPLETE",
    ),
)


def of_lambda(item: Leftover) -> bool:
    """Whether Lambda made it for a function of AWS's template that has no log group of its own."""
    return item.kind == "AWS::Logs::LogGroup" and CLEANUP_LOGS.match(item.name) is not None


def _records(client: Any) -> Iterator[Leftover]:
    """Record sets in hosted zones, without those that every zone has."""
    for zone in client.list_hosted_zones()["HostedZones"]:
        for record in client.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
            if record["Type"] not in ("NS", "SOA"):
                yield Leftover("AWS::Route53::RecordSet", f"{record['Name']} {record['Type']}")


def everything(client: Callable[[str], Any], region: str) -> list[Leftover]:
    """All that is there in `region`, of which `client(service)` makes clients."""
    found = [
        Leftover(kind.kind, str(item[kind.identity]), retained=kind.retained)
        for kind in KINDS
        for item in items(client(kind.service), kind.operation, kind.items, **(kind.arguments or {}))
        if kind.counts(item) and item.get("BucketRegion", region) == region
    ]
    return sorted(found + list(_records(client("route53"))))
