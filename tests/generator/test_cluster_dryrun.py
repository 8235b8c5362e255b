"""ParallelCluster's real validators have nothing against the cluster, and something against clusters that are wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from generator.form.directory import SCHEMAS as DIRECTORY_SCHEMAS
from tests.support.cluster_configuration import SWITCHES, configuration
from tests.support.pcluster_dryrun import account, faults

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
    assert faults(configuration(**(deployment | answers))) == []


@in_each_partition
def test_the_only_warning_is_that_session_manager_takes_the_place_of_a_key_pair(deployment: dict[str, str]) -> None:
    (warning,) = faults(configuration(**deployment), "WARNING")
    assert warning.startswith("If you do not specify a key pair")


@in_each_partition
@pytest.mark.parametrize("schema", DIRECTORY_SCHEMAS)
def test_parallelcluster_takes_a_directory_of_every_kind(deployment: dict[str, str], schema: str) -> None:
    answers = EVERYTHING | {"DirectoryPasswordSecretArn": deployment["DirectorySecret"], "DirectoryLdapSchema": schema}
    assert faults(configuration(**(deployment | answers))) == []


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
    assert faults(configuration(**(deployment | {"ZoneNumber": "2"}))) == []


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
        lambda cluster: cluster["SharedStorage"][1].update(MountDir="/efs"),
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
        lambda cluster: cluster["SharedStorage"][1].update(MountDir="/opt"),
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
