"""Alarms of the clusters and their Lustre file systems."""

from __future__ import annotations

from troposphere import Sub
from troposphere.cloudwatch import MetricDataQuery

from generator import form
from generator.cfn.template import variable
from generator.tiers.alarms import AT_REST, HOUR, MINUTE, Alarms, dimensions, query
from generator.tiers.clusters import Clusters
from generator.tiers.lustre import Lustre

# Metrics of ParallelCluster's own filters: failures of nodes that start. After ten in a row a cluster protects itself.
START_FAILURES = ("InstanceBootstrapTimeoutErrors", "OnNodeStartDownloadErrors", "OnNodeStartRunErrors")
PROTECTED_AFTER = 10
CLUSTER_METRICS = "ParallelCluster"


def of_lustre(alarms: Alarms, storage: form.Storage, lustre: Lustre) -> None:
    """Each Lustre file system's room, and whether it is there."""
    metric = ("AWS/FSx", "FreeDataStorageCapacity")
    for number, system in enumerate(lustre.zones, 1):
        alarms.gone(
            f"LustreGone{number}",
            f"/fsx_cluster{number} sends no metrics: look at the state of the file system.",
            15,
            *metric,
            FileSystemId=system.lustre_id,
        )
        # One sample of each storage target.
        free = query("free", *metric, "Sum", MINUTE, FileSystemId=system.lustre_id)
        share = MetricDataQuery(
            Id="share",
            Label="Free (%)",
            Expression=Sub(f"100 * free / ({variable(storage.lustre_storage_capacity)} * 1073741824)"),
        )
        alarms.add(
            f"LustreFull{number}",
            f"/fsx_cluster{number} has less than a tenth free: remove files, or raise LustreStorageCapacity.",
            "LessThanThreshold",
            10,
            15,
            AT_REST,
            Metrics=[free, share],
        )


def of_the_clusters(alarms: Alarms, clusters: Clusters) -> None:
    """Each cluster's head node, and nodes that do not start. ParallelCluster's own alarms have no topic."""
    for number, cluster in enumerate(clusters.zones, 1):
        head_node = cluster.head_node_instance_id
        alarms.gone(
            f"HeadNodeGone{number}",
            f"The head node of cluster {number} has no heartbeat: look at the instance, and at clustermgtd's log.",
            15,
            CLUSTER_METRICS,
            "ClustermgtdHeartbeat",
            ClusterName=cluster.cluster_name,
            InstanceId=head_node,
        )
        alarms.add(
            f"HeadNodeDiskFull{number}",
            f"The root volume of head node {number} is nearly full: remove files, on /home above all.",
            "GreaterThanThreshold",
            90,
            15,
            AT_REST,
            Namespace="CWAgent",
            MetricName="disk_used_percent",
            Dimensions=dimensions(InstanceId=head_node, path="/"),
            Statistic="Maximum",
        )
        failures = [
            query(f"failed{index}", CLUSTER_METRICS, name, "Sum", HOUR, ClusterName=cluster.cluster_name)
            for index, name in enumerate(START_FAILURES)
        ]
        alarms.add(
            f"ClusterProtected{number}",
            f"Nodes of cluster {number} fail as they start, and it enters protected mode: look at clustermgtd's log.",
            "GreaterThanOrEqualToThreshold",
            PROTECTED_AFTER,
            60,
            AT_REST,
            Period=HOUR,
            Metrics=[*failures, MetricDataQuery(Id="all", Label="Failures", Expression="SUM(METRICS())")],
        )
