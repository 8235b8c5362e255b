"""Finders of what a deleted deployment may leave, one for each row of the retention table in docs/architecture.md.

Finders skip what a living stack still owns, list, and delete nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from generator.aws import Account
from generator.operate.inventory import LOGICAL_ID, STACK_NAME, Stacks, items, root, size, tags

VAULT = "aws/efs/automatic-backup-vault"
# Generated names whose logical id is never cut; of the stack's name they may show no more than the beginning.
LOG_BUCKET = re.compile(r"^(.+-loadbalancerstack-[0-9a-z]*)-accesslogbucket-[0-9a-z]+$")
SNAPSHOT = re.compile(r"^(.+-databasestack-[0-9a-z]*)-snapshot-databasecluster-[0-9a-z]+$")
CLEANUP_LOGS = re.compile(r"^/aws/lambda/((.+-ProviderStack-)?.*-CleanupS3bucketFunction-[0-9A-Za-z]+)$")
REGIONAL_BUCKET = re.compile(r"^parallelcluster-[0-9a-z]+-v1-do-not-delete$")
CLUSTER_LOGS = re.compile(r"^/aws/parallelcluster/((hpc-([0-9a-f]{8})-az\d+).*)$")
PROVIDER_LOGS = re.compile(r"^/aws/lambda/pcluster-cfn-([0-9a-f-]{36})$")
COUNTED = 20  # thousands of a bucket's objects that are looked at for its size


@dataclass(frozen=True)
class Leftover:
    """One leftover: `stack` is the deployment's name, empty if unknown; `remove` is the command that removes it."""

    kind: str
    name: str
    size: str
    stack: str
    remove: str
    note: str = ""


def snapshots(account: Account, stacks: Stacks) -> Iterator[Leftover]:
    """Final snapshots of the database: of deleted stacks, and of clusters that an update replaced."""
    found = items(account.client("rds"), "describe_db_cluster_snapshots", "DBClusterSnapshots", SnapshotType="manual")
    for item in found:
        name, its = item["DBClusterSnapshotIdentifier"], tags(item.get("TagList", []))
        made = ("databasestack", "AWS::RDS::DBClusterSnapshot", "snapshot-DatabaseCluster")
        owner = its.get(STACK_NAME) or _maker(stacks, name, SNAPSHOT, *made)
        if its.get(LOGICAL_ID, "DatabaseCluster") != "DatabaseCluster" or "databasestack" not in owner.lower():
            continue
        remove = f"aws rds delete-db-cluster-snapshot --db-cluster-snapshot-identifier {name}"
        note = "a launch can start from it: parameter DatabaseSnapshotArn"
        if stacks.living(owner):
            note = "its stack lives: an update replaced the database, or somebody made this snapshot"
        yield Leftover(
            "database snapshot", name, size(item.get("AllocatedStorage", 0) * 2**30), root(owner), remove, note
        )


def file_systems(account: Account, stacks: Stacks) -> Iterator[Leftover]:
    """EFS file systems whose stack is gone."""
    for item in items(account.client("efs"), "describe_file_systems", "FileSystems"):
        name, its = item["FileSystemId"], tags(item.get("Tags", []))
        owner = its.get(STACK_NAME) or its.get("Name", item.get("Name", "")).removesuffix("/efs")
        if "filesystemstack" not in owner.lower() or stacks.living(owner):
            continue
        note = "a launch can take it: parameter ExistingFileSystemId"
        if item.get("NumberOfMountTargets"):
            note = "IN USE: it has mount targets, so another deployment has taken it"
        remove = f"aws efs delete-file-system --file-system-id {name}"
        yield Leftover("EFS file system", name, size(item["SizeInBytes"]["Value"]), root(owner), remove, note)


def recovery_points(account: Account, stacks: Stacks) -> Iterator[Leftover]:
    """Backups of such file systems, as long as they have not expired."""
    backup = account.client("backup")
    for item in items(backup, "list_protected_resources", "Results"):
        arn, owner = item["ResourceArn"], item.get("ResourceName", "").removesuffix("/efs")
        if item["ResourceType"] != "EFS" or "filesystemstack" not in owner.lower() or stacks.living(owner):
            continue
        asked = {"ResourceArn": arn}
        points = list(items(backup, "list_recovery_points_by_resource", "RecoveryPoints", **asked))
        points = [point for point in points if point["BackupVaultName"] == VAULT]
        if not points:
            continue
        remove = (
            f"aws backup list-recovery-points-by-resource --resource-arn {arn} --query 'RecoveryPoints[].[RecoveryPointArn]'"
            f" --output text | xargs -n 1 aws backup delete-recovery-point --backup-vault-name {VAULT} --recovery-point-arn"
        )
        together = size(sum(point.get("BackupSizeBytes", 0) for point in points))
        what = f"{len(points)} of {arn.rsplit('/', 1)[-1]}"
        yield Leftover("EFS recovery points", what, together, root(owner), remove, "they expire by themselves")


def log_buckets(account: Account, stacks: Stacks) -> Iterator[Leftover]:
    """Buckets of access logs whose stack is gone."""
    # By the tag, since CloudFormation cuts long names; by the name, since the owner of a bucket may change its tags.
    asked = {"TagFilters": [{"Key": LOGICAL_ID, "Values": ["AccessLogBucket"]}], "ResourceTypeFilters": ["s3"]}
    tagged = items(account.client("resourcegroupstaggingapi"), "get_resources", "ResourceTagMappingList", **asked)
    owners = {item["ResourceARN"].rsplit(":", 1)[-1]: tags(item["Tags"]).get(STACK_NAME, "") for item in tagged}
    for name in _buckets(account):
        made = ("loadbalancerstack", "AWS::S3::Bucket", "AccessLogBucket")
        owner = owners.get(name) or _maker(stacks, name, LOG_BUCKET, *made)
        if "loadbalancerstack" in owner.lower() and not stacks.living(owner):
            note = "its objects expire by themselves, the bucket does not"
            remove = f"aws s3 rb --force s3://{name}"
            yield Leftover("access-log bucket", name, _size_of_bucket(account, name), root(owner), remove, note)


def regional_buckets(account: Account, stacks: Stacks) -> Iterator[Leftover]:
    """ParallelCluster's own bucket of the region."""
    for name in filter(REGIONAL_BUCKET.match, _buckets(account)):
        remove = "in the S3 console: Empty (it keeps versions, which the command line leaves), then Delete"
        note = "shared by all clusters of the account in this region, and there is none any more"
        if stacks.has_clusters:
            remove, note = "", "IN USE: shared by all clusters of the account in this region, and some live"
        yield Leftover("ParallelCluster's bucket", name, _size_of_bucket(account, name), "", remove, note)


def cluster_logs(account: Account, stacks: Stacks) -> Iterator[Leftover]:
    """Log groups of clusters that are gone. Other people's clusters have other names."""
    for name, stored in _log_groups(account, "/aws/parallelcluster/hpc-"):
        found = CLUSTER_LOGS.match(name)
        if found and not stacks.living(found[2]):
            yield _log_group("cluster's log group", name, stored, root(stacks.named(found[3])))


def provider_logs(account: Account, stacks: Stacks) -> Iterator[Leftover]:
    """Log groups of ParallelCluster's provider whose stack is gone."""
    for name, stored in _log_groups(account, "/aws/lambda/pcluster-cfn-"):
        found = PROVIDER_LOGS.match(name)
        if found and found[1] not in stacks.alive:
            yield _log_group("provider's log group", name, stored, root(stacks.named(found[1])))


def cleanup_logs(account: Account, stacks: Stacks) -> Iterator[Leftover]:
    """Log groups of the function that empties the bucket of ParallelCluster's provider, of stacks that are gone."""
    for name, stored in _log_groups(account, "/aws/lambda/"):
        found = CLEANUP_LOGS.match(name)
        if not found:
            continue
        known = stacks.maker(found[1], "providerstack", "AWS::Lambda::Function", "CleanupS3bucketFunction")
        owner = known or found[2] or ""
        if owner and not stacks.living(owner):
            yield _log_group("provider's log group", name, stored, root(owner))


def _maker(stacks: Stacks, name: str, pattern: re.Pattern[str], *made: str) -> str:
    """The stack that has made a name: one that is known (for `made` see Stacks.maker), else what the name shows of it."""
    found = pattern.match(name)
    return stacks.maker(name, *made) or (found and found[1]) or ""


def _log_group(kind: str, name: str, stored: int, stack: str) -> Leftover:
    return Leftover(kind, name, size(stored), stack, f"aws logs delete-log-group --log-group-name {name}")


def _log_groups(account: Account, prefix: str) -> Iterator[tuple[str, int]]:
    for item in items(account.client("logs"), "describe_log_groups", "logGroups", logGroupNamePrefix=prefix):
        yield item["logGroupName"], item.get("storedBytes", 0)


def _buckets(account: Account) -> list[str]:
    found = items(account.client("s3"), "list_buckets", "Buckets", BucketRegion=account.region)
    return [item["Name"] for item in found if item.get("BucketRegion", account.region) == account.region]


def _size_of_bucket(account: Account, name: str) -> str:
    total = 0
    pages = account.client("s3").get_paginator("list_objects_v2").paginate(Bucket=name)
    for number, page in enumerate(pages):
        if number == COUNTED:
            return f"more than {size(total)}"
        total += sum(item["Size"] for item in page.get("Contents", []))
    return size(total)


Finder = Callable[[Account, Stacks], Iterator[Leftover]]
# By the name that the retention table in docs/architecture.md gives them.
FINDERS: dict[str, Finder] = {
    "DatabaseCluster": snapshots,
    "FileSystem": file_systems,
    VAULT: recovery_points,
    "AccessLogBucket": log_buckets,
    "/aws/parallelcluster/<cluster>-…": cluster_logs,
    "/aws/lambda/pcluster-cfn-…": provider_logs,
    "/aws/lambda/…-CleanupS3bucketFunction-…": cleanup_logs,
    "parallelcluster-<hash>-v1-do-not-delete": regional_buckets,
}
# They cost nothing, other stacks of the account use them, and their creator is unknown.
NOT_LISTED = ("AWSServiceRoleFor…",)
