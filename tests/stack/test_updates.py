"""Updates of every answer carried out on one deployment: what changes is what docs/updates.md says, and data stays.

The tests follow each other on the same stack, as an operator's updates do.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from generator import RELEASE_FOLDER
from generator.documents import update_effects, updates
from generator.documents.update_effects import Effect
from tests.emulator.client import Emulator, Fault
from tests.support.built import questions
from tests.support.commands import Tools
from tests.support.deployment import STACK, Deployment, Resource, files, policy, secret, set_fleet

REGION = "us-east-1"
DOMAIN = "hpc.example.com"
ELSEWHERE = "eu-west-1"  # where the release is published a second time


DOWNLOADS = {"installer-2.jar": b"the next one\n" * 1000, "driver-2.jar": b"its driver\n" * 1000}


def checksum(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class World:
    """What stands beside the deployment for answers to name."""

    zone: str
    certificate: str
    prefix_list: str
    licenses: tuple[str, str]
    password: str
    boundary: str


@pytest.fixture(scope="module")
def world(emulator: Emulator) -> World:
    """Zone, certificate, secrets, policy; and the release and the vendor's files at a second place."""
    emulator.publish(files(), "mirror", f"releases/{RELEASE_FOLDER}", ELSEWHERE)
    emulator.publish(DOWNLOADS, "vendor")
    zone = emulator.client("route53").create_hosted_zone(Name="example.com", CallerReference="life")
    prefixes = emulator.client("ec2", REGION).create_managed_prefix_list(
        PrefixListName="offices", MaxEntries=5, AddressFamily="IPv4"
    )
    return World(
        zone=zone["HostedZone"]["Id"].rsplit("/", 1)[-1],
        certificate=emulator.client("acm", REGION).request_certificate(DomainName=DOMAIN)["CertificateArn"],
        prefix_list=prefixes["PrefixList"]["PrefixListId"],
        licenses=(secret(emulator, REGION, "license-1", "one"), secret(emulator, REGION, "license-2", "two")),
        password=secret(emulator, REGION, "efadmin", "Abc-123-xyz"),
        boundary=policy(emulator, REGION, "parallelcluster-boundary"),
    )


@pytest.fixture
def tools(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tools:
    """The operators' commands, looking at the emulator."""
    return Tools(emulator, monkeypatch, capsys, REGION)


@pytest.fixture(scope="module")
def portal(emulator: Emulator, world: World) -> Iterator[Deployment]:
    """A deployment in which every answer that an operator may change can be changed."""
    deployment = Deployment(emulator, "life-updates", REGION)
    made = deployment.create(
        PortalFlavor="EFPortal",
        LicenseSecretArn=world.licenses[0],
        LustreDeploymentType="PERSISTENT_1",
        LustreThroughput="50",
        DatabaseEngineVersion="8.0.mysql_aurora.3.10.0",
        ComputeInstanceType="c6i.32xlarge",
    )
    assert made.complete, made.reason
    yield deployment
    deployment.update(DeletionProtection="no")
    assert deployment.delete().complete


def batches(world: World) -> list[dict[str, str]]:
    """Updates one after the other, which together give every answer that preflight lets pass another value."""
    return [
        {"PortalAccessCidr": "198.51.100.0/24", "AdditionalAccessCidr": "192.0.2.0/24"},
        {
            "AccessPrefixListId": world.prefix_list,
            "AccessLogs": "yes",
            "AlarmEmail": "operator@example.com",
            "Waf": "yes",
            "DeletionProtection": "yes",
        },
        {"HostedZoneId": world.zone, "DomainName": DOMAIN},
        {"CertificateArn": world.certificate, "LicenseSecretArn": world.licenses[1]},
        {"CertificateArn": "", "DomainName": f"new.{DOMAIN}", "AdminPasswordSecretArn": world.password},
        {
            "PortalInstallerUrl": "s3://vendor/installer-2.jar",
            "JdbcDriverUrl": "s3://vendor/driver-2.jar",
            "PortalInstanceType": "m6i.2xlarge",
            "PortalVolumeSize": "60",
        },
        dict(zip(("PortalInstallerSha256", "JdbcDriverSha256"), map(checksum, DOWNLOADS.values()), strict=True)),
        {"PortalAmiId": "ami-0c2023a1b2c3d4e5f", "PortalImageRefresh": "2", "Tags": "CostCenter=42,Owner=hpc"},
        {
            "DatabaseMode": "provisioned",
            "DatabaseInstanceClass": "db.r6g.large",
            "DatabaseMinCapacity": "1",
            "DatabaseMaxCapacity": "32",
            "DatabaseBackupDays": "14",
            "DatabaseEngineVersion": "8.0.mysql_aurora.3.10.1",
            "LustreStorageCapacity": "2400",
            "LustreThroughput": "100",
            "AlarmEmail": "another@example.com",
            "PreflightWarnOnly": "VcpuQuotas",
        },
        {"ComputeMinNodes": "1", "ComputeMaxNodes": "20", "SpotMaxNodes": "5", "ComputeEfa": "yes"},
        {"LogRetentionDays": "30"},
        {"AssetsBucket": "mirror", "AssetsBucketRegion": ELSEWHERE, "AssetsPrefix": "releases/"},
    ]


# What a running cluster refuses, and takes when its fleet is stopped. The counts are lower than the batches make them.
OF_A_STOPPED_FLEET = {
    "ComputeInstanceType": "m6i.32xlarge",
    "SlurmAccounting": "no",
    "ComputeMaxNodes": "5",
    "ComputeMinNodes": "0",
    "SpotMaxNodes": "0",
    "ComputeEfa": "no",
}
# The same; the secrets are of the world.
OF_A_DIRECTORY = {
    "DirectoryDomainName": "corp.example.com",
    "DirectoryDomainAddr": "ldaps://dc1.corp.example.com",
    "DirectoryDomainReadOnlyUser": "CN=reader,DC=corp,DC=example,DC=com",
    "DirectoryLdapAccessFilter": "(memberOf=CN=hpc,DC=corp,DC=example,DC=com)",
    "DirectoryLdapSchema": "AD-POSIX",
}
SECRETS_OF_A_DIRECTORY = {"DirectoryPasswordSecretArn", "DirectoryCaCertSecretArn"}


def foreseen(parameters: Iterator[str] | dict[str, str], *there: dict[str, Resource]) -> dict[str, Effect]:
    """What docs/updates.md says of an update of `parameters`: effects by resource, of those that are `there`."""
    known = {title for resources in there for title in resources}
    found: dict[str, Effect] = {}
    for change in (change for parameter in parameters for change in updates.changes(parameter)):
        title = f"{change.template}.{change.title}"
        if title in known and change.type != STACK:
            found[title] = max(found.get(title, Effect.NOTHING), update_effects.effect_of(change))
    return found


def test_the_batches_change_every_answer_that_may_change(world: World) -> None:
    asked = {name for name, question in questions().items() if "main" in question.asked_by}
    stopped = (OF_A_STOPPED_FLEET, OF_A_DIRECTORY, SECRETS_OF_A_DIRECTORY)
    changed = {name for batch in (*batches(world), *stopped) for name in batch}
    assert changed == {name for name in asked if not updates.refused(name)}


@pytest.mark.parametrize("number", range(12))
def test_an_update_changes_what_the_table_says_and_nothing_else(portal: Deployment, world: World, number: int) -> None:
    changes_what_the_table_says(portal, batches(world)[number])


def changes_what_the_table_says(portal: Deployment, given: dict[str, str]) -> None:
    """Update to these answers; whatever holds data stays."""
    before, data = portal.resources(), portal.stateful()
    change = portal.update(**given)
    assert change.outcome.status == "UPDATE_COMPLETE", change.outcome.reason
    after = portal.resources()
    expected = foreseen(given, before, after)
    both = before | after
    came_and_went = {title for title in before.keys() ^ after.keys() if both[title].type != STACK}
    touched = change.touched | came_and_went
    assert touched - {"preflight.Checks"} == expected.keys()
    replaced = {title for title in before.keys() & after.keys() if before[title] != after[title]}
    replaced.discard("preflight.PortalImage")  # no resource: its id is that of the image
    assert {expected[title] for title in replaced} <= {Effect.REPLACEMENT}
    gone = set(data.items()) - set(portal.stateful().items())
    assert {title for title, _ in gone} <= {"secrets.AdminPassword"}


def test_an_image_refresh_that_finds_the_same_image_leaves_the_nodes_alone(portal: Deployment) -> None:
    change = portal.update(PortalImageRefresh="3")
    assert change.outcome.complete and change.touched == {"preflight.PortalImage"}


def test_an_update_that_changes_nothing_is_refused_as_such(portal: Deployment) -> None:
    with pytest.raises(portal.cloudformation.exceptions.ClientError, match="No updates are to be performed"):
        portal.update()


SMALLER = {"LustreStorageCapacity", "DatabaseEngineVersion"}  # ordinary answers, but refused downward


def test_preflight_refuses_in_words_whatever_would_lose_data_and_the_stack_works_on(
    portal: Deployment, emulator: Emulator, world: World
) -> None:
    pair = emulator.client("ec2", REGION).create_key_pair(KeyName="operator")["KeyName"]
    key = emulator.client("kms", REGION).create_key()["KeyMetadata"]["Arn"]
    system = emulator.client("efs", REGION).create_file_system(CreationToken="other")["FileSystemId"]
    frozen = {
        "AvailabilityZone1": f"{REGION}b",
        "AvailabilityZone2": f"{REGION}c",
        "VpcCidr": "10.1.0.0/16",
        "LoadBalancerScheme": "internal",
        "KeyName": pair,
        "DatabaseSnapshotArn": f"arn:aws:rds:{REGION}:123456789012:cluster-snapshot:old",
        "ExistingFileSystemId": system,
        "LustreDeploymentType": "SCRATCH_2",
        "KmsKeyArn": key,
        "ParallelClusterVersion": "3.16.2",
        "HeadNodeInstanceType": "m6i.2xlarge",
        # SMALLER
        "LustreStorageCapacity": "1200",
        "DatabaseEngineVersion": "8.0.mysql_aurora.3.10.0",
    }
    asked = {name for name, question in questions().items() if "main" in question.asked_by}
    assert {name for name in asked if updates.refused(name)} == {
        *frozen,
        "PortalFlavor",
        "PermissionsBoundaryArn",
    } - SMALLER
    before = portal.resources()
    change = portal.update(**frozen)
    assert change.outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    [reason] = change.reasons("Checks")
    for name in frozen:
        assert re.search(rf"\(\d+\) {name} .*: put the old answer back\.", reason), f"{name} is not in: {reason}"
    assert [told for told in change.reasons("PreflightStack") if "put the old answer back" in told]
    assert change.touched == {"preflight.Checks"}
    # The flavor by itself: by a rule of the form it goes with its license, and with that preflight's right to it.
    change = portal.update(PortalFlavor="EnginFrame", LicenseSecretArn="")
    assert change.outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    [reason] = change.reasons("Checks")
    assert "(1) PortalFlavor EnginFrame cannot replace EFPortal, since the other software" in reason
    assert "(2)" not in reason and change.touched == {"preflight.Checks", "preflight.PreflightFunctionRole"}
    # The boundary by itself: it reaches preflight's own role before the check.
    change = portal.update(PermissionsBoundaryArn=world.boundary)
    [reason] = change.reasons("Checks")
    assert (
        f"(1) PermissionsBoundaryArn {world.boundary} cannot replace a blank, since ParallelCluster may not" in reason
    )
    assert "(2)" not in reason and change.touched == {"preflight.Checks", "preflight.PreflightFunctionRole"}
    assert portal.resources() == before
    assert portal.update(DatabaseBackupDays="15").outcome.complete


@pytest.mark.parametrize("name", OF_A_STOPPED_FLEET)
def test_what_needs_stopped_fleets_is_refused_by_preflight_while_one_runs(portal: Deployment, name: str) -> None:
    before = portal.resources()
    change = portal.update(**{name: OF_A_STOPPED_FLEET[name]})
    assert change.outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    [reason] = change.reasons("Checks")
    for number in (1, 2):
        assert re.search(
            rf"The compute fleet of hpc-\w+-az{number} is RUNNING, and {name} needs it stopped: stop", reason
        )
    assert change.touched == {"preflight.Checks"} and portal.resources() == before


def stop_or_start(emulator: Emulator, portal: Deployment, stop: bool) -> None:
    """The fleets of both clusters."""
    clusters = {item.physical_id for item in portal.resources().values() if item.type == "Custom::PclusterCluster"}
    assert len(clusters) == 2
    for name in clusters:
        set_fleet(emulator, name, "STOPPED" if stop else "RUNNING", REGION)


def test_with_its_fleet_stopped_a_cluster_takes_what_it_refused(portal: Deployment, emulator: Emulator) -> None:
    stop_or_start(emulator, portal, stop=True)
    changes_what_the_table_says(portal, OF_A_STOPPED_FLEET)
    stop_or_start(emulator, portal, stop=False)


def test_a_directory_comes_and_goes_while_fleets_are_stopped(
    portal: Deployment, emulator: Emulator, world: World
) -> None:
    pem = "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n"
    secrets = {
        "DirectoryPasswordSecretArn": world.password,
        "DirectoryCaCertSecretArn": secret(emulator, REGION, "directory-ca", pem),
    }
    assert set(secrets) == SECRETS_OF_A_DIRECTORY
    before = portal.resources()
    change = portal.update(**OF_A_DIRECTORY, **secrets)
    assert change.outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "and DirectoryDomainName needs it stopped" in "; ".join(change.reasons("Checks"))
    assert portal.resources() == before
    stop_or_start(emulator, portal, stop=True)
    changes_what_the_table_says(portal, OF_A_DIRECTORY | secrets)
    changes_what_the_table_says(portal, dict.fromkeys(OF_A_DIRECTORY | secrets, "") | {"DirectoryLdapSchema": "AD"})
    stop_or_start(emulator, portal, stop=False)


def test_a_failure_in_the_last_tier_takes_the_whole_update_back(portal: Deployment, emulator: Emulator) -> None:
    before = portal.resources()
    watch = f"{portal.name}-Monitoring"
    emulator.inject(Fault("update", "AWS::SNS::Subscription", "not a valid address", watch))
    change = portal.update(
        LogRetentionDays="60", DatabaseBackupDays="20", PortalVolumeSize="70", AlarmEmail="third@example.com"
    )
    emulator.inject()
    assert change.outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert change.outcome.reason.startswith("MonitoringStack/AlarmEmailSubscription")
    assert any("not a valid address" in reason for reason in change.reasons("MonitoringStack"))
    assert portal.resources() == before
    [cluster] = emulator.client("rds", REGION).describe_db_clusters(
        DBClusterIdentifier=before["database.DatabaseCluster"].physical_id
    )["DBClusters"]
    assert cluster["BackupRetentionPeriod"] == 15
    again = portal.update(LogRetentionDays="60", DatabaseBackupDays="20", PortalVolumeSize="70")
    assert again.outcome.complete
    assert portal.resources() == before


@pytest.mark.parametrize("zone", [1, 2])
def test_a_node_whose_bootstrap_fails_in_an_update_brings_the_old_nodes_back(
    portal: Deployment, emulator: Emulator, zone: int
) -> None:
    before = portal.resources()
    message = "bootstrap.sh ended with 1: the installer's checksum is another"
    place = f"{portal.name}-Portal.*/PortalNode{zone}"
    emulator.inject(Fault("boot", "AWS::AutoScaling::AutoScalingGroup", message, place))
    change = portal.update(PortalVolumeSize=f"8{zone}")
    emulator.inject()
    assert change.outcome.status == "UPDATE_ROLLBACK_COMPLETE", change.outcome.reason
    assert f"PortalStack/PortalNode{zone}" in change.outcome.reason and message in change.outcome.reason
    told = {n: [e for e in change.events if e["LogicalResourceId"] == f"PortalNode{n}"] for n in (1, 2)}
    if zone == 1:  # the second zone's node waits for the first one's, so it has not been touched
        assert not told[2]
    else:  # the first one had come up anew, and its old one comes up in the rollback, with a signal of its own
        signals = [event for event in told[1] if "SUCCESS signal" in event.get("ResourceStatusReason", "")]
        assert len(signals) == 2 and told[1][-1]["ResourceStatus"] == "UPDATE_COMPLETE"
    assert portal.resources() == before
    assert portal.update(PortalVolumeSize=f"8{zone}").outcome.complete


def test_a_change_set_shows_what_would_change_and_executes_nothing(portal: Deployment) -> None:
    before, events = portal.resources(), len(portal.events())
    described = portal.cloudformation.describe_stacks(StackName=portal.stack)["Stacks"][0]["Parameters"]
    changed = {"DatabaseBackupDays": "3", "PortalInstanceType": "m6i.4xlarge"}
    kept = [
        {"ParameterKey": item["ParameterKey"], "UsePreviousValue": True}
        for item in described
        if item["ParameterKey"] not in changed
    ]
    wanted = [{"ParameterKey": name, "ParameterValue": value} for name, value in changed.items()]
    preview = {"StackName": portal.name, "ChangeSetName": "preview"}
    portal.cloudformation.create_change_set(
        **preview,
        UsePreviousTemplate=True,
        ChangeSetType="UPDATE",
        Parameters=kept + wanted,
        Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        IncludeNestedStacks=True,
    )
    shown = portal.cloudformation.describe_change_set(**preview)
    while shown["Status"].endswith(("_PENDING", "_IN_PROGRESS")):
        time.sleep(0.05)
        shown = portal.cloudformation.describe_change_set(**preview)
    assert shown["Status"] == "CREATE_COMPLETE", shown.get("StatusReason")
    changes = {item["ResourceChange"]["LogicalResourceId"]: item["ResourceChange"] for item in shown["Changes"]}
    causes = {
        title: {detail.get("CausingEntity") for detail in change["Details"] if detail["Evaluation"] == "Static"}
        for title, change in changes.items()
    }
    assert {title: named for title, named in causes.items() if named} == {
        "PreflightStack": {"PortalInstanceType"},
        "DatabaseStack": {"DatabaseBackupDays"},
        "PortalStack": {"PortalInstanceType"},
    }
    assert {(change["Action"], change["Replacement"]) for change in changes.values()} == {("Modify", "False")}
    portal.cloudformation.delete_change_set(**preview)
    assert portal.resources() == before and len(portal.events()) == events


def test_the_way_out_of_an_update_that_a_cluster_failed_ends_it(
    portal: Deployment, emulator: Emulator, faults: Emulator, tools: Tools
) -> None:
    """docs/operations.md, "A cluster's update failed": one cluster has grown and cannot shrink, the other has failed."""
    made = portal.resources()
    name = made["clusters.Cluster2"].physical_id
    faults.inject(Fault("update", "AWS::EC2::NetworkInterface", "the head node does not answer", path=f"{name}/"))
    stuck = portal.update(ComputeMaxNodes="33")
    faults.inject()
    assert stuck.outcome.status == "UPDATE_ROLLBACK_FAILED"
    assert f"{name}: UPDATE_FAILED" in "; ".join(stuck.reasons("Cluster2"))
    client = emulator.client("cloudformation", REGION)
    detail = client.describe_stack_resource(StackName=portal.stack, LogicalResourceId="ClustersStack")
    child = detail["StackResourceDetail"]["PhysicalResourceId"].split("/")[1]
    told = tools("why", portal.name).out
    skip = [f"{child}.Cluster{number}" for number in (1, 2)]
    command = f"continue-update-rollback --region {REGION} --stack-name {portal.name} --resources-to-skip"
    assert f"{command} {' '.join(skip)}\n" in told
    client.continue_update_rollback(StackName=portal.stack)
    assert emulator.wait(portal.stack, REGION).status == "UPDATE_ROLLBACK_FAILED", "the same request, the same answer"
    client.continue_update_rollback(StackName=portal.stack, ResourcesToSkip=skip)
    assert emulator.wait(portal.stack, REGION).status == "UPDATE_ROLLBACK_COMPLETE"
    refused = "; ".join(portal.update(ComputeMaxNodes="34").reasons("Checks"))
    assert f"The compute fleet of {name} is RUNNING, and the cluster's last update failed" in refused
    stop_or_start(emulator, portal, stop=True)
    assert portal.update(ComputeMaxNodes="34").outcome.complete
    stop_or_start(emulator, portal, stop=False)
    assert portal.resources() == made and portal.update(ComputeMaxNodes="35").outcome.complete
