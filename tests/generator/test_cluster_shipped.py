"""What is true of templates/cluster.yaml as it is shipped: its queues, and which updates a running cluster takes.

Queues, file systems and scripts that are added do not disturb these tests, which name the shipped ones. If you renamed,
changed or removed one of those on purpose, change it here too. What must hold of any such file is in
test_cluster_config.py.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from marshmallow import ValidationError

from generator.text.archives import cluster_scripts
from generator.text.sources import ROOT
from tests.support.cluster_configuration import (
    CLUSTER_NAME,
    PARAMETERS,
    SWITCHES,
    configuration,
    everything,
    item,
    load,
    names_used,
    queues,
    scalars,
)


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def test_the_tests_know_every_condition_and_value_of_the_file() -> None:
    parameters, conditions = names_used()
    conditions_alone = {"ComputeEfa", "SlurmAccounting", "DirectoryCaCertSecretArn"}
    assert conditions >= set(SWITCHES)
    assert parameters >= set(PARAMETERS) - conditions_alone


def test_there_is_a_queue_on_demand_and_one_of_spot_instances() -> None:
    assert {queue["Name"]: queue["CapacityType"] for queue in queues(everything())}.items() >= {
        "on-demand": "ONDEMAND",
        "spot": "SPOT",
    }.items()


@pytest.mark.parametrize("name", ["on-demand", "spot"])
def test_a_queue_has_room_on_its_root_volume(name: str) -> None:
    queue = item(queues(everything()), name)
    assert int(queue["ComputeSettings"]["LocalStorage"]["RootVolume"]["Size"]) >= 60


def test_ssh_to_a_head_node_is_for_the_vpc() -> None:
    assert everything()["HeadNode"]["Ssh"]["AllowedIps"] == PARAMETERS["VpcCidr"]


def test_the_head_nodes_first_policy_is_session_managers_in_every_partition() -> None:
    china = configuration(**{"AWS::Partition": "aws-cn", "AWS::Region": "cn-north-1"})
    policy = china["HeadNode"]["Iam"]["AdditionalIamPolicies"][0]["Policy"]
    assert policy == "arn:aws-cn:iam::aws:policy/AmazonSSMManagedInstanceCore"


def test_the_secrets_are_munge_key_database_password_and_the_directorys() -> None:
    named = {str(leaf) for leaf in scalars(everything()) if "secret" in str(leaf).lower()}
    directory = everything()["DirectoryService"]["PasswordSecretArn"]
    assert named >= {PARAMETERS["MungeSecretArn"], PARAMETERS["DatabaseSecretArn"], directory}


def test_every_script_that_the_project_ships_runs_somewhere() -> None:
    shipped = set(cluster_scripts(ROOT)[1])
    assert {leaf.rsplit("/", 1)[1] for leaf in scalars(everything()) if leaf.startswith("s3://")} >= shipped


# -- what must be refused ---------------------------------------------------------------------------------------------

WRONG: list[tuple[str, Any]] = [
    ("Image.Os", "alinux2"),
    ("Image.Os", "alinux2032"),
    ("Imds.ImdsSupport", "v3.0"),
    ("HeadNode.InstanceType", None),
    ("HeadNode.Flavor", "large"),
    ("HeadNode.Networking.SubnetId", "subnet-1"),
    ("HeadNode.Networking.AdditionalSecurityGroups", ["default"]),
    ("HeadNode.Networking.SecurityGroups", ["sg-0a0a0a0a0a0a0a0a0"]),
    ("HeadNode.Ssh.AllowedIps", "everywhere"),
    ("HeadNode.LocalStorage.RootVolume.VolumeType", "gp9"),
    ("HeadNode.LocalStorage.RootVolume.Size", "large"),
    ("HeadNode.Iam.InstanceRole", "arn:aws:iam::123456789012:role/node"),
    ("HeadNode.Iam.AdditionalIamPolicies.0.Policy", "AmazonSSMManagedInstanceCore"),
    ("HeadNode.Iam.S3Access.0.BucketName", "Capitals"),
    ("HeadNode.CustomActions.OnNodeStart.Script", None),
    ("HeadNode.CustomActions.OnNodeStart.Sequence", []),
    ("Scheduling.Scheduler", "awsbatch"),
    ("Scheduling.SlurmQueues", None),
    ("Scheduling.SlurmSettings.QueueUpdateStrategy", "KILL"),
    ("Scheduling.SlurmSettings.ScaledownIdletime", "-5"),
    ("Scheduling.SlurmSettings.Database.DatabaseName", "Slurm-AZ1"),
    ("Scheduling.SlurmSettings.Database.PasswordSecretArn", "secret-password"),
    ("Scheduling.SlurmSettings.Database.Uri", None),
    ("Scheduling.SlurmSettings.CustomSlurmSettings", {"MinJobAge": "300"}),
    ("Scheduling.SlurmQueues.on-demand.Name", None),
    ("Scheduling.SlurmQueues.on-demand.CapacityType", "CHEAP"),
    ("Scheduling.SlurmQueues.on-demand.Networking.SubnetIds", []),
    ("Scheduling.SlurmQueues.on-demand.Networking.PublicIp", "true"),
    ("Scheduling.SlurmQueues.on-demand.ComputeResources.0.MaxCount", "0"),
    ("Scheduling.SlurmQueues.on-demand.ComputeResources.0.MinCount", "-1"),
    ("Scheduling.SlurmQueues.on-demand.ComputeResources.0.MaxCount", "many"),
    ("Scheduling.SlurmQueues.on-demand.ComputeResources.0.InstanceType", None),
    ("Scheduling.SlurmQueues.on-demand.ComputeResources.0.Efa.Enabled", "perhaps"),
    ("SharedStorage.efs.MountDir", "/NONE"),
    ("SharedStorage.efs.EfsSettings.FileSystemId", "efs"),
    ("SharedStorage.efs.EfsSettings.Encrypted", "true"),
    ("SharedStorage.efs.FsxLustreSettings", {"FileSystemId": "fs-0f0f0f0f0f0f0f0f0"}),
    ("SharedStorage.lustre-az1.StorageType", "Lustre"),
    ("SharedStorage.lustre-az1.FsxLustreSettings.StorageCapacity", "1200"),
    ("Monitoring.Logs.CloudWatch.RetentionInDays", "42"),
    ("Monitoring.Logs.CloudWatch.DeletionPolicy", "RetainExceptOnCreate"),
    ("Iam.PermissionsBoundary", "boundary"),
    ("DirectoryService.DomainName", None),
    ("DirectoryService.DomainReadOnlyUser", None),
    ("DirectoryService.PasswordSecretArn", "battery-staple"),
    ("DirectoryService.LdapTlsReqCert", "perhaps"),
    ("DirectoryService.AdditionalSssdConfigs", "ldap_schema = AD"),
    ("DirectoryService.LdapTlsCaCertSecretArn", "arn:aws:secretsmanager:us-east-1:123456789012:secret:ca"),
    ("Tags", [{"Key": "parallelcluster:mine", "Value": "yes"}]),
]


@pytest.mark.parametrize(("path", "value"), WRONG, ids=[f"{path}={value}" for path, value in WRONG])
def test_a_wrong_configuration_is_refused(path: str, value: Any) -> None:
    resolved = everything()
    *way, last = path.split(".")
    section: Any = resolved
    for step in way:
        section = item(section, step) if isinstance(section, list) else section[step]
    if value is None:
        del section[last]
    else:
        section[last] = value
    with pytest.raises(ValidationError):
        load(resolved)


# -- what a running cluster takes -------------------------------------------------------------------------------------

DIRECTORY = SWITCHES["DirectoryGiven"][0]
UPDATES: list[tuple[dict[str, str], dict[str, str], bool]] = [
    ({}, {"ClusterScripts": "userdata/cluster-ba9876543210"}, True),  # a release with other scripts
    ({}, {"ComputeMaxNodes": "20"}, True),
    ({}, {"ComputeMinNodes": "2", "ComputeMaxNodes": "12"}, True),
    ({}, {"SpotMaxNodes": "5"}, True),
    ({}, {"LogRetentionDays": "30"}, True),
    ({}, {"PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/boundary"}, True),
    ({}, {"ComputeEfa": "yes"}, True),
    ({}, {"VpcCidr": "10.1.0.0/16"}, True),
    ({}, {"ComputeInstanceType": "c7i.2xlarge"}, False),
    ({}, {"ComputeMaxNodes": "5"}, False),
    ({"SpotMaxNodes": "5"}, {"SpotMaxNodes": "0"}, False),
    ({"ComputeEfa": "yes"}, {"ComputeEfa": "no"}, False),  # a managed placement group goes with a stopped fleet only
    ({}, {"SlurmAccounting": "no"}, False),
    ({}, DIRECTORY, False),
    (DIRECTORY, {"DirectoryPasswordSecretArn": ""}, False),
    (DIRECTORY, {"DirectoryLdapAccessFilter": "(cn=*)"}, False),
    (DIRECTORY, {"DirectoryLdapSchema": "rfc2307bis"}, False),
    ({}, {"HeadNodeInstanceType": "m6i.2xlarge"}, False),
    ({}, {"KeyName": "operators"}, False),
    ({}, {"LocalAssetsBucket": "another-bucket"}, False),
]


@pytest.mark.parametrize(("before", "after", "taken"), UPDATES, ids=[str(after) for _, after, _ in UPDATES])
def test_a_running_cluster_takes_or_refuses_an_update(
    before: dict[str, str], after: dict[str, str], taken: bool
) -> None:
    patch = _patch(configuration(**before), configuration(**(before | after)), running=True)
    assert patch.changes
    assert patch.check()[0] is taken


def test_a_stopped_cluster_takes_another_instance_type_and_fewer_nodes() -> None:
    smaller = configuration(ComputeInstanceType="c7i.2xlarge", ComputeMaxNodes="5", SlurmAccounting="no")
    assert _patch(configuration(), smaller, running=False).check()[0]


def test_a_stopped_cluster_takes_a_directory_another_one_and_none() -> None:
    one, other = configuration(**DIRECTORY), configuration(**DIRECTORY, DirectoryDomainName="dc=other,dc=example")
    for before, after in ((configuration(), one), (one, other), (other, configuration())):
        assert _patch(before, after, running=False).check()[0]


def test_with_terminate_a_running_cluster_takes_another_instance_type_and_fewer_nodes() -> None:
    smaller = configuration(ComputeInstanceType="c7i.2xlarge", ComputeMaxNodes="5")
    smaller["Scheduling"]["SlurmSettings"]["QueueUpdateStrategy"] = "TERMINATE"
    assert _patch(configuration(SpotMaxNodes="5"), smaller, running=True).check()[0]


def _patch(before: dict[str, Any], after: dict[str, Any], running: bool) -> Any:
    """ParallelCluster's own comparison of two configurations, for a cluster whose fleet runs or is stopped."""
    from pcluster.config.config_patch import ConfigPatch

    cluster = SimpleNamespace(
        name=CLUSTER_NAME,
        stack_name=CLUSTER_NAME,
        has_running_capacity=lambda: running,
        has_running_login_nodes=lambda **_: False,
    )
    return ConfigPatch(cluster=cluster, base_config=before, target_config=after)
