"""Clusters that live can take the change of their configuration."""

from collections.abc import Iterator

from preflight.case import Case
from preflight.facts import ANY, FEWER, OF_CLUSTERS, OFF
from preflight.verdicts import Findings, Wrong, check

CLUSTERS_STACK = "ClustersStack"  # its logical id in the parent
AT_REST = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
# ParallelCluster calls such a cluster UPDATE_FAILED until an update of it succeeds (pcluster/api/converters.py of 3.16.1).
UPDATE_FAILED = "UPDATE_ROLLBACK_COMPLETE"


@check("The clusters can take the change", reads=(*OF_CLUSTERS, "AssetsPrefix"), of_updates=True)
def clusters(case: Case) -> Findings:
    """Fleets are stopped where ParallelCluster demands it, no cluster is being changed, and none waits for a way back.

    The clusters are changed side by side: what one refuses, another may be in the middle of.
    """
    demanding = [name for name in OF_CLUSTERS if demands_stopped_fleets(case, name)]
    for name in cluster_names(case):
        found = case.get("cloudformation", "describe_stacks", StackName=name) or {"Stacks": []}
        for status in (stack["StackStatus"] for stack in found["Stacks"]):
            if status not in AT_REST:
                yield Wrong("", f"The stack of the cluster {name} is {status}: wait until it is at rest, or mend it.")
            elif (demanding or status == UPDATE_FAILED) and (fleet := fleet_status(case, name)) != "STOPPED":
                why = f"{demanding[0]} needs it stopped" if demanding else "the cluster's last update failed"
                told = f"The compute fleet of {name} is {fleet}, and {why}"
                yield Wrong("", f"{told}: stop the fleets of all clusters, and update again (docs/operations.md).")


def demands_stopped_fleets(case: Case, name: str) -> bool:
    """Whether the answer changes so that ParallelCluster makes the change only in stopped clusters.

    An earlier release may have handed over fewer answers: one that it did not is no change.
    """
    old, new = (case.old_answers or {}).get(name, case[name]), case[name]
    kind = OF_CLUSTERS[name]
    fewer = kind == FEWER and float(new or 0) < float(old or 0)
    return old != new and (kind == ANY or fewer or (kind == OFF and new == "no"))


def cluster_names(case: Case) -> Iterator[str]:
    """The names of the clusters: they derive from the id of the stack that holds them (generator/tiers/clusters.py)."""
    asked = {"StackName": case.stack, "LogicalResourceId": CLUSTERS_STACK}
    detail = case.client("cloudformation").describe_stack_resource(**asked)["StackResourceDetail"]
    unique = detail["PhysicalResourceId"].rsplit("/", 1)[-1].partition("-")[0]
    return (f"hpc-{unique}-az{number}" for number in range(1, case.zone_count + 1))


def fleet_status(case: Case, name: str) -> str:
    """The status that ParallelCluster keeps of a cluster's compute fleet (compute_fleet_status_manager.py of 3.16.1)."""
    key = {"Id": {"S": "COMPUTE_FLEET"}}
    item = case.client("dynamodb").get_item(TableName=f"parallelcluster-slurm-{name}", Key=key, ConsistentRead=True)
    return str(item["Item"]["Data"]["M"]["status"]["S"])
