"""What must hold of any templates/cluster.yaml: ParallelCluster accepts it for every combination of answers, its nodes reach
the shared file systems, have the portal's accounts, and are closed to the internet.

Queues, file systems, scripts and policies may be added; a failure names the queue. What is true of the shipped file alone is
in test_cluster_shipped.py.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest

from generator.form.operations import LOG_RETENTION_DAYS
from generator.text.archives import cluster_scripts
from generator.text.sources import ROOT
from tests.support.cluster_configuration import (
    PARAMETERS,
    SOURCE,
    SWITCHES,
    configuration,
    everything,
    load,
    queues,
    scalars,
)

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


def test_every_combination_of_answers_passes_the_schema_with_strings_as_cloudformation_sends_them() -> None:
    for answers in COMBINATIONS:
        resolved = configuration(**answers)
        assert all(isinstance(leaf, str) for leaf in scalars(resolved)), answers
        load(resolved)


def test_every_log_retention_that_the_form_offers_is_one_of_parallelclusters() -> None:
    for days in LOG_RETENTION_DAYS:
        load(configuration(LogRetentionDays=str(days)))


def test_zones_differ_in_nothing_but_what_is_theirs() -> None:
    own = {"ZoneNumber": "2", "LustreId": "fs-02020202020202020", "PrivateSubnetId": "subnet-02020202020202020"}
    for one, two in zip(scalars(configuration()), scalars(configuration(**own)), strict=True):
        assert one == two or two in own.values() or two == re.sub(r"(?<=az|er)1", "2", one), two


# -- what every queue has, and every failure names it -----------------------------------------------------------------


def carries_the_group(queue: dict[str, Any]) -> bool:
    """The security group that reaches EFS and Lustre."""
    return PARAMETERS["ComputeNodeSecurityGroupId"] in queue["Networking"].get("AdditionalSecurityGroups", [])


def makes_the_accounts(queue: dict[str, Any]) -> bool:
    """The script that makes the portal's accounts, with the argument for this kind of node."""
    action = queue.get("CustomActions", {}).get("OnNodeStart", {})
    script = f"s3://{PARAMETERS['LocalAssetsBucket']}/{PARAMETERS['ClusterScripts']}/accounts.sh"
    return any(
        item.get("Script") == script and item.get("Args") == ["compute"] for item in action.get("Sequence", [action])
    )


def reads_the_scripts(queue: dict[str, Any]) -> bool:
    """The right to read the scripts from the asset bucket; a role of the operator's own has its own rights."""
    access = {"BucketName": PARAMETERS["LocalAssetsBucket"], "KeyName": "userdata/cluster*"}
    iam = queue.get("Iam", {})
    return access in iam.get("S3Access", []) or bool({"InstanceRole", "InstanceProfile"} & iam.keys())


def has_the_nodes_policy(queue: dict[str, Any]) -> bool:
    """The policy of all nodes; a role of the operator's own has its own rights."""
    iam = queue.get("Iam", {})
    attached = [item["Policy"] for item in iam.get("AdditionalIamPolicies", [])]
    return PARAMETERS["NodePolicyArn"] in attached or bool({"InstanceRole", "InstanceProfile"} & iam.keys())


def encrypts_its_disk(holder: dict[str, Any]) -> bool:
    """Encryption of the root volume, which is ParallelCluster's default."""
    storage = holder.get("ComputeSettings", holder).get("LocalStorage", {})
    return bool(storage.get("RootVolume", {}).get("Encrypted", "true") == "true")


def has_no_public_address(queue: dict[str, Any]) -> bool:
    """Nodes stay in their private subnets."""
    return "AssignPublicIp" not in queue["Networking"]


@pytest.mark.parametrize(
    "holds",
    [
        carries_the_group,
        makes_the_accounts,
        reads_the_scripts,
        has_the_nodes_policy,
        encrypts_its_disk,
        has_no_public_address,
    ],
)
def test_every_queue_holds_what_any_cluster_file_must(holds: Callable[[dict[str, Any]], bool]) -> None:
    wrong = [queue["Name"] for queue in queues(everything()) if not holds(queue)]
    assert not wrong, f"not of {', '.join(wrong)}: {holds.__doc__}"


# -- what the head node has -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("holds", [reads_the_scripts, has_the_nodes_policy, encrypts_its_disk])
def test_the_head_node_holds_what_any_cluster_file_must(holds: Callable[[dict[str, Any]], bool]) -> None:
    assert holds(everything()["HeadNode"]), holds.__doc__


def test_the_head_node_carries_the_group_that_reaches_file_systems_database_and_portal() -> None:
    groups = everything()["HeadNode"]["Networking"]["AdditionalSecurityGroups"]
    assert PARAMETERS["HeadNodeSecurityGroupId"] in groups


@pytest.mark.parametrize("moment", ["OnNodeStart", "OnNodeConfigured", "OnNodeUpdated"])
def test_the_head_node_runs_the_projects_scripts(moment: str) -> None:
    wanted = {
        "OnNodeStart": {"accounts.sh"},
        "OnNodeConfigured": {"services.sh", "publish.sh", "operator.sh", "users.sh"},
        "OnNodeUpdated": {"services.sh", "publish.sh", "operator.sh", "users.sh", "directory.sh"},
    }
    action = everything()["HeadNode"]["CustomActions"][moment]
    own = f"s3://{PARAMETERS['LocalAssetsBucket']}/"
    scripts = [item["Script"] for item in action.get("Sequence", [action])]
    assert wanted[moment] <= {script.rsplit("/", 1)[1] for script in scripts if script.startswith(own)}


def test_the_metadata_service_asks_for_a_token_and_is_closed_to_users() -> None:
    for answers in COMBINATIONS:
        resolved = configuration(**answers)
        assert resolved["Imds"]["ImdsSupport"] == "v2.0"
        assert resolved["HeadNode"]["Imds"]["Secured"] == "true"


# -- the whole cluster ------------------------------------------------------------------------------------------------


def test_nothing_is_open_to_the_internet() -> None:
    resolved = everything()
    assert "0.0.0.0/0" not in scalars(resolved)
    assert "AllowedIps" in resolved["HeadNode"]["Ssh"], "ParallelCluster's default is the whole internet"
    assert "ElasticIp" not in resolved["HeadNode"]["Networking"]


def test_a_cluster_mounts_the_shared_file_system_encrypted_in_transit() -> None:
    (efs,) = (item["EfsSettings"] for item in configuration()["SharedStorage"] if item["MountDir"] == "/efs")
    assert efs["FileSystemId"] == PARAMETERS["FileSystemId"]
    assert efs["EncryptionInTransit"] == "true"


def test_a_cluster_mounts_the_lustre_of_its_own_zone() -> None:
    storage = configuration(ZoneNumber="2")["SharedStorage"]
    (lustre,) = (item["FsxLustreSettings"] for item in storage if item["MountDir"] == "/fsx_cluster2")
    assert lustre["FileSystemId"] == PARAMETERS["LustreId"]
    assert "/fsx_cluster1" not in [item["MountDir"] for item in storage]


def secrets(node: Any, key: str = "") -> list[tuple[str, str]]:
    """Key and value of everything whose key says that it is a secret's."""
    if isinstance(node, dict):
        return [pair for name, value in node.items() for pair in secrets(value, name)]
    if isinstance(node, list):
        return [pair for item in node for pair in secrets(item, key)]
    return [(key, node)] if re.search("Secret|Password", key) else []


def test_secrets_are_named_and_never_shown() -> None:
    assert [value for _, value in secrets(everything()) if not value.startswith("arn:")] == []
    assert "resolve:" not in SOURCE.read_text(), "the provider's Lambda logs what CloudFormation resolves"


def test_a_directory_is_only_asked_with_verified_tls() -> None:
    for answers in COMBINATIONS:
        directory = configuration(**answers).get("DirectoryService", {"LdapTlsReqCert": "hard"})
        assert directory["LdapTlsReqCert"] == "hard"
        assert directory.get("AdditionalSssdConfigs", {}).get("ldap_id_use_start_tls", "True") == "True"
        assert "ldap_auth_disable_tls_never_use_in_production" not in str(directory)


def test_policies_of_aws_itself_are_named_for_every_partition() -> None:
    assert not re.search(r"arn:aws[a-z-]*:iam::aws:", SOURCE.read_text()), "write !Sub arn:${AWS::Partition}:iam::aws:…"


def test_scripts_from_the_asset_bucket_are_those_that_the_project_ships() -> None:
    shipped = set(cluster_scripts(ROOT)[1])
    own = f"s3://{PARAMETERS['LocalAssetsBucket']}/"
    assert {leaf.rsplit("/", 1)[1] for leaf in scalars(everything()) if leaf.startswith(own)} <= shipped
