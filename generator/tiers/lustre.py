"""In each zone an FSx for Lustre file system, mounted by that zone's cluster and, on demand, by the portal nodes."""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import And, Condition, GetAtt, If, NoValue, Ref, Sub, Tags
from troposphere.fsx import FileSystem, LustreConfiguration

from generator import form
from generator.cfn.ports import Ports, port
from generator.cfn.template import Value
from generator.cfn.wiring import Tier
from generator.tiers import choices
from generator.tiers.conditions import if_given
from generator.tiers.network import Network
from generator.tiers.security_groups import SecurityGroups

# Said always: for scratch and PERSISTENT_1 the default is 2.10, and every type supports this one (FSx user guide).
LUSTRE_VERSION = "2.15"


@dataclass(frozen=True)
class LustreZone(Ports):
    """One zone's Lustre file system."""

    lustre_id: Value = port("FSx for Lustre file system")
    lustre_dns_name: Value = port("DNS name of the Lustre file system")
    lustre_mount_name: Value = port("Mount name of the Lustre file system")


@dataclass(frozen=True)
class Lustre(Ports):
    """The Lustre file systems, by zone."""

    zones: tuple[LustreZone, ...]


def build(tier: Tier, storage: form.Storage, network: Network, security_groups: SecurityGroups) -> Lustre:
    """The file systems. Deleted with the stack, as the form says of scratch; a replaced one is kept."""
    t = tier.template
    deployment_type = choices.lustre_type(t, storage)
    persistent = choices.lustre_persistent(t, storage)
    own_key = if_given(t, "KmsKeyGiven", storage.kms_key_arn)
    # Scratch file systems take no key of the operator's (FSx API reference, KmsKeyId).
    keyed = t.add_condition("PersistentWithKey", And(Condition(persistent), Condition(own_key)))
    zones = []
    for number, zone in enumerate(network.zones, 1):
        file_system = t.add_resource(
            FileSystem(
                f"LustreFileSystem{number}",
                DeletionPolicy="Delete",
                UpdateReplacePolicy="Retain",
                FileSystemType="LUSTRE",
                FileSystemTypeVersion=LUSTRE_VERSION,
                StorageCapacity=storage.lustre_storage_capacity,
                SubnetIds=[zone.private_subnet_id],
                SecurityGroupIds=[security_groups.lustre_security_group_id],
                KmsKeyId=If(keyed, storage.kms_key_arn, NoValue),
                # PERSISTENT_2 with a Ref for its throughput is refused by troposphere, though FSx takes it.
                LustreConfiguration=LustreConfiguration(
                    DeploymentType=deployment_type,
                    PerUnitStorageThroughput=If(persistent, storage.lustre_throughput, NoValue),
                    DataCompressionType="LZ4",
                ).no_validation(),
                Tags=Tags(Name=Sub(f"${{AWS::StackName}}/lustre-{number}")),
            )
        )
        zones.append(
            LustreZone(
                lustre_id=Ref(file_system),
                lustre_dns_name=GetAtt(file_system, "DNSName"),
                lustre_mount_name=GetAtt(file_system, "LustreMountName"),
            )
        )
    return Lustre(zones=tuple(zones))
