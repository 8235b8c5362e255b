"""`make leftovers`: everything that the retention table names is found, what is in use is not called left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace

import boto3
import pytest
from botocore.stub import Stubber

from generator.cfn import generated_names
from generator.operate import retained
from generator.operate.inventory import Stacks, root, size
from tests.emulator.client import Emulator
from tests.support.commands import Tools
from tests.support.small_templates import nested, resource, template

REGION = "eu-west-3"  # no other test leaves anything there
HASH = "v1-do-not-delete"
BUCKET = "AWS::S3::Bucket"
KEYS = ("DBClusterSnapshots", "Buckets", "logGroups")


@pytest.fixture
def tools(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tools:
    """The tools, looking at the emulator."""
    return Tools(emulator, monkeypatch, capsys, REGION)


@pytest.fixture
def groups(emulator: Emulator) -> Iterator[list[str]]:
    """Log groups to make; they are gone afterwards."""
    made: list[str] = []
    yield made
    for group in made:
        emulator.client("logs", REGION).delete_log_group(logGroupName=group)


def write(emulator: Emulator, groups: list[str], group: str) -> None:
    """Make a log group."""
    emulator.client("logs", REGION).create_log_group(logGroupName=group)
    groups.append(group)


def test_what_a_deleted_deployment_left_and_what_a_living_one_owns(
    tools: Tools, emulator: Emulator, name: str, groups: list[str]
) -> None:
    assert tools("leftovers").out == f"Nothing is left of deleted deployments in {REGION}.\n"
    label = [{"Key": "Name", "Value": {"Fn::Sub": "${AWS::StackName}/efs"}}]
    kept = {**resource("AWS::EFS::FileSystem", FileSystemTags=label), "DeletionPolicy": "Retain"}
    one, two = f"{name}-one", f"{name}-two"
    files = nested(emulator, template({"FileSystem": kept}), f"{name}.json")
    topic = nested(emulator, template({"Topic": resource("AWS::SNS::Topic")}), f"{name}-topic.json")
    body = template({"FileSystemStack": files, "ClustersStack1": topic})
    for stack in (one, two):
        assert emulator.create_stack(stack, body, region=REGION).complete
    client = emulator.client("cloudformation", REGION)
    ids = {s["StackName"]: s["StackId"] for page in [client.list_stacks()] for s in page["StackSummaries"]}
    for stack in (one, two):
        [cluster] = [id_ for child, id_ in ids.items() if child.startswith(f"{stack}-ClustersStack1-")]
        unique = cluster.rsplit("/", 1)[-1]
        write(emulator, groups, f"/aws/parallelcluster/hpc-{unique[:8]}-az1-202601020304")
        write(emulator, groups, f"/aws/lambda/pcluster-cfn-{unique}")
    write(emulator, groups, "/aws/parallelcluster/somebody-elses")
    living = emulator.create_stack(f"hpc-{unique[:8]}-az1", template({"T": resource("AWS::SNS::Topic")}), region=REGION)
    assert living.complete and emulator.delete_stack(one, region=REGION).complete

    said = tools("leftovers")
    assert (said.status, said.err) == (0, "")
    [file_system] = [i.name for i in emulator.leftovers(REGION) if i.kind == "AWS::EFS::FileSystem" and i.retained]
    assert f"\nLeft by {one}, in {REGION}:\n" in said.out and two not in said.out
    lines = said.out.splitlines()
    assert f"      aws --region {REGION} efs delete-file-system --file-system-id {file_system}" in lines
    assert [
        line.split(":")[0].strip() for line in lines if line.startswith("  ") and not line.startswith("      ")
    ] == [
        "EFS file system",
        "cluster's log group",
        "provider's log group",
    ]
    assert lines[-1].startswith("Nothing was deleted.") and "somebody" not in said.out
    assert tools("leftovers", one).out == said.out
    assert tools("leftovers", two).out == f"Nothing is left of the deleted deployment {two} in {REGION}.\n"

    efs = emulator.client("efs", REGION)
    assert efs.describe_file_systems(FileSystemId=file_system)["FileSystems"], "nothing is deleted by looking"
    for stack in (two, living.name):
        assert emulator.delete_stack(stack, region=REGION).complete
    for item in emulator.leftovers(REGION):
        if item.kind == "AWS::EFS::FileSystem":
            efs.delete_file_system(FileSystemId=item.name)


def test_buckets_and_what_may_not_be_seen(tools: Tools, emulator: Emulator, name: str) -> None:
    s3 = emulator.client("s3", REGION)
    place = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    logged, regional = f"{name}-loadbalancerstack-1a2b3c-accesslogbucket-x1", f"parallelcluster-{name}-{HASH}"
    for bucket in (logged, regional, f"{name}-other"):
        s3.create_bucket(Bucket=bucket, **place)
    s3.put_object(Bucket=logged, Key="log", Body=b"x" * 2048)
    said = tools("leftovers", name)
    assert f"access-log bucket: {logged}, 2.0 KiB" in said.out and f"{name}-other" not in said.out
    assert f"aws --region {REGION} s3 rb --force s3://{logged}\n" in said.out
    assert f"ParallelCluster's bucket: {regional}, 0 bytes (shared by all clusters" in said.out
    tags = {"parallelcluster:version": "3.16.1"}
    body = template({"T": resource("AWS::SNS::Topic")})
    assert emulator.create_stack(f"{name}-cluster", body, tags=tags, region=REGION).complete
    assert f"{regional}, 0 bytes (IN USE: shared by all clusters" in tools("leftovers").out
    emulator.delete_stack(f"{name}-cluster", region=REGION)
    s3.delete_object(Bucket=logged, Key="log")
    for bucket in (logged, regional, f"{name}-other"):
        s3.delete_bucket(Bucket=bucket)


def test_a_kind_that_may_not_be_looked_for_is_said_and_the_rest_is_listed(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(account: object, stacks: Stacks) -> Iterator[retained.Leftover]:
        """Things of this kind. Nobody may see them."""
        client = boto3.client("efs", region_name=REGION)
        with Stubber(client) as stub:
            stub.add_client_error("describe_file_systems", "AccessDeniedException", "not you")
            yield from client.describe_file_systems()["FileSystems"]

    monkeypatch.setitem(retained.FINDERS, "FileSystem", refused)
    said = tools("leftovers")
    assert said.status == 1
    assert said.err == (
        "Not looked for: things of this kind. These credentials may not call DescribeFileSystems: take others "
        "(PROFILE=…), or have that right added to them. AWS says: not you.\n"
    )


GONE = "portal-FileSystemStack-1A2B3C"


def found(
    finder: retained.Finder, service: str, *answers: tuple[str, Mapping[str, object], Mapping[str, object]]
) -> list[str]:
    """What a finder makes of AWS's answers, (operation, answer, request), while the stack `alive-…` lives."""
    client = boto3.client(service, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
    stacks = Stacks({"1": "alive-DatabaseStack-9Z", "2": "alive-FileSystemStack-9Z"})
    with Stubber(client) as stub:
        for operation, answer, request in answers:
            stub.add_response(operation, answer, request)
        account = SimpleNamespace(region=REGION, client=lambda _: client)
        return [" | ".join((i.stack, i.name, i.size, i.note)) for i in finder(account, stacks)]  # type: ignore[arg-type]


def test_recovery_points_of_file_systems_that_are_gone() -> None:
    arn = "arn:aws:elasticfilesystem:eu-west-3:123456789012:file-system/fs-0123"
    point = {"BackupVaultName": retained.VAULT, "BackupSizeBytes": 3 * 2**30}
    resources = [
        {"ResourceArn": arn, "ResourceType": "EFS", "ResourceName": f"{GONE}/efs"},
        {"ResourceArn": arn + "4", "ResourceType": "EFS", "ResourceName": "alive-FileSystemStack-9Z/efs"},
        {"ResourceArn": arn + "5", "ResourceType": "EFS", "ResourceName": "somebody-elses"},
        {"ResourceArn": arn + "6", "ResourceType": "EC2", "ResourceName": f"{GONE}/efs"},
    ]
    lines = found(
        retained.recovery_points,
        "backup",
        ("list_protected_resources", {"Results": resources}, {}),
        ("list_recovery_points_by_resource", {"RecoveryPoints": [point, point]}, {"ResourceArn": arn}),
    )
    assert lines == ["portal | 2 of fs-0123 | 6.0 GiB | they expire by themselves"]


def test_snapshots_are_known_by_the_tags_that_they_took_over() -> None:
    def snapshot(name: str, stack: str, logical_id: str = "DatabaseCluster") -> dict[str, object]:
        pairs = {"aws:cloudformation:stack-name": stack, "aws:cloudformation:logical-id": logical_id}
        tags = [{"Key": key, "Value": value} for key, value in pairs.items()]
        return {"DBClusterSnapshotIdentifier": name, "AllocatedStorage": 7, "TagList": tags}

    given = [
        snapshot("x1", "portal-DatabaseStack-1A"),
        snapshot("x2", "alive-DatabaseStack-9Z"),
        snapshot("x3", "portal-DatabaseStack-1A", "Other"),
        {"DBClusterSnapshotIdentifier": "portal-databasestack-1a-snapshot-databasecluster-2b", "AllocatedStorage": 1},
        {"DBClusterSnapshotIdentifier": "somebody-elses", "AllocatedStorage": 1},
    ]
    asked = ("describe_db_cluster_snapshots", {"DBClusterSnapshots": given}, {"SnapshotType": "manual"})
    lines = [line.split(" | ") for line in found(retained.snapshots, "rds", asked)]
    assert [line[:3] for line in lines] == [
        ["portal", "x1", "7.0 GiB"],
        ["alive", "x2", "7.0 GiB"],
        ["portal", "portal-databasestack-1a-snapshot-databasecluster-2b", "1.0 GiB"],
    ]
    assert "its stack lives" in lines[1][3] and "DatabaseSnapshotArn" in lines[0][3]


def test_a_file_system_that_another_deployment_took_is_in_use_and_a_living_stacks_own_is_not_left() -> None:
    item = {
        "OwnerId": "1",
        "CreationToken": "t",
        "FileSystemId": "fs-0123",
        "CreationTime": 0,
        "LifeCycleState": "available",
        "NumberOfMountTargets": 2,
        "SizeInBytes": {"Value": 5},
        "PerformanceMode": "generalPurpose",
        "Tags": [{"Key": "aws:cloudformation:stack-name", "Value": GONE}],
    }
    alive = [{"Key": "aws:cloudformation:stack-name", "Value": "alive-FileSystemStack-9Z"}]
    both = {"FileSystems": [item, {**item, "Tags": alive}]}
    [line] = found(retained.file_systems, "efs", ("describe_file_systems", both, {}))
    assert line.startswith("portal | fs-0123 | 5 bytes | IN USE")


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("hpc-portal-ProviderStack-1A2B-ParallelCluster-3C4D", "hpc-portal"),
        ("my-hpcstack-1a-LustreStack2-3C", "my-hpcstack-1a"),
        ("hpc-portal-databasestack-1a-snapshot-databasecluster-2b", "hpc-portal"),
        ("somebody-elses", ""),
    ],
)
def test_a_nested_stacks_name_tells_the_parents(name: str, parent: str) -> None:
    assert root(name) == parent


LONG = "a-deployment-with-a-name-of-40-character"
KNOWN = {
    "LoadBalancerStack": f"{LONG}-LoadBalancerStack-0123456789AB",
    "DatabaseStack": f"{LONG}-DatabaseStack-0123456789AB",
    "ProviderStack": f"{LONG}-ProviderStack-0123456789AB-ParallelCluster-0123456789AB",
}
CUT = [
    (retained.log_buckets, BUCKET, "LoadBalancerStack", "AccessLogBucket"),
    (retained.snapshots, "AWS::RDS::DBClusterSnapshot", "DatabaseStack", "snapshot-DatabaseCluster"),
    (retained.cleanup_logs, "AWS::Lambda::Function", "ProviderStack", "CleanupS3bucketFunction"),
]


@pytest.mark.parametrize("end", generated_names.ENDS)
@pytest.mark.parametrize(("finder", "kind", "tier", "logical_id"), CUT, ids=[row[2] for row in CUT])
def test_a_name_without_tags_that_is_cut_leads_to_its_stack_gone_or_living(
    finder: retained.Finder, kind: str, tier: str, logical_id: str, end: int
) -> None:
    stack = KNOWN[tier]
    name = generated_names.beginning(kind, stack, logical_id, end) + "0" * end
    answers = {
        "describe_db_cluster_snapshots": [{"DBClusterSnapshotIdentifier": name}],
        "list_buckets": [{"Name": name}],
        "describe_log_groups": [{"logGroupName": f"/aws/lambda/{name}"}],
    }

    class Client:
        """Answers with what has the name, and nothing else."""

        def can_paginate(self, operation: str) -> bool:
            return False

        def get_paginator(self, operation: str) -> SimpleNamespace:
            return SimpleNamespace(paginate=lambda **_: [])

        def __getattr__(self, operation: str) -> Callable[..., Mapping[str, object]]:
            return lambda **_: defaultdict(list, dict.fromkeys(KEYS, answers.get(operation, [])))

    account = SimpleNamespace(region=REGION, client=lambda _: Client())
    gone = [*finder(account, Stacks(gone={"1": stack}))]  # type: ignore[arg-type]
    assert [item.stack for item in gone] == [LONG]
    living = [*finder(account, Stacks(alive={"1": stack}))]  # type: ignore[arg-type]
    assert [item.note.partition(":")[0] for item in living] == (["its stack lives"] if tier == "DatabaseStack" else [])


def test_sizes_read_well() -> None:
    assert [size(n) for n in (0, 1023, 1536, 2**20, 5 * 2**30, 2**42)] == [
        *("0 bytes", "1023 bytes", "1.5 KiB", "1.0 MiB", "5.0 GiB", "4.0 TiB")
    ]
