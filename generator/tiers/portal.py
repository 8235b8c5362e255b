"""The portal nodes: in each zone an Auto Scaling group of one, on the zone's fixed network interface.

A node that takes another's place has its address and host name. Zones change one after the other, and a stack operation
hears from each node how its bootstrap ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from awacs.aws import Condition as PolicyCondition
from awacs.aws import Statement, StringEquals
from troposphere import Base64, GetAtt, If, Join, NoValue, Ref, Sub
from troposphere.autoscaling import (
    AutoScalingGroup,
    InstanceMaintenancePolicy,
    LaunchTemplateSpecification,
    Tag,
)
from troposphere.ec2 import (
    EBSBlockDevice,
    IamInstanceProfile,
    LaunchTemplate,
    LaunchTemplateBlockDeviceMapping,
    LaunchTemplateData,
    MetadataOptions,
    NetworkInterfaces,
    TagSpecifications,
)
from troposphere.iam import InstanceProfile
from troposphere.policies import AutoScalingRollingUpdate, CreationPolicy, ResourceSignal, UpdatePolicy

from generator import form
from generator.cfn import partition
from generator.cfn.ports import Ports, port
from generator.cfn.template import Value
from generator.cfn.wiring import Tier
from generator.tiers.assets import Assets
from generator.tiers.conditions import directory_ca_secret, directory_secret, if_given
from generator.tiers.database import Database
from generator.tiers.file_system import FileSystem
from generator.tiers.functions import LogGroup, log_group
from generator.tiers.https import Https
from generator.tiers.iam import allow, may_decrypt, may_download, may_log, role
from generator.tiers.load_balancer import LoadBalancer
from generator.tiers.lustre import Lustre
from generator.tiers.network import Network
from generator.tiers.preflight import Preflight
from generator.tiers.secrets import Secrets
from generator.tiers.security_groups import SecurityGroups
from generator.tiers.tags import own_tags

USER_DATA = "userdata/header.sh"
AWS_EBS_KEY = "alias/aws/ebs"
ROOT_DEVICE = "/dev/xvda"  # of Amazon Linux 2023
METRICS_NAMESPACE = "HpcPortal"
# What Auto Scaling leaves alone while a node is replaced.
SUSPENDED = ("HealthCheck", "ReplaceUnhealthy", "AZRebalance", "AlarmNotification", "ScheduledActions")
SIGNAL_TIMEOUT = "PT1H"  # the most that CloudFormation takes for a rolling update


@dataclass(frozen=True)
class PortalZone(Ports):
    """One zone's portal node."""

    portal_group_name: Value = port("Auto Scaling group of the zone's portal node")


@dataclass(frozen=True)
class Portal(Ports):
    """The portal nodes."""

    zones: tuple[PortalZone, ...]
    portal_log_group: Value = port("Log group of the portal nodes")


def build(
    tier: Tier,
    portal: form.Portal,
    clusters: form.Clusters,
    directory: form.Directory,
    operations: form.Operations,
    preflight: Preflight,
    network: Network,
    security_groups: SecurityGroups,
    secrets: Secrets,
    database: Database,
    file_system: FileSystem,
    lustre: Lustre,
    assets: Assets,
    load_balancer: LoadBalancer,
    https: Https,
) -> Portal:
    """A launch template and a group for each zone.

    The user data's ${…} name the ports, and the parameters of the groups, taken here.
    """
    t = tier.template
    if_given(t, "KeyGiven", portal.key_name)
    logs = log_group(tier, operations, "PortalLogs")
    profile = _profile(tier, portal, directory, operations, secrets, assets, logs)
    user_data = tier.sources.text(USER_DATA)
    tags = own_tags(t, operations)
    shared: dict[str, Any] = {
        "Zones": str(tier.zone_count),
        "Lustre": Join(
            " ", [Sub("${Dns}@${Mount}", Dns=fs.lustre_dns_name, Mount=fs.lustre_mount_name) for fs in lustre.zones]
        ),
        "Peers": Join(" ", [zone.portal_address for zone in security_groups.zones]),
        "LogGroup": Ref(logs),
    }
    zones: list[PortalZone] = []
    previous: dict[str, Any] = {}
    for number, (zone, place) in enumerate(zip(network.zones, security_groups.zones, strict=True), 1):
        title = node_title(number)
        name = Sub(f"${{AWS::StackName}}/portal-{number}")
        template = t.add_resource(
            LaunchTemplate(
                f"PortalLaunchTemplate{number}",
                LaunchTemplateData=LaunchTemplateData(
                    ImageId=preflight.portal_image_id,
                    InstanceType=portal.portal_instance_type,
                    KeyName=If("KeyGiven", portal.key_name, NoValue),
                    IamInstanceProfile=IamInstanceProfile(Arn=GetAtt(profile, "Arn")),
                    # IMDSv2 alone, and no further than the node itself.
                    MetadataOptions=MetadataOptions(HttpTokens="required", HttpPutResponseHopLimit=1),
                    NetworkInterfaces=[NetworkInterfaces(DeviceIndex=0, NetworkInterfaceId=place.portal_interface_id)],
                    BlockDeviceMappings=[
                        LaunchTemplateBlockDeviceMapping(
                            DeviceName=ROOT_DEVICE,
                            # AWS's own key, whatever the account's default: Auto Scaling has no right to a customer's.
                            Ebs=EBSBlockDevice(
                                VolumeType="gp3",
                                VolumeSize=portal.portal_volume_size,
                                Encrypted=True,
                                KmsKeyId=AWS_EBS_KEY,
                                DeleteOnTermination=True,
                            ),
                        )
                    ],
                    TagSpecifications=[
                        # No interface: it is not the launch that makes it, so EC2 refuses tags for it.
                        TagSpecifications(ResourceType=kind, Tags=[{"Key": "Name", "Value": name}, *tags])
                        for kind in ("instance", "volume")
                    ],
                    UserData=Base64(Sub(user_data, LogicalId=title, ZoneNumber=str(number), **shared)),
                ),
            )
        )
        group = t.add_resource(
            AutoScalingGroup(
                title,
                CreationPolicy=CreationPolicy(ResourceSignal=ResourceSignal(Count=1, Timeout=SIGNAL_TIMEOUT)),
                UpdatePolicy=UpdatePolicy(
                    AutoScalingRollingUpdate=AutoScalingRollingUpdate(
                        MinInstancesInService=0,
                        MaxBatchSize=1,
                        WaitOnResourceSignals=True,
                        PauseTime=SIGNAL_TIMEOUT,
                        SuspendProcesses=list(SUSPENDED),
                    )
                ),
                # The interface says the subnet; a VPCZoneIdentifier beside it is refused.
                AvailabilityZones=[zone.availability_zone],
                MinSize="1",
                MaxSize="1",
                DesiredCapacity="1",
                # Only one node fits the interface: the old one goes before the new one comes.
                InstanceMaintenancePolicy=InstanceMaintenancePolicy(MinHealthyPercentage=0, MaxHealthyPercentage=100),
                # Not ELB: with EFS or the database out, it would kill both nodes.
                HealthCheckType="EC2",
                LaunchTemplate=LaunchTemplateSpecification(
                    LaunchTemplateId=Ref(template), Version=GetAtt(template, "LatestVersionNumber")
                ),
                TargetGroupARNs=[load_balancer.target_group_arn],
                Tags=[Tag("Name", name, False)],
                **previous,
            )
        )
        previous = {"DependsOn": group.title}
        zones.append(PortalZone(portal_group_name=Ref(group)))
    return Portal(zones=tuple(zones), portal_log_group=Ref(logs))


def node_title(number: int) -> str:
    """The logical id of the portal node of zone `number`; nodes sign their metrics with it."""
    return f"PortalNode{number}"


def _profile(
    tier: Tier,
    portal: form.Portal,
    directory: form.Directory,
    operations: form.Operations,
    secrets: Secrets,
    assets: Assets,
    logs: LogGroup,
) -> InstanceProfile:
    """The instance profile of the portal nodes: their own secrets, files, logs, metrics and signal, and no more."""
    t = tier.template
    licensed = if_given(t, "LicenseGiven", portal.license_secret_arn)
    license_secret = If(licensed, portal.license_secret_arn, NoValue)
    ca_secret = directory_ca_secret(t, directory)
    statements: list[Statement | If] = [
        allow(
            ["secretsmanager:GetSecretValue"],
            [
                secrets.admin_secret_arn,
                secrets.munge_secret_arn,
                secrets.database_secret_arn,
                secrets.portal_database_secret_arn,
                secrets.downloads_secret_arn,
                license_secret,
                directory_secret(t, directory),
                ca_secret,
            ],
        ),
        # The operator's own secrets may be encrypted with a customer managed key.
        may_decrypt(secrets.admin_secret_arn, license_secret, ca_secret),
        allow(["s3:GetObject"], [partition.bucket_arn(assets.local_assets_bucket, "userdata/portal*")]),
        # EnginFrame on EC2 reads its license object again and again.
        allow(["s3:GetObject"], [partition.bucket_arn(Sub("enginframe-license.${AWS::Region}"), "*")]),
        may_log(logs),
        allow(
            ["cloudwatch:PutMetricData"],
            condition=PolicyCondition(StringEquals({"cloudwatch:namespace": METRICS_NAMESPACE})),
        ),
        allow(["cloudformation:SignalResource"], [Ref("AWS::StackId")]),
        allow(
            ["autoscaling:SetInstanceHealth"],
            [partition.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/${AWS::StackName}-PortalNode*")],
        ),
    ]
    statements += [
        may_download(t, "Installer", portal.portal_installer_url),
        may_download(t, "Driver", portal.jdbc_driver_url),
    ]
    node = role(
        tier,
        operations,
        "PortalRole",
        "ec2",
        statements,
        managed=[partition.managed_policy("AmazonSSMManagedInstanceCore")],
    )
    return t.add_resource(InstanceProfile("PortalProfile", Roles=[Ref(node)]))
