"""Questions: VPC, subnets and Availability Zones. Only network and preflight read these; other tiers use the network."""

from __future__ import annotations

from dataclasses import dataclass

from generator.cfn.ports import Ports
from generator.cfn.template import Value
from generator.form import patterns
from generator.form.question import EXISTING_VPC, MAIN, Group, optional, question


@dataclass(frozen=True)
class ZoneQuestions(Ports):
    """What is asked for each Availability Zone; the parameters' names end in the zone's number."""

    availability_zone: Value = optional(
        "Availability Zone {zone}",
        "Optional - Zone of portal node and cluster {zone}, such as us-east-1a. Leave blank to have a suitable one chosen.",
        patterns.AVAILABILITY_ZONE,
        "Must be an Availability Zone such as us-east-1a, or blank.",
        asked_by=(MAIN,),
    )
    load_balancer_subnet_id: Value = question(
        "Load balancer subnet {zone}",
        "Subnet of the load balancer in zone {zone}: a public one for an internet-facing balancer.",
        type="AWS::EC2::Subnet::Id",
        default=None,
        constraint="Choose a subnet of the VPC above.",
        asked_by=(EXISTING_VPC,),
    )
    private_subnet_id: Value = question(
        "Private subnet {zone}",
        "Private subnet with a route to a NAT gateway, for portal node {zone}, cluster {zone} and their storage.",
        type="AWS::EC2::Subnet::Id",
        default=None,
        constraint="Choose a subnet of the VPC above, in a different zone from the other private subnets.",
        asked_by=(EXISTING_VPC,),
    )


@dataclass(frozen=True)
class Location(Group, title="Location"):
    """The VPC, and each of its zones."""

    zones: tuple[ZoneQuestions, ...]
    vpc_cidr: Value = question(
        "VPC address range",
        "Address range of the new VPC, a /16, /18 or /20; each zone's private subnet gets an eighth of it.",
        default="10.0.0.0/16",
        pattern=patterns.whole(patterns.VPC_CIDR),
        constraint="Must be a range such as 10.0.0.0/16 that ends in /16, /18 or /20.",
        asked_by=(MAIN,),
    )
    vpc_id: Value = question(
        "VPC",
        "VPC with DNS support and DNS host names on, and a private subnet in each zone.",
        type="AWS::EC2::VPC::Id",
        default=None,
        constraint="Choose a VPC of this region.",
        asked_by=(EXISTING_VPC,),
    )
