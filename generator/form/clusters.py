"""Questions: the Slurm clusters."""

from __future__ import annotations

from dataclasses import dataclass

from generator.cfn.template import Value
from generator.form import patterns
from generator.form.question import Group, choice, instance_type, number, question


@dataclass(frozen=True)
class Clusters(Group, title="Clusters"):
    """The clusters, all of them alike."""

    parallel_cluster_version: Value = question(
        "ParallelCluster version",
        "Version of AWS ParallelCluster and its image; a running deployment cannot change it.",
        default="3.16.1",
        pattern=patterns.whole(patterns.PARALLELCLUSTER_VERSION),
        constraint="Must be 3.16.1 or newer: the Slurm of 3.16.0 is vulnerable.",
    )
    head_node_instance_type: Value = instance_type(
        "Head node instance type", "Instance type of each cluster's head node.", "m6i.xlarge"
    )
    compute_instance_type: Value = instance_type(
        "Compute node instance type", "Instance type of the compute nodes.", "c6i.2xlarge"
    )
    compute_min_nodes: Value = number(
        "Minimum compute nodes", "Compute nodes of each cluster that always run.", 0, 0, 1000
    )
    compute_max_nodes: Value = number(
        "Maximum compute nodes", "Maximum compute nodes of each cluster's on-demand queue.", 10, 1, 1000
    )
    spot_max_nodes: Value = number(
        "Maximum Spot nodes",
        "Maximum compute nodes of each cluster's Spot queue; 0 for no Spot queue.",
        0,
        0,
        1000,
    )
    compute_efa: Value = choice(
        "Elastic Fabric Adapter",
        "Give compute nodes EFA and a placement group; the instance type must support it.",
        "no",
        "yes",
    )
    slurm_accounting: Value = choice(
        "Slurm accounting",
        "Keep each cluster's Slurm accounting in the database.",
        "yes",
        "no",
    )
