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
    """The effect of a change, from harmless to impossible."""

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
class Override:
    """The effect of a change where the schemas do not tell it."""

    effect: Effect
    note: str


STOPPED = (
    "refused by preflight while a compute fleet runs: "
    "[stop both fleets first](operations.md#stopping-a-clusters-compute-fleet), which ends their jobs"
)
SHRINKS = Override(Effect.IN_PLACE, f"upward, jobs go on; downward {STOPPED}")
ROLLS = Override(Effect.INTERRUPTION, "the portal's nodes are replaced, one zone after the other; users sign in again")
# A size that only grows cannot shrink in a rollback either, which then ends in UPDATE_ROLLBACK_FAILED.
ALONE = "in an update of its own, since a rollback could not take it back"
QUEUES = "ClusterConfiguration.Scheduling.SlurmQueues"
MADE = "(made)"  # stands for the creation or removal of a resource
OVERRIDES = {
    # A new version of the template, and the group's UpdatePolicy.
    ("AWS::AutoScaling::AutoScalingGroup", "LaunchTemplate"): ROLLS,
    # RDS user guide, "Modifying an Aurora DB cluster": settings and whether they cause an outage.
    ("AWS::RDS::DBCluster", "EngineVersion"): Override(
        Effect.INTERRUPTION, f"upward only, {ALONE}; the database restarts"
    ),
    ("AWS::RDS::DBInstance", "DBInstanceClass"): Override(
        Effect.INTERRUPTION, "the database is unavailable for a moment as each instance changes"
    ),
    # FSx for Lustre user guide, "Managing storage capacity" and "Managing throughput capacity".
    ("AWS::FSx::FileSystem", "StorageCapacity"): Override(
        Effect.INTERRUPTION, f"upward only, {ALONE}; Lustre may be unavailable for a few minutes, and its clients wait"
    ),
    ("AWS::FSx::FileSystem", "LustreConfiguration.PerUnitStorageThroughput"): Override(
        Effect.INTERRUPTION, "persistent types only; Lustre is unavailable for a few minutes, and its clients wait"
    ),
    # The CloudFormation reference says replacement; the schemas do not.
    ("AWS::FSx::FileSystem", "LustreConfiguration.DeploymentType"): Override(Effect.REPLACEMENT, ""),
    ("AWS::Route53::RecordSet", "Name"): Override(Effect.REPLACEMENT, "the portal's old name ends"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Subnets"): Override(
        Effect.IN_PLACE, "the new subnet must be in the zone of the old one"
    ),
    ("AWS::S3::Bucket", MADE): Override(Effect.IN_PLACE, "the bucket stays when it is no longer written to"),
    ("AWS::SecretsManager::Secret", MADE): Override(
        Effect.IN_PLACE, "a generated secret goes when your own takes its place"
    ),
    ("AWS::SNS::Subscription", MADE): Override(Effect.IN_PLACE, "a new address must be confirmed"),
    ("Custom::AssetCopy", ""): Override(Effect.IN_PLACE, "the release is fetched from there"),
    # ParallelCluster's update policies; tests ask ParallelCluster itself.
    ("Custom::PclusterCluster", "ClusterConfiguration"): Override(Effect.IN_PLACE, ""),
    ("Custom::PclusterCluster", QUEUES): SHRINKS,  # the Spot queue as a whole
    ("Custom::PclusterCluster", f"{QUEUES}.ComputeResources.MinCount"): SHRINKS,
    ("Custom::PclusterCluster", f"{QUEUES}.ComputeResources.MaxCount"): SHRINKS,
    ("Custom::PclusterCluster", f"{QUEUES}.ComputeResources.InstanceType"): Override(Effect.INTERRUPTION, STOPPED),
    ("Custom::PclusterCluster", f"{QUEUES}.ComputeResources.Name"): Override(Effect.INTERRUPTION, STOPPED),
    ("Custom::PclusterCluster", f"{QUEUES}.ComputeResources.Efa"): Override(
        Effect.IN_PLACE, f"to `yes` jobs go on; to `no` {STOPPED}"
    ),
    ("Custom::PclusterCluster", f"{QUEUES}.ComputeResources.Networking"): Override(Effect.IN_PLACE, ""),
    ("Custom::PclusterCluster", "ClusterConfiguration.DirectoryService"): Override(Effect.INTERRUPTION, STOPPED),
    ("Custom::PclusterCluster", "ClusterConfiguration.Scheduling.SlurmSettings.Database"): Override(
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


def effects_of(change: Change) -> Iterator[Override]:
    """Yield the effect of each changed property, and of creation or removal."""
    for dotted in [".".join(path) for path in sorted(change.paths)] + [MADE] * change.made:
        parts = dotted.split(".")
        prefixes = [".".join(parts[:length]) for length in range(len(parts), 0, -1)] + [""]
        override = next(
            (OVERRIDES[change.type, prefix] for prefix in prefixes if (change.type, prefix) in OVERRIDES), None
        )
        replaced = any(f"{dotted}.".startswith(f"{fixed}.") for fixed in create_only(change.type))
        yield override or Override(Effect.REPLACEMENT if replaced else Effect.IN_PLACE, "")


def effect_of(change: Change) -> Effect:
    """The gravest of what may happen to a resource."""
    return max(override.effect for override in effects_of(change))
