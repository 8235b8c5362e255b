"""The operator's tags reach what the stack's own tags do not, and nothing that refuses them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from generator.form.operations import MOST_TAGS
from tests.support.built import questions, resource, resources, walk
from tests.support.rendered import properties

TWO = "CostCenter=42,Owner=hpc group"
PAIRS = [{"Key": "CostCenter", "Value": "42"}, {"Key": "Owner", "Value": "hpc group"}]
FIVE = ",".join(f"Key{number}=Value{number}" for number in range(1, MOST_TAGS + 1))


@pytest.mark.parametrize(
    "answer",
    ["", "CostCenter=42", FIVE, "team:owner=hpc @ site/1", "name=x", "Names=x", "a=1,A=2", "ab=1,b=2", "b=1,ab=2"],
)
def test_the_form_takes_tags(answer: str) -> None:
    assert re.fullmatch(questions()["Tags"].pattern, answer, re.ASCII)


@pytest.mark.parametrize(
    "answer",
    [
        *(f"{FIVE},f=6", "a", "a=", "=1", "a=1,", ",a=1", "a=1=2", "a=b;c", "Größe=1", "a=1, b=2,"),
        *("aws:x=1", "AWS:x=1", "a=1,aws:x=2", "parallelcluster:version=1", "Name=x", "a=1,Name=x"),
        *("a=1,a=2", "a=1,b=2,a=3", "b=1,a=1,c=1,a=2", "x" * 129 + "=1", "x=" + "1" * 257),
    ],
)
def test_the_form_refuses_what_aws_would(answer: str) -> None:
    assert not re.fullmatch(questions()["Tags"].pattern, answer, re.ASCII)


def specified(**answers: str) -> dict[str, list[dict[str, str]]]:
    """By kind of resource, the tags that a portal node's launch sets."""
    data = properties("portal", "PortalLaunchTemplate1", **answers)["LaunchTemplateData"]
    return {item["ResourceType"]: item["Tags"] for item in data["TagSpecifications"]}


@pytest.mark.parametrize("kind", ["instance", "volume"])
def test_a_portal_node_carries_the_tags(kind: str) -> None:
    name = {"Key": "Name", "Value": "hpc/portal-1"}
    assert specified(Tags=TWO)[kind] == [name, *PAIRS]
    assert specified(Tags="")[kind] == [name]
    assert len(specified(Tags=FIVE)[kind]) == 1 + MOST_TAGS


def test_a_launch_tags_no_interface_that_is_there_already() -> None:
    """RunInstances refuses that; the interface is a resource of the stack."""
    assert specified(Tags=TWO).keys() == {"instance", "volume"}
    tags = properties("security-groups", "PortalInterface2", Tags=TWO)["Tags"]
    assert tags == [{"Key": "Name", "Value": "hpc/portal-2"}, *PAIRS]


def test_the_certificate_carries_the_tags() -> None:
    validated = {"HostedZoneId": "Z0123456789", "DomainName": "hpc.example.com"}
    for title, answers in (("SelfSignedCertificate", {}), ("DomainValidatedCertificate", validated)):
        assert properties("https", title, Tags=TWO, **answers)["Tags"] == PAIRS
        assert "Tags" not in properties("https", title, Tags="", **answers)


def test_the_clusters_carry_the_tags() -> None:
    assert properties("clusters", "Cluster2", Tags=TWO)["ClusterConfiguration"]["Tags"] == PAIRS
    assert len(properties("clusters", "Cluster1", Tags=FIVE)["ClusterConfiguration"]["Tags"]) == MOST_TAGS
    assert "Tags" not in properties("clusters", "Cluster1", Tags="")["ClusterConfiguration"]


def test_every_launch_template_that_makes_instances_carries_them() -> None:
    for place, body in resources("AWS::EC2::LaunchTemplate"):
        for item in body["Properties"]["LaunchTemplateData"]["TagSpecifications"]:
            conditions = [node["Fn::If"][0] for _, node in walk(item) if isinstance(node, dict) and "Fn::If" in node]
            assert len(conditions) == MOST_TAGS, place


def test_the_function_may_tag_the_certificate() -> None:
    policies: list[dict[str, Any]] = resource("https.CertificateFunctionRole")["Policies"]
    actions = {action for statement in policies[0]["PolicyDocument"]["Statement"] for action in statement["Action"]}
    assert {"acm:AddTagsToCertificate", "acm:RemoveTagsFromCertificate"} <= actions
