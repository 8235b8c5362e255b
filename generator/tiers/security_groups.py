"""Every security group and rule of the whole system on one page, and the portal nodes' fixed network interfaces.

Descriptions and logical ids in here are frozen (a test holds them): another description replaces a group, and with it
file systems whose groups cannot be changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere import GetAtt, If, NoValue, Ref, Sub, Tags
from troposphere.ec2 import (
    NetworkInterface,
    SecurityGroup,
    SecurityGroupEgress,
    SecurityGroupIngress,
    SecurityGroupRule,
)

from generator import form
from generator.cfn.ports import Ports, port
from generator.cfn.template import Value
from generator.cfn.wiring import Tier
from generator.tiers.conditions import DIRECTORY_GIVEN, if_given
from generator.tiers.network import EVERYWHERE, Network
from generator.tiers.tags import own_tags

HTTP, HTTPS = 80, 443
PORTAL_HTTPS = 8443
HAZELCAST = 7800
EF_AGENT = (9998, 9999)
MYSQL = 3306
NFS = 2049
# FSx for Lustre user guide, "File system access control with Amazon VPC".
LUSTRE = ((988, 988), (1018, 1023))
SLURMCTLD = (6820, 6829)
SLURMDBD = 6819
# LDAP with StartTLS, LDAP over TLS, and both of Active Directory's global catalog.
DIRECTORY = ((389, 389), (636, 636), (3268, 3269))


# What the logical ids of groups end in; those of rules name the groups without it.
SUFFIX = "SecurityGroup"


@dataclass(frozen=True)
class SecurityGroupsZone(Ports):
    """The portal node's place in the network of one zone."""

    portal_interface_id: Value = port("Network interface of the zone's portal node")
    portal_address: Value = port("Address of the zone's portal node, the same for every node that takes its place")


@dataclass(frozen=True)
class SecurityGroups(Ports):
    """Security groups, by what carries them."""

    zones: tuple[SecurityGroupsZone, ...]
    load_balancer_security_group_id: Value = port("Security group of the load balancer")
    database_security_group_id: Value = port("Security group of the database")
    file_system_security_group_id: Value = port("Security group of EFS mount targets")
    lustre_security_group_id: Value = port("Security group of the Lustre file systems")
    head_node_security_group_id: Value = port("Additional security group of head nodes")
    compute_node_security_group_id: Value = port("Additional security group of compute nodes")


class _Rules:
    """Adds groups and rules to one template; every rule between groups stands at both ends."""

    def __init__(self, tier: Tier, vpc_id: Value) -> None:
        self.template = tier.template
        self.vpc_id = vpc_id

    def group(
        self, name: str, description: str, ingress: list[object] | None = None, internet: bool = False
    ) -> SecurityGroup:
        """A group that lets nothing out, or only HTTPS to the internet, beside what `allow` adds."""
        # Without an own rule EC2 adds one that lets everything out; this one matches nothing.
        nothing = SecurityGroupRule(
            CidrIp="127.0.0.1/32", IpProtocol="icmp", FromPort=252, ToPort=86, Description="No other traffic out"
        )
        https = SecurityGroupRule(
            CidrIp=EVERYWHERE, IpProtocol="tcp", FromPort=HTTPS, ToPort=HTTPS, Description="AWS APIs and downloads"
        )
        optional: dict[str, Any] = {"SecurityGroupIngress": ingress} if ingress else {}
        return self.template.add_resource(
            SecurityGroup(
                f"{name}{SUFFIX}",
                GroupDescription=description,
                VpcId=self.vpc_id,
                SecurityGroupEgress=[https if internet else nothing],
                Tags=Tags(Name=Sub(f"${{AWS::StackName}}/{name}")),
                **optional,
            )
        )

    def allow(
        self, what: str, source: SecurityGroup, target: SecurityGroup, first: int, last: int | None = None
    ) -> None:
        """TCP ports `first` to `last` from `source` to `target`; `what` is part of the logical ids."""
        ports: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": first, "ToPort": last or first}
        client, server = (str(group.title).removesuffix(SUFFIX) for group in (source, target))
        self.template.add_resource(
            SecurityGroupEgress(
                f"{client}To{server}{what}",
                GroupId=Ref(source),
                DestinationSecurityGroupId=Ref(target),
                Description=f"{what} to {server}",
                **ports,
            )
        )
        self.template.add_resource(
            SecurityGroupIngress(
                f"{server}From{client}{what}",
                GroupId=Ref(target),
                SourceSecurityGroupId=Ref(source),
                Description=f"{what} from {client}",
                **ports,
            )
        )


def build(
    tier: Tier, access: form.Access, directory: form.Directory, operations: form.Operations, network: Network
) -> SecurityGroups:
    """All groups, all rules, and an interface for each portal node."""
    rules = _Rules(tier, network.vpc_id)
    balancer = rules.group("LoadBalancer", "Load balancer of the portal", _visitors(tier, access))
    portal = rules.group("Portal", "Portal nodes", internet=True)
    database = rules.group("Database", "Database")
    files = rules.group("FileSystem", "EFS mount targets")
    lustre = rules.group("Lustre", "FSx for Lustre file systems")
    head = rules.group("HeadNode", "Head nodes, in addition to the group of ParallelCluster")
    compute = rules.group("ComputeNode", "Compute nodes, in addition to the group of ParallelCluster")

    rules.allow("Https", balancer, portal, PORTAL_HTTPS)
    # A node's watchdog asks the other portal before it gives its own up.
    rules.allow("Https", portal, portal, PORTAL_HTTPS)
    # The servers' Hazelcast speaks no TLS, so it stays among them.
    rules.allow("Hazelcast", portal, portal, HAZELCAST)
    rules.allow("Agent", portal, portal, *EF_AGENT)
    for client in (portal, head):
        rules.allow("MySql", client, database, MYSQL)
    for client in (portal, head, compute):
        rules.allow("Nfs", client, files, NFS)
        for first, last in LUSTRE:
            rules.allow(f"Lustre{first}", client, lustre, first, last)
            # Lustre servers open connections to their clients too.
            rules.allow(f"Lustre{first}", lustre, client, first, last)
    for node in (head, compute):
        # ParallelCluster refuses a mount target whose group does not let NFS out to the nodes' groups as well.
        rules.allow("Nfs", files, node, NFS)
    for first, last in LUSTRE:
        rules.allow(f"Lustre{first}", lustre, lustre, first, last)
    rules.allow("Slurm", portal, head, *SLURMCTLD)
    rules.allow("Slurmdbd", portal, head, SLURMDBD)

    # The servers' addresses are not known, only names. Clusters need no rule: ParallelCluster's own groups let all out.
    with_directory = if_given(tier.template, DIRECTORY_GIVEN, directory.directory_password_secret_arn)
    for first, last in DIRECTORY:
        tier.template.add_resource(
            SecurityGroupEgress(
                f"PortalToDirectory{first}",
                Condition=with_directory,
                GroupId=Ref(portal),
                CidrIp=EVERYWHERE,
                IpProtocol="tcp",
                FromPort=first,
                ToPort=last,
                Description="Directory, with TLS",
            )
        )

    tags = own_tags(tier.template, operations)
    zones = []
    for number, zone in enumerate(network.zones, 1):
        interface = tier.template.add_resource(
            NetworkInterface(
                f"PortalInterface{number}",
                Description=Sub(f"Portal node {number} of ${{AWS::StackName}}"),
                SubnetId=zone.private_subnet_id,
                GroupSet=[Ref(portal)],
                Tags=[{"Key": "Name", "Value": Sub(f"${{AWS::StackName}}/portal-{number}")}, *tags],
            )
        )
        zones.append(
            SecurityGroupsZone(
                portal_interface_id=Ref(interface), portal_address=GetAtt(interface, "PrimaryPrivateIpAddress")
            )
        )
    return SecurityGroups(
        zones=tuple(zones),
        load_balancer_security_group_id=Ref(balancer),
        database_security_group_id=Ref(database),
        file_system_security_group_id=Ref(files),
        lustre_security_group_id=Ref(lustre),
        head_node_security_group_id=Ref(head),
        compute_node_security_group_id=Ref(compute),
    )


def _visitors(tier: Tier, access: form.Access) -> list[object]:
    """Ingress of the load balancer: only from the addresses that the operator named."""
    second = if_given(tier.template, "AdditionalCidrGiven", access.additional_access_cidr)
    listed = if_given(tier.template, "PrefixListGiven", access.access_prefix_list_id)
    sources: list[tuple[str | None, dict[str, Any]]] = [
        (None, {"CidrIp": access.portal_access_cidr}),
        (second, {"CidrIp": access.additional_access_cidr}),
        (listed, {"SourcePrefixListId": access.access_prefix_list_id}),
    ]
    found: list[object] = []
    for condition, source in sources:
        for name, number in (("HTTPS", HTTPS), ("HTTP, redirected to HTTPS", HTTP)):
            rule = SecurityGroupRule(IpProtocol="tcp", FromPort=number, ToPort=number, Description=name, **source)
            found.append(If(condition, rule, NoValue) if condition else rule)
    return found
