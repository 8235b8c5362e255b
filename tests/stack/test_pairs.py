"""Two deployments in one region know nothing of each other, and one comes back from what its delete has kept."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.emulator.client import Emulator
from tests.support.deployment import STACK, Deployment, left

REGION = "ca-west-1"  # no other test's


@pytest.fixture(scope="module")
def pair(emulator: Emulator) -> Iterator[tuple[Deployment, Deployment]]:
    """Two deployments with the same answers, launched at once; whoever is there at the end is deleted."""
    first, second = Deployment(emulator, "life-first", REGION), Deployment(emulator, "life-second", REGION)
    first.url()  # publishes
    with ThreadPoolExecutor() as pool:
        made = list(pool.map(lambda deployment: deployment.create(), (first, second)))
    assert all(outcome.complete for outcome in made), [outcome.reason for outcome in made]
    yield first, second
    assert second.delete().complete
    assert left(emulator, REGION)[1] == []


def test_nothing_is_shared(pair: tuple[Deployment, Deployment]) -> None:
    first, second = (deployment.resources() for deployment in pair)
    assert first.keys() == second.keys()
    # The image is AWS's, the checks' id the zones.
    alike = {title for title in first if first[title].physical_id == second[title].physical_id}
    assert alike == {"preflight.Checks", "preflight.PortalImage"}
    names = [one[f"clusters.Cluster{zone}"].physical_id for one in (first, second) for zone in (1, 2)]
    assert len(set(names)) == 4 and all(re.fullmatch(r"hpc-[0-9a-f]{8}-az[12]", name) for name in names)


def test_the_delete_of_one_leaves_the_other_untouched(pair: tuple[Deployment, Deployment], emulator: Emulator) -> None:
    first, second = pair
    before, there = second.resources(), set(emulator.leftovers(REGION))
    gone = {item.physical_id for item in first.resources().values()}
    assert first.delete().complete
    assert second.resources() == before
    # By the services' own word too: all that went was the first one's.
    missing = {item.name for item in there - set(emulator.leftovers(REGION))}
    ids = {item.physical_id for item in before.values() if item.type != STACK}
    assert not missing & ids
    assert gone & missing
    change = second.update(DatabaseBackupDays="8", PortalVolumeSize="55")
    assert change.outcome.complete, change.outcome.reason
    assert second.resources() == before


def test_what_the_delete_kept_comes_back_in_another_launch(
    pair: tuple[Deployment, Deployment], emulator: Emulator
) -> None:
    """Runs after the test above, which deletes the first deployment."""
    first, second = pair
    rds, efs = emulator.client("rds", REGION), emulator.client("efs", REGION)
    [snapshot] = rds.describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"]
    assert snapshot["DBClusterIdentifier"].startswith(first.name)
    systems = {system["Name"]: system["FileSystemId"] for system in efs.describe_file_systems()["FileSystems"]}
    [kept] = [system for name, system in systems.items() if name.startswith(first.name)]
    third = Deployment(emulator, "life-third", REGION)
    made = third.create(DatabaseSnapshotArn=snapshot["DBClusterSnapshotArn"], ExistingFileSystemId=kept)
    assert made.complete, made.reason
    there = third.resources()
    assert made.outputs["EfsID"] == kept and "file-system.FileSystem" not in there
    assert len(efs.describe_file_systems()["FileSystems"]) == len(systems)
    assert len(efs.describe_mount_targets(FileSystemId=kept)["MountTargets"]) == 2
    # A database without a snapshot would need a master user, one with a snapshot takes none: see emulator/protection.py.
    [template] = [
        third.cloudformation.get_template(StackName=third.nested("DatabaseStack"))["TemplateBody"],
    ]
    assert "SnapshotIdentifier" in str(template)
    described = third.cloudformation.describe_stacks(StackName=third.nested("DatabaseStack"))["Stacks"][0]
    answers = {item["ParameterKey"]: item["ParameterValue"] for item in described["Parameters"]}
    assert answers["DatabaseSnapshotArn"] == snapshot["DBClusterSnapshotArn"]
    # The portal's nodes and the clusters use what came back.
    launch = there["portal.PortalLaunchTemplate1"].physical_id
    [version] = emulator.client("ec2", REGION).describe_launch_template_versions(LaunchTemplateId=launch)[
        "LaunchTemplateVersions"
    ]
    assert f"FILE_SYSTEM_ID={kept}" in base64.b64decode(version["LaunchTemplateData"]["UserData"]).decode().replace(
        "'", ""
    ).replace('"', "")
    # Brought, it is not the deployment's: a delete leaves it.
    assert third.delete().complete
    assert kept in {system["FileSystemId"] for system in efs.describe_file_systems()["FileSystems"]}
    assert efs.describe_mount_targets(FileSystemId=kept)["MountTargets"] == []
    assert second.status() == "UPDATE_COMPLETE"


def test_a_snapshot_without_its_files_is_refused_before_anything_begins(emulator: Emulator, name: str) -> None:
    deployment = Deployment(emulator, name, REGION)
    snapshot = f"arn:aws:rds:{REGION}:123456789012:cluster-snapshot:some"
    with pytest.raises(deployment.cloudformation.exceptions.ClientError, match="give the file system of the same"):
        deployment.create(DatabaseSnapshotArn=snapshot)
