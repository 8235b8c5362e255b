"""ParallelCluster's real validators have nothing against the cluster, and something against clusters that are wrong.

Names of an account of your own (a role, an image, a reservation) cannot be checked here: a warning reports each, and the
rest is checked without it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from generator.form.directory import SCHEMAS as DIRECTORY_SCHEMAS
from tests.support.account_names import checkable
from tests.support.cluster_configuration import PARAMETERS, SWITCHES, configuration, item
from tests.support.pcluster_dryrun import account, faults, verdict

pytestmark = pytest.mark.slow

IN_THE_ACCOUNT = {"PermissionsBoundaryArn", "DirectoryPasswordSecretArn"}
EVERYTHING = {name: value for on, _ in SWITCHES.values() for name, value in on.items() if name not in IN_THE_ACCOUNT}
NOTHING = {name: value for _, off in SWITCHES.values() for name, value in off.items()}


in_each_partition = pytest.mark.parametrize("deployment", ["us-east-1", "cn-north-1"], indirect=True)
in_one_region = pytest.mark.parametrize("deployment", ["us-east-1"], indirect=True)


@pytest.fixture(scope="module")
def deployment(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Parameters of a deployment in the region that a test asks for; one account at a time."""
    with account(request.param) as parameters:
        yield parameters


@in_each_partition
@pytest.mark.parametrize("answers", [{}, EVERYTHING, NOTHING], ids=["defaults", "everything", "nothing"])
def test_parallelcluster_would_go_ahead(deployment: dict[str, str], answers: dict[str, str]) -> None:
    assert verdict(configuration(**(deployment | answers)), deployment | answers).faults == []


@in_each_partition
def test_a_warning_says_that_session_manager_takes_the_place_of_a_key_pair(deployment: dict[str, str]) -> None:
    warnings = faults(configuration(**deployment), "WARNING")
    assert any(warning.startswith("If you do not specify a key pair") for warning in warnings)


@in_each_partition
@pytest.mark.parametrize("schema", DIRECTORY_SCHEMAS)
def test_parallelcluster_takes_a_directory_of_every_kind(deployment: dict[str, str], schema: str) -> None:
    answers = EVERYTHING | {"DirectoryPasswordSecretArn": deployment["DirectorySecret"], "DirectoryLdapSchema": schema}
    assert verdict(configuration(**(deployment | answers)), deployment | answers).faults == []


@in_one_region
@pytest.mark.parametrize(("scheme", "warned"), [("ldaps", False), ("ldap", True)])
def test_parallelcluster_warns_of_ldap_since_it_does_not_know_of_start_tls(
    deployment: dict[str, str], scheme: str, warned: bool
) -> None:
    answers = {
        "DirectoryPasswordSecretArn": deployment["DirectorySecret"],
        "DirectoryDomainAddr": f"{scheme}://dc1.corp.example.com",
        "DirectoryDomainName": "dc=corp,dc=example,dc=com",
    }
    told = faults(configuration(**(deployment | answers)), "WARNING")
    assert any("ldaps protocol is strongly encouraged" in sentence for sentence in told) is warned


@in_one_region
def test_zone_two_is_as_good_as_zone_one(deployment: dict[str, str]) -> None:
    answers = deployment | {"ZoneNumber": "2"}
    assert verdict(configuration(**answers), answers).faults == []


# Answers, or values of other tiers, that the validators refuse, with a word of their sentence.
WRONG_VALUES = [
    ({"ComputeInstanceType": "c7g.2xlarge"}, "architecture"),
    ({"HeadNodeInstanceType": "m7g.xlarge"}, "official ParallelCluster AMI"),
    ({"ComputeInstanceType": "c99.2xlarge"}, "do not exist"),
    ({"ComputeEfa": "yes"}, "does not support EFA"),
    ({"ComputeMinNodes": "20"}, "Max count must be"),
    ({"KeyName": "nobody"}, "does not exist"),
    ({"NodePolicyArn": "arn:aws:iam::123456789012:policy/parallelcluster/none"}, "not found"),
    ({"PrivateSubnetId": "subnet-0123456789abcdef0"}, "does not exist"),
    ({"DatabaseEndpoint": "mysql://aurora"}, "scheme"),
    (
        {"DirectoryPasswordSecretArn": "arn:aws:ssm:us-east-1:123456789012:parameter/reader"},
        "is not supported in region",
    ),
]


@in_one_region
@pytest.mark.parametrize(("values", "word"), WRONG_VALUES, ids=[str(values) for values, _ in WRONG_VALUES])
def test_a_wrong_value_is_refused(deployment: dict[str, str], values: dict[str, str], word: str) -> None:
    assert word in " ".join(faults(configuration(**(deployment | values))))


def _without_groups(section: dict[str, Any]) -> None:
    del section["Networking"]["AdditionalSecurityGroups"]


def _settings(cluster: dict[str, Any], **settings: str) -> None:
    cluster["Scheduling"]["SlurmSettings"]["CustomSlurmSettings"] = [settings]


def _directory(**changes: Any) -> dict[str, Any]:
    on = {name: value for on, _ in SWITCHES.values() for name, value in on.items() if name.startswith("Directory")}
    return configuration(**on)["DirectoryService"] | changes  # type: ignore[no-any-return]


# Edits of templates/cluster.yaml that the schema takes and the validators refuse.
WRONG_EDITS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a queue without its security group": (
        lambda cluster: _without_groups(cluster["Scheduling"]["SlurmQueues"][0]),
        "allows inbound and outbound",
    ),
    "a head node without its security group": (lambda cluster: _without_groups(cluster["HeadNode"]), "2049"),
    "a queue twice": (
        lambda cluster: cluster["Scheduling"]["SlurmQueues"].append(
            copy.deepcopy(cluster["Scheduling"]["SlurmQueues"][0])
        ),
        "must be unique",
    ),
    "a name in capitals": (lambda cluster: cluster["Scheduling"]["SlurmQueues"][0].update(Name="Big"), "Invalid name"),
    "a setting that is ParallelCluster's": (lambda cluster: _settings(cluster, Prolog="/x"), "not allowed: Prolog"),
    "a root volume below the image's": (
        lambda cluster: cluster["HeadNode"]["LocalStorage"]["RootVolume"].update(Size="10"),
        "equal or greater",
    ),
    "two file systems in one place": (
        lambda cluster: item(cluster["SharedStorage"], "lustre-az1").update(MountDir="/efs"),
        "should be unique",
    ),
    "a directory whose domain is none": (
        lambda cluster: cluster.update(DirectoryService=_directory(DomainName="corp example com")),
        "Unsupported domain address format",
    ),
    "a directory of another kind than LDAP": (
        lambda cluster: cluster.update(DirectoryService=_directory(AdditionalSssdConfigs={"id_provider": "ad"})),
        "Cannot override the SSSD property 'id_provider'",
    ),
    "an access filter that nobody asks": (
        lambda cluster: cluster.update(
            DirectoryService=_directory(AdditionalSssdConfigs={"access_provider": "permit"})
        ),
        "Cannot override the SSSD property 'access_provider'",
    ),
    "a file system over the image's folders": (
        lambda cluster: item(cluster["SharedStorage"], "lustre-az1").update(MountDir="/opt"),
        "reserved",
    ),
}


@in_one_region
@pytest.mark.parametrize("edit", WRONG_EDITS)
def test_a_wrong_edit_is_refused(deployment: dict[str, str], edit: str) -> None:
    change, word = WRONG_EDITS[edit]
    cluster = configuration(**deployment)
    change(cluster)
    assert word in " ".join(faults(cluster))


# Edits that name something of the operator's own account, and the name that cannot be checked.
def _queue(cluster: dict[str, Any]) -> dict[str, Any]:
    return cluster["Scheduling"]["SlurmQueues"][0]  # type: ignore[no-any-return]


def _second(cluster: dict[str, Any], **changes: Any) -> None:
    """A second compute resource of the first queue, with these changes."""
    resources = _queue(cluster)["ComputeResources"]
    resources.append({**resources[0], "Name": "second", **changes})


STORAGE = {
    "Name": "own",
    "StorageType": "Ebs",
    "MountDir": "/own",
    "EbsSettings": {"VolumeId": "vol-0123456789abcdef0"},
}
ROLE = "arn:aws:iam::123456789012:role/pcluster-ec2"
OWN_NAMES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a role": (lambda cluster: _queue(cluster).update(Iam={"InstanceRole": ROLE}), f"Iam.InstanceRole: {ROLE}"),
    "an image": (
        lambda cluster: cluster["Image"].update(CustomAmi="ami-00000000000000001"),
        "Image.CustomAmi: ami-00000000000000001",
    ),
    "a security group": (
        lambda cluster: _queue(cluster)["Networking"]["AdditionalSecurityGroups"].append("sg-00000000000000001"),
        "AdditionalSecurityGroups.1: sg-00000000000000001",
    ),
    "a bucket": (
        lambda cluster: _queue(cluster)["Iam"]["S3Access"].append({"BucketName": "my-data"}),
        "Iam.S3Access.1.BucketName: my-data",
    ),
    "a policy": (
        lambda cluster: _queue(cluster)["Iam"]["AdditionalIamPolicies"].append(
            {"Policy": f"{ROLE}".replace("role", "policy")}
        ),
        "Iam.AdditionalIamPolicies.2.Policy: arn:aws:iam::123456789012:policy/pcluster-ec2",
    ),
    "a script": (
        lambda cluster: _queue(cluster)["CustomActions"].update(
            OnNodeConfigured={"Script": "https://example.com/x.sh"}
        ),
        "CustomActions.OnNodeConfigured.Script: https://example.com/x.sh",
    ),
    "a volume": (
        lambda cluster: cluster["SharedStorage"].append(copy.deepcopy(STORAGE)),
        "SharedStorage.2.EbsSettings.VolumeId: vol-0123456789abcdef0",
    ),
    "a reservation": (
        lambda cluster: _second(
            cluster,
            CapacityReservationTarget={"CapacityReservationId": "cr-00000000000000001"},
            InstanceType="c6i.4xlarge",
        ),
        "ComputeResources.1.CapacityReservationTarget.CapacityReservationId: cr-00000000000000001",
    ),
    "a placement group": (
        lambda cluster: _second(cluster, Networking={"PlacementGroup": {"Enabled": "true", "Name": "my-group"}}),
        "ComputeResources.1.Networking.PlacementGroup.Name: my-group",
    ),
    "an instance type that is newer than these tests": (
        lambda cluster: _second(cluster, InstanceType="p99.48xlarge"),
        "ComputeResources.1.InstanceType: p99.48xlarge",
    ),
    "flexible types that are newer than these tests": (
        lambda cluster: _queue(cluster)["ComputeResources"].append(
            {"Name": "third", "Instances": [{"InstanceType": "p98.xlarge"}], "MinCount": "0", "MaxCount": "2"}
        ),
        "ComputeResources.1.Instances.0.InstanceType: p98.xlarge",
    ),
}


@in_one_region
@pytest.mark.parametrize("edit", OWN_NAMES)
def test_a_name_of_your_own_account_is_reported_and_the_rest_is_checked(deployment: dict[str, str], edit: str) -> None:
    change, name = OWN_NAMES[edit]
    cluster = configuration(**deployment)
    change(cluster)
    with pytest.warns(UserWarning, match="is a name of your own account, and was not checked"):
        found = verdict(cluster, deployment)
    assert len(found.unknown) == 1 and found.unknown[0].endswith(name)
    assert found.faults == []


@in_one_region
def test_a_fault_beside_a_name_of_your_own_account_is_found(deployment: dict[str, str]) -> None:
    cluster = configuration(**deployment)
    cluster["Image"]["CustomAmi"] = "ami-00000000000000001"
    _queue(cluster)["ComputeResources"][0]["MinCount"] = "20"
    with pytest.warns(UserWarning, match=r"Image\.CustomAmi"):
        found = verdict(cluster, deployment)
    assert "Max count must be" in " ".join(found.faults)


@in_one_region
def test_the_shipped_configuration_names_nothing_of_an_account(deployment: dict[str, str]) -> None:
    cluster = configuration(**(deployment | EVERYTHING))
    assert checkable(cluster, {*PARAMETERS.values(), *deployment.values(), *EVERYTHING.values()}).unknown == []
