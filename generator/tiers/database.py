"""Aurora MySQL with a writer and a reader in two Availability Zones: the portal's state and Slurm's accounting.

Serverless or provisioned differs in the instances' class alone, so that one can become the other in place. The portal
makes its own schema and user at its first boot; no DatabaseName is given here, since CloudFormation would make it
in another character set than EnginFrame needs. Its error log and the log of slow queries are exported. RDS would make their
log groups when the first instance writes, without retention: so they are made before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere import GetAtt, If, NoValue, Ref, Sub
from troposphere.rds import (
    DBCluster,
    DBClusterParameterGroup,
    DBInstance,
    DBSubnetGroup,
    ServerlessV2ScalingConfiguration,
)

from generator import form
from generator.cfn.partition import secret_text
from generator.cfn.ports import Ports, port
from generator.cfn.template import Value
from generator.cfn.wiring import Tier
from generator.tiers import choices
from generator.tiers.conditions import if_chosen, if_given
from generator.tiers.functions import log_group
from generator.tiers.network import Network
from generator.tiers.secrets import Secrets
from generator.tiers.security_groups import SecurityGroups

ENGINE = "aurora-mysql"
FAMILY = "aurora-mysql8.0"
MASTER_USERNAME = "hpcadmin"
PORTAL_SCHEMA = "enginframedb"
# The one authority that all partitions have (RDS user guide, "Using SSL/TLS to encrypt a connection").
CERTIFICATE_AUTHORITY = "rds-ca-rsa2048-g1"
# Not the audit log, which records every query of Slurm's accounting, nor the general one.
EXPORTED_LOGS = ("error", "slowquery")
SLOW_SECONDS = "5"


@dataclass(frozen=True)
class Database(Ports):
    """How to reach the database."""

    database_endpoint: Value = port("Host name of the database's writer")
    database_port: Value = port("Port of the database")
    database_name: Value = port("Schema of the portal")
    database_master_username: Value = port("Master user of the database")
    database_cluster_id: Value = port("Identifier of the database cluster")
    database_cluster_arn: Value = port("ARN of the database cluster")


def build(
    tier: Tier,
    database: form.Database,
    storage: form.Storage,
    operations: form.Operations,
    network: Network,
    security_groups: SecurityGroups,
    secrets: Secrets,
) -> Database:
    """Cluster, parameter group, subnet group, and an instance in each zone."""
    t = tier.template
    restored = if_given(t, "SnapshotGiven", database.database_snapshot_arn)
    own_key = if_given(t, "KmsKeyGiven", storage.kms_key_arn)
    protected = if_chosen(t, "DeletionProtected", operations.deletion_protection)
    subnets = t.add_resource(
        DBSubnetGroup(
            "DatabaseSubnets",
            DBSubnetGroupDescription="Private subnets of all zones",
            SubnetIds=[zone.private_subnet_id for zone in network.zones],
        )
    )
    parameters = t.add_resource(
        DBClusterParameterGroup(
            "DatabaseParameters",
            Description="TLS required; lock waits as slurmdbd wants them",
            Family=FAMILY,
            # 900 s: ParallelCluster's own accounting template, after Slurm's accounting guide.
            Parameters={
                "require_secure_transport": "ON",
                "innodb_lock_wait_timeout": "900",
                "slow_query_log": "1",
                "long_query_time": SLOW_SECONDS,
            },
        )
    )
    cluster = t.add_resource(
        DBCluster(
            "DatabaseCluster",
            # A restored cluster keeps the snapshot's master user and takes the new password: RDS's resource provider
            # restores first and modifies then.
            Metadata={"cfn-lint": {"config": {"ignore_checks": ["E3021"]}}},
            DeletionPolicy="Snapshot",
            UpdateReplacePolicy="Snapshot",
            Engine=ENGINE,
            EngineVersion=database.database_engine_version,
            DBClusterParameterGroupName=Ref(parameters),
            DBSubnetGroupName=Ref(subnets),
            VpcSecurityGroupIds=[security_groups.database_security_group_id],
            SnapshotIdentifier=If(restored, database.database_snapshot_arn, NoValue),
            MasterUsername=If(restored, NoValue, MASTER_USERNAME),
            MasterUserPassword=secret_text(secrets.database_secret_arn),
            ServerlessV2ScalingConfiguration=ServerlessV2ScalingConfiguration(
                MinCapacity=database.database_min_capacity, MaxCapacity=database.database_max_capacity
            ),
            StorageEncrypted=True,
            KmsKeyId=If(own_key, storage.kms_key_arn, NoValue),
            BackupRetentionPeriod=database.database_backup_days,
            CopyTagsToSnapshot=True,
            EnableCloudwatchLogsExports=list(EXPORTED_LOGS),
            DeletionProtection=If(protected, True, False),
        )
    )
    logs = [
        log_group(
            tier,
            operations,
            f"Database{title}Logs",
            LogGroupName=Sub(f"/aws/rds/cluster/${{Cluster}}/{name}", Cluster=Ref(cluster)),
        ).title
        for title, name in zip(("Error", "SlowQuery"), EXPORTED_LOGS, strict=True)
    ]
    # The first instance made becomes the writer, so the zones' instances are made one after the other.
    previous: dict[str, Any] = {"DependsOn": logs}
    for number, zone in enumerate(network.zones, 1):
        instance = t.add_resource(
            DBInstance(
                f"DatabaseInstance{number}",
                DeletionPolicy="Delete",
                UpdateReplacePolicy="Delete",
                DBClusterIdentifier=Ref(cluster),
                Engine=ENGINE,
                DBInstanceClass=choices.database_class(t, database),
                AvailabilityZone=zone.availability_zone,
                PromotionTier=min(number - 1, 1),
                CACertificateIdentifier=CERTIFICATE_AUTHORITY,
                PubliclyAccessible=False,
                # The engine's version is the form's answer; RDS must not run ahead of it, since an older one is refused. So
                # security patches are the operator's: docs/operations.md, "Security patches".
                AutoMinorVersionUpgrade=False,
                **previous,
            )
        )
        previous = {"DependsOn": instance.title}
    return Database(
        database_endpoint=GetAtt(cluster, "Endpoint.Address"),
        database_port=GetAtt(cluster, "Endpoint.Port"),
        database_name=PORTAL_SCHEMA,
        database_master_username=MASTER_USERNAME,
        database_cluster_id=Ref(cluster),
        database_cluster_arn=GetAtt(cluster, "DBClusterArn"),
    )
