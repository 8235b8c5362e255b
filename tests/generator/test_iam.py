"""Roles and policies: bounded, scoped, and made of actions that exist."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from policy_sentry.querying.actions import get_action_data

from tests.support.built import PARENTS, as_list, branches, resource, resources, strings, templates

BOUNDARY = {"Fn::If": ["BoundaryGiven", {"Ref": "PermissionsBoundaryArn"}, {"Ref": "AWS::NoValue"}]}
READ_ONLY = {"Read", "List"}
# What may be done on any resource and is not reading, with the reason.
ON_EVERYTHING = {
    ("portal.PortalRole", "cloudwatch:PutMetricData"): "knows no resource; bound to the project's namespace",
    ("preflight.PreflightFunctionRole", "iam:CreateServiceLinkedRole"): "bound to Spot's own role",
}
# Reading secrets is what "Read" does not say: never on everything.
SENSITIVE = ("secretsmanager:GetSecretValue", "s3:GetObject", "ssm:GetParameter", "kms:Decrypt", "dynamodb:GetItem")


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, policy document) of every policy of every kind."""
    for place, body in resources():
        properties = body.get("Properties", {})
        for policy in as_list(properties.get("Policies", [])):
            yield place, policy["PolicyDocument"]
        for name in ("PolicyDocument", "FileSystemPolicy", "AssumeRolePolicyDocument"):
            if name in properties:
                yield place, properties[name]


def statements() -> list[Any]:
    """Every statement of every policy, conditional ones too."""
    found = [(place, statement) for place, document in documents() for statement in as_list(document["Statement"])]
    return [pytest.param(place, statement, id=f"{place}-{number}") for number, (place, statement) in enumerate(found)]


ROLES = [pytest.param(place, body["Properties"], id=place) for place, body in resources("AWS::IAM::Role")]


@pytest.mark.parametrize(("place", "properties"), ROLES)
def test_every_role_is_within_the_boundary(place: str, properties: dict[str, Any]) -> None:
    name, title = place.split(".")
    only_then = templates()[name]["Resources"][title].get("Condition") == "BoundaryGiven"
    assert properties["PermissionsBoundary"] == ({"Ref": "PermissionsBoundaryArn"} if only_then else BOUNDARY)
    assert templates()[name]["Conditions"]["BoundaryGiven"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "PermissionsBoundaryArn"}, ""]}]
    }


@pytest.mark.parametrize("parent", PARENTS)
def test_the_boundary_reaches_every_tier_that_makes_roles(parent: str) -> None:
    with_roles = {place.split(".")[0] for place, _ in resources("AWS::IAM::Role")} | {"provider", "clusters"}
    for title, body in templates()[parent]["Resources"].items():
        url = json.dumps(body["Properties"]["TemplateURL"])
        if any(f"templates/{name}.template.yaml" in url for name in with_roles):
            assert body["Properties"]["Parameters"]["PermissionsBoundaryArn"] == {"Ref": "PermissionsBoundaryArn"}, (
                title
            )


def test_the_boundary_reaches_parallelcluster_s_own_roles() -> None:
    """The provider's own roles know none, so with one given its Lambda runs under a role that does."""
    iam = resource("clusters.Cluster1")["ClusterConfiguration"]["Iam"]
    given = ["BoundaryGiven", {"PermissionsBoundary": {"Ref": "PermissionsBoundaryArn"}}, {"Ref": "AWS::NoValue"}]
    assert iam == {"Fn::If": given}
    policies = templates()["provider"]["Resources"]["BoundedPolicies"]
    assert policies["Condition"] == "BoundaryGiven"
    assert policies["Properties"]["Parameters"]["PermissionsBoundaryPolicy"] == {"Ref": "PermissionsBoundaryArn"}
    handed = resource("provider.ParallelCluster")["Parameters"]["CustomLambdaRole"]
    assert handed == {"Fn::If": ["BoundaryGiven", {"Fn::GetAtt": ["ProviderRole", "Arn"]}, ""]}


def test_the_provider_s_role_has_what_the_provider_gives_its_own() -> None:
    """Nested by the provider without a role, AWS's policies template hands it these three, beside the logs."""
    attached = resource("provider.ProviderRole")["ManagedPolicyArns"]
    outputs = ("ParallelClusterClusterPolicy1", "ParallelClusterClusterPolicy2", "DefaultParallelClusterIamAdminPolicy")
    assert attached[1:] == [{"Fn::GetAtt": ["BoundedPolicies", f"Outputs.{name}"]} for name in outputs]
    for title in ("ValidationPolicy", "BoundedProviderPolicy"):
        assert as_list(resource(f"provider.{title}")["Roles"])[0] in (
            [{"Ref": "ProviderRole"}],
            {"Ref": "ProviderRole"},
        )


@pytest.mark.parametrize(("place", "statement"), statements())
def test_actions_exist_and_are_spelled_out(place: str, statement: dict[str, Any]) -> None:
    for action in as_list(statement["Action"]):
        service, name = action.split(":")
        if statement["Effect"] == "Deny" and name == "*":
            continue
        assert "*" not in name, f"{action}: name what is needed"
        known = get_action_data(service, name)
        assert known and known[service][0]["action"] == action, f"{action} is not known to IAM"


@pytest.mark.parametrize(("place", "statement"), statements())
def test_nobody_may_create_log_groups(place: str, statement: dict[str, Any]) -> None:
    """A group comes back for ever where its writer may create it."""
    assert "logs:CreateLogGroup" not in as_list(statement["Action"])


@pytest.mark.parametrize(("place", "statement"), statements())
def test_what_is_allowed_on_everything_only_reads(place: str, statement: dict[str, Any]) -> None:
    if statement["Effect"] == "Deny" or "*" not in as_list(statement.get("Resource", [])):
        return
    for action in as_list(statement["Action"]):
        assert action not in SENSITIVE
        service, name = action.split(":")
        level = get_action_data(service, name)[service][0]["access_level"]
        if level not in READ_ONLY:
            assert (place, action) in ON_EVERYTHING, f"{action} is {level}"
            assert "Condition" in statement


def test_every_exception_is_of_use() -> None:
    used = {
        (place, action)
        for place, statement in (param.values for param in statements())
        if "*" in as_list(statement.get("Resource", []))
        for action in as_list(statement["Action"])
    }
    needed = {(place, action) for place, action in ON_EVERYTHING if (place, action) in used}
    # A right may be scoped more narrowly than an exception admits, and then the exception goes.
    assert set(ON_EVERYTHING) - needed <= {("preflight.PreflightFunctionRole", "iam:CreateServiceLinkedRole")}


@pytest.mark.parametrize(("place", "properties"), ROLES)
def test_a_role_has_one_principal_and_it_is_a_service(place: str, properties: dict[str, Any]) -> None:
    (statement,) = properties["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == ["sts:AssumeRole"]
    principal = statement["Principal"]["Service"]
    if place == "portal.PortalRole":
        assert principal == {"Fn::Sub": "ec2.${AWS::URLSuffix}"}, "EC2's principal alone follows the suffix"
    else:
        assert principal in ("lambda.amazonaws.com", "vpc-flow-logs.amazonaws.com")


@pytest.mark.parametrize(("place", "statement"), statements())
def test_an_open_principal_is_conditional(place: str, statement: dict[str, Any]) -> None:
    if statement.get("Principal") == "*":
        assert statement["Effect"] == "Deny" or place == "file-system.FileSystem"
        assert statement["Condition"]


@pytest.mark.parametrize(("place", "statement"), statements())
def test_conditional_parts_come_to_something(place: str, statement: dict[str, Any]) -> None:
    """IAM refuses a statement without actions, or without resources where it belongs to a role."""
    assert as_list(statement["Action"])
    if "Resource" in statement:
        certain = [item for item in statement["Resource"] if item == branches(item)[0]] if statement["Resource"] else []
        assert certain, "at least one resource whatever the answers are"
    else:
        assert "Principal" in statement


def test_managed_policies_of_aws_are_few() -> None:
    ours = [body for _, body in resources() if body["Type"] != "Custom::PclusterCluster"]  # whose nodes may have more
    found = {text for body in ours for _, text in strings(body) if ":iam::aws:policy/" in text}
    policies = (
        "AmazonSSMManagedInstanceCore",
        "service-role/AWSLambdaBasicExecutionRole",
    )  # the latter: the provider's
    assert found == {f"arn:${{AWS::Partition}}:iam::aws:policy/{name}" for name in policies}


def test_no_policy_passes_roles_or_administers() -> None:
    forbidden = ("iam:PassRole", "sts:AssumeRole", "iam:Put", "iam:Attach", "iam:CreateRole", "iam:CreatePolicy")
    for place, document in documents():
        if "AssumeRolePolicyDocument" in place:
            continue
        for statement in as_list(document["Statement"]):
            if "Principal" not in statement:
                assert not [action for action in as_list(statement["Action"]) if action.startswith(forbidden)], place


def test_the_nodes_read_their_own_scripts_and_no_others() -> None:
    cluster = resource("provider.NodePolicy")["PolicyDocument"]["Statement"]
    assert [statement["Action"] for statement in cluster] == [["s3:GetObject"]]
    assert cluster[0]["Resource"][0]["Fn::Sub"][0].endswith("${BucketName}/userdata/cluster*")
    portal = json.dumps(resource("portal.PortalRole")["Policies"])
    assert "${BucketName}/userdata/portal*" in portal and "userdata/cluster" not in portal


def test_policies_for_parallelcluster_lie_under_its_path() -> None:
    """The provider may attach policies of this path only."""
    for place, body in resources("AWS::IAM::ManagedPolicy"):
        assert body["Properties"]["Path"] == "/parallelcluster/", place


def test_the_provider_may_look_at_the_secrets_that_it_validates() -> None:
    (statement,) = resource("provider.ValidationPolicy")["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    directory = {"Fn::If": ["DirectoryGiven", {"Ref": "DirectoryPasswordSecretArn"}, {"Ref": "AWS::NoValue"}]}
    assert statement["Resource"] == [{"Ref": "MungeSecretArn"}, {"Ref": "DatabaseSecretArn"}, directory]
