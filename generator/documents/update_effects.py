"""Update behavior of properties: from the registry schemas that cfn-lint brings, plus exceptions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from generator.documents.update_reach import Change
from generator.errors import GeneratorError


class Effect(IntEnum):
    """What a change does, from harmless to impossible."""

    NOTHING = 0
    IN_PLACE = 1
    INTERRUPTION = 2
    REPLACEMENT = 3
    REFUSED = 4

    @property
    def words(self) -> str:
        """As the table says it."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True)
class Known:
    """What is known of a change beyond the schemas."""

    effect: Effect
    note: str


STOPPED = (
    "refused by ParallelCluster while a compute fleet runs: "
    "[stop both fleets first](operations.md#stopping-a-clusters-compute-fleet), which ends their jobs"
)
SHRINKS = Known(Effect.IN_PLACE, f"upward, jobs go on; downward {STOPPED}")
ROLLS = Known(Effect.INTERRUPTION, "the portal's nodes are replaced, one zone after the other; users sign in again")
# What only grows cannot shrink in a rollback either, which then ends in UPDATE_ROLLBACK_FAILED.
ALONE = "in an update of its own, since a rollback could not take it back"
QUEUES = "ClusterConfiguration.Scheduling.SlurmQueues"
MADE = "(made)"  # stands for a resource's coming or going
KNOWN = {
    # A new version of the template, and the group's UpdatePolicy.
    ("AWS::AutoScaling::AutoScalingGroup", "LaunchTemplate"): ROLLS,
    # RDS user guide, "Modifying an Aurora DB cluster": settings and whether they cause an outage.
    ("AWS::RDS::DBCluster", "EngineVersion"): Known(
        Effect.INTERRUPTION, f"upward only, {ALONE}; the database restarts"
    ),
    ("AWS::RDS::DBInstance", "DBInstanceClass"): Known(
        Effect.INTERRUPTION, "the database is away for a moment as each instance changes"
    ),
    # FSx for Lustre user guide, "Managing storage capacity" and "Managing throughput capacity".
    ("AWS::FSx::FileSystem", "StorageCapacity"): Known(
        Effect.INTERRUPTION, f"upward only, {ALONE}; Lustre may be away for a few minutes, and its clients wait"
    ),
    ("AWS::FSx::FileSystem", "LustreConfiguration.PerUnitStorageThroughput"): Known(
        Effect.INTERRUPTION, "persistent types only; Lustre is away for a few minutes, and its clients wait"
    ),
    # Replacement by the CloudFormation reference, but missing in the schemas.
    ("AWS::FSx::FileSystem", "LustreConfiguration.DeploymentType"): Known(Effect.REPLACEMENT, ""),
    ("AWS::Route53::RecordSet", "Name"): Known(Effect.REPLACEMENT, "the portal's old name ends"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Subnets"): Known(
        Effect.IN_PLACE, "the new subnet must be in the zone of the old one"
    ),
    ("AWS::S3::Bucket", MADE): Known(Effect.IN_PLACE, "the bucket stays when it is no longer written to"),
    ("AWS::SecretsManager::Secret", MADE): Known(
        Effect.IN_PLACE, "a generated secret goes when your own takes its place"
    ),
    ("AWS::SNS::Subscription", MADE): Known(Effect.IN_PLACE, "a new address must be confirmed"),
    ("Custom::AssetCopy", ""): Known(Effect.IN_PLACE, "the release is fetched from there"),
    # ParallelCluster's update policies; tests ask ParallelCluster itself.
    ("Custom::PclusterCluster", "ClusterConfiguration"): Known(Effect.IN_PLACE, ""),
    ("Custom::PclusterCluster", QUEUES): SHRINKS,  # the Spot queue as a whole
    ("Custom::PclusterCluster", f"{QUEUES}.ComputeResources.MinCount"): SHRINKS,
    ("Custom::PclusterCluster", f"{QUEUES}.ComputeResources.MaxCount"): SHRINKS,
    ("Custom::PclusterCluster", f"{QUEUES}.ComputeResources.InstanceType"): Known(Effect.INTERRUPTION, STOPPED),
    ("Custom::PclusterCluster", f"{QUEUES}.ComputeResources.Name"): Known(Effect.INTERRUPTION, STOPPED),
    ("Custom::PclusterCluster", f"{QUEUES}.ComputeResources.Efa"): Known(
        Effect.IN_PLACE, f"to `yes` jobs go on; to `no` {STOPPED}"
    ),
    ("Custom::PclusterCluster", f"{QUEUES}.ComputeResources.Networking"): Known(Effect.IN_PLACE, ""),
    ("Custom::PclusterCluster", "ClusterConfiguration.DirectoryService"): Known(Effect.INTERRUPTION, STOPPED),
    ("Custom::PclusterCluster", "ClusterConfiguration.Scheduling.SlurmSettings.Database"): Known(
        Effect.INTERRUPTION, STOPPED
    ),
}


@cache
def schema(resource_type: str) -> dict[str, Any]:
    """The registry schema of a type, as cfn-lint bundles it; the US have all. Importing cfn-lint takes seconds."""
    package = find_spec("cfnlint")
    if package is None or package.origin is None:
        raise GeneratorError("cfn-lint is missing, which brings the registry schemas: install the extra `lint`")
    schemas = Path(package.origin).parent / "data" / "schemas"
    name = json.loads((schemas / "providers" / "us-east-1.json").read_text())[resource_type]
    return cast(dict[str, Any], json.loads((schemas / "resources" / f"{name}.json").read_text()))


@cache
def create_only(resource_type: str) -> tuple[str, ...]:
    """Properties whose change takes a new resource, also those of which it depends on the case, as dotted paths."""
    if resource_type.startswith("Custom::"):
        return ()
    pointers = [
        pointer
        for key in ("createOnlyProperties", "conditionalCreateOnlyProperties")
        for pointer in schema(resource_type).get(key, ())
    ]
    return tuple(pointer.removeprefix("/properties/").replace("/", ".") for pointer in pointers)


def judged(change: Change) -> Iterator[Known]:
    """What a change of each of its properties does to a resource, and its coming and going."""
    for dotted in [".".join(path) for path in sorted(change.paths)] + [MADE] * change.made:
        parts = dotted.split(".")
        prefixes = [".".join(parts[:length]) for length in range(len(parts), 0, -1)] + [""]
        known = next((KNOWN[change.type, prefix] for prefix in prefixes if (change.type, prefix) in KNOWN), None)
        replaced = any(f"{dotted}.".startswith(f"{fixed}.") for fixed in create_only(change.type))
        yield known or Known(Effect.REPLACEMENT if replaced else Effect.IN_PLACE, "")


def effect_of(change: Change) -> Effect:
    """The gravest of what may happen to a resource."""
    return max(known.effect for known in judged(change))
