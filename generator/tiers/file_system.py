"""The shared EFS file system `/efs`, with a mount target in each Availability Zone.

Only TLS connections are admitted; IAM is not asked, since security groups already say who may mount, and EnginFrame
needs root to be root. A file system of an earlier deployment can take its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from awacs.aws import Allow, Condition, Deny, Principal, Statement
from awacs.aws import Bool as BoolCondition
from awacs.elasticfilesystem import ClientMount, ClientRootAccess, ClientWrite
from troposphere import Equals, If, NoValue, Ref, Sub, Tags
from troposphere.efs import BackupPolicy, LifecyclePolicy, MountTarget
from troposphere.efs import FileSystem as EfsFileSystem

from generator import form
from generator.cfn.ports import Ports, port
from generator.cfn.template import Value
from generator.cfn.wiring import Tier
from generator.tiers.conditions import if_given
from generator.tiers.iam import document
from generator.tiers.network import Network
from generator.tiers.security_groups import SecurityGroups


@dataclass(frozen=True)
class FileSystem(Ports):
    """The shared file system."""

    file_system_id: Value = port("EFS file system, mounted at /efs")


def build(tier: Tier, storage: form.Storage, network: Network, security_groups: SecurityGroups) -> FileSystem:
    """File system (unless the operator brings one) and mount targets."""
    t = tier.template
    make = t.add_condition("MakeFileSystem", Equals(storage.existing_file_system_id, ""))
    own_key = if_given(t, "KmsKeyGiven", storage.kms_key_arn)
    made = t.add_resource(
        EfsFileSystem(
            "FileSystem",
            Condition=make,
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
            Encrypted=True,
            KmsKeyId=If(own_key, storage.kms_key_arn, NoValue),
            ThroughputMode="elastic",
            # AWS's own vault: one made here could not be deleted while it holds recovery points.
            BackupPolicy=BackupPolicy(Status="ENABLED"),
            LifecyclePolicies=[
                LifecyclePolicy(TransitionToIA="AFTER_30_DAYS"),
                LifecyclePolicy(TransitionToPrimaryStorageClass="AFTER_1_ACCESS"),
            ],
            FileSystemPolicy=_policy(),
            FileSystemTags=Tags(Name=Sub("${AWS::StackName}/efs")),
        )
    )
    file_system = If(make, Ref(made), storage.existing_file_system_id)
    for number, zone in enumerate(network.zones, 1):
        t.add_resource(
            MountTarget(
                f"MountTarget{number}",
                FileSystemId=file_system,
                SubnetId=zone.private_subnet_id,
                SecurityGroups=[security_groups.file_system_security_group_id],
            )
        )
    return FileSystem(file_system_id=file_system)


def _policy() -> dict[str, Any]:
    """TLS only; who may mount is the security groups' business."""
    return document(
        Statement(
            Sid="WhoeverReachesAMountTarget",
            Effect=Allow,
            Principal=Principal("*"),
            Action=[ClientMount, ClientWrite, ClientRootAccess],
            Condition=Condition(BoolCondition({"elasticfilesystem:AccessedViaMountTarget": "true"})),
        ),
        Statement(
            Sid="TlsOnly",
            Effect=Deny,
            Principal=Principal("*"),
            Action=[ClientMount, ClientWrite, ClientRootAccess],
            Condition=Condition(BoolCondition({"aws:SecureTransport": "false"})),
        ),
    )
