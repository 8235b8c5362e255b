"""The VPC: in each Availability Zone a public and a private subnet and a NAT gateway of the zone's own.

Nothing in one zone routes through another, so that a zone may die alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import Cidr, Equals, GetAtt, If, Ref, Select, Split, Sub, Tags
from troposphere.ec2 import (
    EIP,
    VPC,
    FlowLog,
    InternetGateway,
    NatGateway,
    Route,
    RouteTable,
    Subnet,
    SubnetRouteTableAssociation,
    VPCEndpoint,
    VPCGatewayAttachment,
)

from generator import MAX_ZONES, form
from generator.cfn import partition
from generator.cfn.ports import Ports, port
from generator.cfn.template import StrictTemplate, Value
from generator.cfn.wiring import Tier
from generator.tiers.functions import log_group
from generator.tiers.iam import allow, role
from generator.tiers.preflight import Preflight

# The VPC is cut into eight blocks: the first half for private subnets, the second half for public ones.
BLOCKS = 2 * MAX_ZONES
FIRST_PUBLIC_BLOCK = MAX_ZONES
EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class NetworkZone(Ports):
    """The network of one zone."""

    availability_zone: Value = port("Availability Zone")
    private_subnet_id: Value = port("Private subnet of the zone")
    load_balancer_subnet_id: Value = port("Subnet of the load balancer in the zone")


@dataclass(frozen=True)
class Network(Ports):
    """The network, made here or brought by the operator."""

    zones: tuple[NetworkZone, ...]
    vpc_id: Value = port("VPC")
    vpc_cidr: Value = port("Address range of the VPC")


def build(tier: Tier, location: form.Location, operations: form.Operations, preflight: Preflight) -> Network:
    """VPC, subnets, NAT gateways, the S3 endpoint and flow logs."""
    t = tier.template
    vpc = t.add_resource(
        VPC("Vpc", CidrBlock=location.vpc_cidr, EnableDnsSupport=True, EnableDnsHostnames=True, Tags=_named("vpc"))
    )
    gateway = t.add_resource(InternetGateway("InternetGateway", Tags=_named("internet")))
    attachment = t.add_resource(
        VPCGatewayAttachment("InternetGatewayAttachment", VpcId=Ref(vpc), InternetGatewayId=Ref(gateway))
    )
    blocks = Cidr(location.vpc_cidr, BLOCKS, _host_bits(t, location.vpc_cidr))
    public_table = t.add_resource(RouteTable("PublicRouteTable", VpcId=Ref(vpc), Tags=_named("public")))
    t.add_resource(
        Route(
            "PublicRoute",
            DependsOn=attachment,
            RouteTableId=Ref(public_table),
            DestinationCidrBlock=EVERYWHERE,
            GatewayId=Ref(gateway),
        )
    )
    zones, tables = [], [public_table]
    for number, zone in enumerate(preflight.zones, 1):
        public, private = (
            t.add_resource(
                Subnet(
                    f"{kind.capitalize()}Subnet{number}",
                    VpcId=Ref(vpc),
                    AvailabilityZone=zone.picked_zone,
                    CidrBlock=Select(block, blocks),
                    MapPublicIpOnLaunch=False,
                    Tags=_named(f"{kind}-{number}"),
                )
            )
            for kind, block in (("public", FIRST_PUBLIC_BLOCK + number - 1), ("private", number - 1))
        )
        table = t.add_resource(
            RouteTable(f"PrivateRouteTable{number}", VpcId=Ref(vpc), Tags=_named(f"private-{number}"))
        )
        tables.append(table)
        for subnet, its_table in ((public, public_table), (private, table)):
            t.add_resource(
                SubnetRouteTableAssociation(f"{subnet.title}Routes", SubnetId=Ref(subnet), RouteTableId=Ref(its_table))
            )
        address = t.add_resource(
            EIP(f"NatAddress{number}", DependsOn=attachment, Domain="vpc", Tags=_named(f"nat-{number}"))
        )
        nat = t.add_resource(
            NatGateway(
                f"NatGateway{number}",
                AllocationId=GetAtt(address, "AllocationId"),
                SubnetId=Ref(public),
                Tags=_named(f"nat-{number}"),
            )
        )
        t.add_resource(
            Route(
                f"PrivateRoute{number}",
                RouteTableId=Ref(table),
                DestinationCidrBlock=EVERYWHERE,
                NatGatewayId=Ref(nat),
            )
        )
        zones.append(
            NetworkZone(
                availability_zone=zone.picked_zone,
                private_subnet_id=Ref(private),
                load_balancer_subnet_id=Ref(public),
            )
        )
    # Its policy stays open: custom resources' answers, AL2023's repositories and ParallelCluster go through it.
    t.add_resource(
        VPCEndpoint(
            "S3Endpoint",
            VpcId=Ref(vpc),
            ServiceName=partition.gateway_service("s3"),
            VpcEndpointType="Gateway",
            RouteTableIds=[Ref(table) for table in tables],
        )
    )
    _flow_logs(tier, operations, vpc)
    return Network(zones=tuple(zones), vpc_id=Ref(vpc), vpc_cidr=GetAtt(vpc, "CidrBlock"))


def _flow_logs(tier: Tier, operations: form.Operations, vpc: VPC) -> None:
    logs = log_group(tier, operations, "FlowLogs")
    writer = role(
        tier,
        operations,
        "FlowLogRole",
        "vpc-flow-logs",
        [
            allow(
                ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams"],
                [GetAtt(logs, "Arn")],
            )
        ],
    )
    tier.template.add_resource(
        FlowLog(
            "FlowLog",
            ResourceId=Ref(vpc),
            ResourceType="VPC",
            TrafficType="REJECT",
            LogGroupName=Ref(logs),
            DeliverLogsPermissionArn=GetAtt(writer, "Arn"),
        )
    )


def _host_bits(template: StrictTemplate, vpc_cidr: Value) -> If:
    """Host bits of an eighth of the VPC. Fn::Cidr wants them spelled out, and CloudFormation has no arithmetic."""
    size = Select(1, Split("/", vpc_cidr))
    for prefix in ("16", "18"):
        template.add_condition(f"VpcIs{prefix}", Equals(size, prefix))
    return If("VpcIs16", 13, If("VpcIs18", 11, 9))


def _named(what: str) -> Tags:
    return Tags(Name=Sub(f"${{AWS::StackName}}/{what}"))


def existing(location: form.Location, preflight: Preflight) -> Network:
    """The operator's VPC in the shape of the network tier; preflight knows its zones and its address range."""
    return Network(
        vpc_id=location.vpc_id,
        vpc_cidr=preflight.network_cidr,
        zones=tuple(
            NetworkZone(
                availability_zone=picked.picked_zone,
                private_subnet_id=asked.private_subnet_id,
                load_balancer_subnet_id=asked.load_balancer_subnet_id,
            )
            for asked, picked in zip(location.zones, preflight.zones, strict=True)
        ),
    )
