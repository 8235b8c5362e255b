"""What services refuse to give up or to make out of nothing: protected databases and balancers, certificates and target
groups in use, a database from a snapshot that is not there. ministack's CloudFormation goes past all of that."""

from typing import Any

from ministack.services import acm
from ministack.services import alb as balancers
from ministack.services import rds as databases

from tests.emulator.handlers import HANDLERS, Made, Properties, api, wraps


@wraps("AWS::RDS::DBCluster")
class Cluster:
    """Deletion protection holds, and a restore needs its snapshot, and takes no master user."""

    @staticmethod
    def create(stock: Any, logical_id: str, properties: Properties, stack: str) -> Made:
        snapshot = properties.get("SnapshotIdentifier")
        if snapshot:
            known = databases._db_cluster_snapshots.values()
            names = {s[key] for s in known for key in ("DBClusterSnapshotIdentifier", "DBClusterSnapshotArn")}
            if snapshot not in names:
                raise ValueError(f"DBClusterSnapshot {snapshot} not found")
            if "MasterUsername" in properties:
                raise ValueError("MasterUsername cannot be specified when restoring from a DB cluster snapshot")
        elif not properties.get("SourceDBClusterIdentifier") and "MasterUsername" not in properties:
            raise ValueError("The parameter MasterUsername must be provided and must not be blank.")
        made: Made = stock(logical_id, properties, stack)
        databases._clusters[made[0]]["EnabledCloudwatchLogsExports"] = properties.get("EnableCloudwatchLogsExports", [])
        return made

    @staticmethod
    def refuse(physical_id: str) -> None:
        """Raise ValueError while the cluster cannot be deleted."""
        cluster = databases._clusters.get(physical_id) or {}
        if cluster.get("DeletionProtection"):
            raise ValueError("Cannot delete protected Cluster, please disable deletion protection and try again.")
        if cluster.get("DBClusterMembers"):
            raise ValueError("Cluster cannot be deleted, it still contains DB instances in non-deleting state.")

    @staticmethod
    def delete(stock: Any, physical_id: str, properties: Properties) -> None:
        Cluster.refuse(physical_id)
        stock(physical_id, properties)


@wraps("AWS::RDS::DBInstance")
class Instance:
    """An instance writes the logs that its cluster exports: RDS makes log groups that are missing, without retention."""

    @staticmethod
    def create(stock: Any, logical_id: str, properties: Properties, stack: str) -> Made:
        made: Made = stock(logical_id, properties, stack)
        cluster = databases._clusters.get(properties.get("DBClusterIdentifier", "")) or {}
        for log in cluster.get("EnabledCloudwatchLogsExports", []):
            name = f"/aws/rds/cluster/{cluster['DBClusterIdentifier']}/{log}"
            logs = api("logs")
            if not logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
                logs.create_log_group(logGroupName=name)
        return made


@wraps("AWS::ElasticLoadBalancingV2::LoadBalancer")
class Balancer:
    """Deletion protection holds."""

    @staticmethod
    def delete(stock: Any, physical_id: str, properties: Properties) -> None:
        for attribute in balancers._lb_attrs.get(physical_id, []):
            if attribute["Key"] == "deletion_protection.enabled" and attribute["Value"] == "true":
                raise ValueError(
                    f"Load balancer '{physical_id}' cannot be deleted because deletion protection is enabled"
                )
        stock(physical_id, properties)


@wraps("AWS::ElasticLoadBalancingV2::TargetGroup")
class TargetGroup:
    """A listener's target group stays."""

    @staticmethod
    def delete(stock: Any, physical_id: str, properties: Properties) -> None:
        for listener in balancers._listeners.values():
            if any(action.get("TargetGroupArn") == physical_id for action in listener["DefaultActions"]):
                raise ValueError(f"Target group '{physical_id}' is currently in use by a listener or a rule")
        stock(physical_id, properties)


def install() -> None:
    """Take no final snapshot of what cannot be deleted, and let ACM know which certificates listeners use."""
    snapshot = HANDLERS["AWS::RDS::DBCluster"]["snapshot"]

    def final_snapshot(physical_id: str, properties: Properties) -> None:
        Cluster.refuse(physical_id)
        snapshot(physical_id, properties)

    HANDLERS["AWS::RDS::DBCluster"]["snapshot"] = final_snapshot
    profiles = acm._signing_profiles_using

    def users(arn: str) -> list[str]:
        # A listener's own certificate is kept as its ARN, further ones as {CertificateArn: …}.
        used = [li for li in balancers._listeners.values() if arn in str(li.get("Certificates", []))]
        return [*profiles(arn), *(listener["LoadBalancerArn"] for listener in used)]

    acm._signing_profiles_using = users
