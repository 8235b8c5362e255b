"""The cluster's configuration, as every combination of answers resolves it, is one that ParallelCluster accepts."""

from __future__ import annotations

import copy
import itertools
import re
from types import SimpleNamespace
from typing import Any

import pytest
from marshmallow import ValidationError

from generator.form.operations import LOG_RETENTION_DAYS
from generator.text.archives import cluster_scripts
from tests.support.cluster_configuration import CLUSTER_NAME, PARAMETERS, SOURCE, SWITCHES, configuration, names_used

OF_DIRECTORY = {name: on_off for name, on_off in SWITCHES.items() if name.startswith("Directory")}
OTHERS = {name: on_off for name, on_off in SWITCHES.items() if name not in OF_DIRECTORY}


def combinations(switches: dict[str, Any], *picks: tuple[int, ...]) -> list[dict[str, str]]:
    """Answers for `picks` of on (0) and off (1), or for all there are."""
    return [
        {
            name: value
            for on_off, pick in zip(switches.values(), picked, strict=True)
            for name, value in on_off[pick].items()
        }
        for picked in picks or itertools.product((0, 1), repeat=len(switches))
    ]


# All of what has nothing to do with a directory, with and without one, and all of a directory.
COMBINATIONS = [
    one | other
    for ones, others in (
        (combinations(OTHERS), combinations(OF_DIRECTORY, (0,) * len(OF_DIRECTORY), (1,) * len(OF_DIRECTORY))),
        (combinations(OF_DIRECTORY), [{}]),
    )
    for one, other in itertools.product(ones, others)
]


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def load(resolved: dict[str, Any]) -> Any:
    """Pass a configuration through ParallelCluster's schema; raises ValidationError."""
    from pcluster.schemas.cluster_schema import ClusterSchema

    return ClusterSchema(cluster_name=CLUSTER_NAME).load(copy.deepcopy(resolved))


def everything() -> dict[str, Any]:
    """The configuration with all optional parts."""
    return configuration(**{name: value for on, _ in SWITCHES.values() for name, value in on.items()})


def queues(resolved: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = resolved["Scheduling"]["SlurmQueues"]
    return found


def scalars(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return [leaf for value in node.values() for leaf in scalars(value)]
    if isinstance(node, list):
        return [leaf for item in node for leaf in scalars(item)]
    return [node]


def test_every_combination_of_answers_passes_the_schema_with_strings_as_cloudformation_sends_them() -> None:
    for answers in COMBINATIONS:
        resolved = configuration(**answers)
        assert all(isinstance(leaf, str) for leaf in scalars(resolved)), answers
        load(resolved)


def test_the_file_uses_only_the_conditions_and_values_that_the_cluster_tier_hands_in() -> None:
    parameters, conditions = names_used()
    assert conditions == set(SWITCHES)
    conditions_alone = {"ComputeEfa", "SlurmAccounting", "DirectoryCaCertSecretArn"}
    assert parameters - {"AWS::NoValue"} == set(PARAMETERS) - conditions_alone


def test_every_log_retention_that_the_form_offers_is_one_of_parallelclusters() -> None:
    for days in LOG_RETENTION_DAYS:
        load(configuration(LogRetentionDays=str(days)))


def test_zones_differ_in_nothing_but_what_is_theirs() -> None:
    own = {"ZoneNumber": "2", "LustreId": "fs-02020202020202020", "PrivateSubnetId": "subnet-02020202020202020"}
    pairs = [
        (one, two)
        for one, two in zip(scalars(configuration()), scalars(configuration(**own)), strict=True)
        if one != two
    ]
    assert {two for _, two in pairs} == {"slurm_az2", "lustre-az2", "/fsx_cluster2", *list(own.values())[1:]}


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
    ("Scheduling.SlurmQueues.0.Name", None),
    ("Scheduling.SlurmQueues.0.CapacityType", "CHEAP"),
    ("Scheduling.SlurmQueues.0.Networking.SubnetIds", []),
    ("Scheduling.SlurmQueues.0.Networking.PublicIp", "true"),
    ("Scheduling.SlurmQueues.0.ComputeResources.0.MaxCount", "0"),
    ("Scheduling.SlurmQueues.0.ComputeResources.0.MinCount", "-1"),
    ("Scheduling.SlurmQueues.0.ComputeResources.0.MaxCount", "many"),
    ("Scheduling.SlurmQueues.0.ComputeResources.0.InstanceType", None),
    ("Scheduling.SlurmQueues.0.ComputeResources.0.Efa.Enabled", "perhaps"),
    ("SharedStorage.0.MountDir", "/NONE"),
    ("SharedStorage.0.EfsSettings.FileSystemId", "efs"),
    ("SharedStorage.0.EfsSettings.Encrypted", "true"),
    ("SharedStorage.0.FsxLustreSettings", {"FileSystemId": "fs-0f0f0f0f0f0f0f0f0"}),
    ("SharedStorage.1.StorageType", "Lustre"),
    ("SharedStorage.1.FsxLustreSettings.StorageCapacity", "1200"),
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
        section = section[int(step)] if step.isdigit() else section[step]
    if value is None:
        del section[last]
    else:
        section[last] = value
    with pytest.raises(ValidationError):
        load(resolved)


# -- what must hold whatever was answered -----------------------------------------------------------------------------


def test_the_metadata_service_asks_for_a_token_and_is_closed_to_users() -> None:
    for answers in COMBINATIONS:
        resolved = configuration(**answers)
        assert resolved["Imds"] == {"ImdsSupport": "v2.0"}
        assert resolved["HeadNode"]["Imds"] == {"Secured": "true"}


def test_every_root_volume_is_encrypted_and_has_a_size() -> None:
    resolved = everything()
    storages = [resolved["HeadNode"]["LocalStorage"], *(q["ComputeSettings"]["LocalStorage"] for q in queues(resolved))]
    for storage in storages:
        assert storage["RootVolume"]["Encrypted"] == "true"
        assert int(storage["RootVolume"]["Size"]) >= 60


def test_nothing_is_open_to_the_internet() -> None:
    resolved = everything()
    assert "0.0.0.0/0" not in scalars(resolved)
    assert resolved["HeadNode"]["Ssh"]["AllowedIps"] == PARAMETERS["VpcCidr"]
    assert "ElasticIp" not in resolved["HeadNode"]["Networking"]
    assert all("AssignPublicIp" not in queue["Networking"] for queue in queues(resolved))


def test_head_node_and_every_queue_carry_the_groups_that_reach_the_file_systems_and_the_accounts() -> None:
    resolved = everything()
    assert len(queues(resolved)) == 2
    assert resolved["HeadNode"]["Networking"]["AdditionalSecurityGroups"] == [PARAMETERS["HeadNodeSecurityGroupId"]]
    bucket = PARAMETERS["LocalAssetsBucket"]
    for queue in queues(resolved):
        assert queue["Networking"]["AdditionalSecurityGroups"] == [PARAMETERS["ComputeNodeSecurityGroupId"]]
        assert queue["CustomActions"]["OnNodeStart"]["Script"] == (
            f"s3://{bucket}/{PARAMETERS['ClusterScripts']}/accounts.sh"
        )
        assert queue["Iam"] == resolved["HeadNode"]["Iam"]
    assert resolved["HeadNode"]["Iam"]["S3Access"] == [{"BucketName": bucket, "KeyName": "userdata/cluster*"}]


def test_a_cluster_mounts_the_shared_file_system_and_its_own_lustre_only() -> None:
    storage = configuration(ZoneNumber="2")["SharedStorage"]
    assert [item["MountDir"] for item in storage] == ["/efs", "/fsx_cluster2"]
    assert storage[0]["EfsSettings"] == {"FileSystemId": PARAMETERS["FileSystemId"], "EncryptionInTransit": "true"}
    assert storage[1]["FsxLustreSettings"] == {"FileSystemId": PARAMETERS["LustreId"]}


def test_secrets_are_named_and_never_told() -> None:
    named = [str(leaf) for leaf in scalars(everything()) if "secret" in str(leaf).lower()]
    directory = everything()["DirectoryService"]["PasswordSecretArn"]
    assert sorted(named) == sorted([PARAMETERS["MungeSecretArn"], PARAMETERS["DatabaseSecretArn"], directory])
    assert "resolve:" not in SOURCE.read_text()


def test_a_directory_is_only_asked_with_verified_tls() -> None:
    for answers in COMBINATIONS:
        directory = configuration(**answers).get("DirectoryService", {"LdapTlsReqCert": "hard"})
        assert directory["LdapTlsReqCert"] == "hard"
        assert directory.get("AdditionalSssdConfigs", {}).get("ldap_id_use_start_tls", "True") == "True"
        assert "ldap_auth_disable_tls_never_use_in_production" not in str(directory)


def test_partitions_are_never_written_out() -> None:
    assert not re.search(r"arn:aws|amazonaws", re.sub(r"#.*|https://docs\S+", "", SOURCE.read_text()))
    china = configuration(**{"AWS::Partition": "aws-cn", "AWS::Region": "cn-north-1"})
    policy = china["HeadNode"]["Iam"]["AdditionalIamPolicies"][0]["Policy"]
    assert policy == "arn:aws-cn:iam::aws:policy/AmazonSSMManagedInstanceCore"


def test_scripts_in_the_configuration_are_those_that_the_project_ships() -> None:
    shipped = set(cluster_scripts(SOURCE.parent.parent)[1])
    assert {leaf.rsplit("/", 1)[1] for leaf in scalars(everything()) if leaf.startswith("s3://")} == shipped


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
