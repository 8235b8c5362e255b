"""Names that CloudFormation makes: cut as on AWS, and matched by every pattern of ours that spells a part of one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import pytest

from generator.cfn import generated_names
from generator.cfn.regions import partition_of
from tests.support.built import NAMES, PARENTS, as_list, templates
from tests.support.rendered import rendered

BUCKET = "AWS::S3::Bucket"
# Names that CloudFormation made, from public repositories: the name, its stack's name as far as it is known, its logical id.
PUBLIC = [
    (
        "lambda-info-http-endpoin-serverlessdeploymentbuck-2u8uz2i7cap2",
        "lambda-info-http-endpoint",
        "ServerlessDeploymentBucket",
    ),
    (
        "cdkpipelinesdemopipeline-pipelineartifactsbucketa-1ol973x27pexc",
        "CdkpipelinesDemoPipelineStack",
        "PipelineArtifactsBucketAEA9A052",
    ),
    (
        "amplify-d1jx5u7u0ebuxt-ma-amplifydataamplifycodege-0fxenzrmrqkf",
        "amplify-d1jx5u7u0ebuxt-main-branch",
        "amplifyDataAmplifyCodegenAssets",
    ),
    (
        "amplify-foodmap-nakamotod-amplifyteamdrivebucket28-aezexjijypb3",
        "amplify-foodmap-nakamotodev",
        "amplifyTeamDriveBucket28AB",
    ),
    (
        "chineseboostanalyticsstac-rainlyticslogsbucket8df4-hdst4ohfvdif",
        "ChineseBoostAnalyticsStack",
        "RainlyticsLogsBucket8DF4ABCD",
    ),
]


@pytest.mark.parametrize(("name", "stack", "logical_id"), PUBLIC)
def test_a_public_name_begins_as_one_of_the_roundings_has_it(name: str, stack: str, logical_id: str) -> None:
    begins = generated_names.beginnings(BUCKET, stack, logical_id)
    ends = [name.removeprefix(begin) for begin in begins if name.startswith(begin)]
    assert ends and len(name) <= 63 and all(re.fullmatch("[0-9a-z]{12,13}", end) for end in ends)


def test_a_name_that_fits_is_whole() -> None:
    assert generated_names.beginnings(BUCKET, "Portal", "Logs") == ("portal-logs-",)


@pytest.mark.parametrize("kind", [*generated_names.LIMITS, "AWS::AutoScaling::AutoScalingGroup"])
@pytest.mark.parametrize("end", generated_names.ENDS)
def test_a_name_fills_its_type_s_limit_and_never_exceeds_it(kind: str, end: int) -> None:
    limit = generated_names.limit_of(kind)
    for stack, logical_id in itertools.product((1, 5, 17, 30, 59, 128), (1, 8, 15, 24, 28, 100)):
        length = len(generated_names.beginning(kind, "s" * stack, "i" * logical_id, end)) + end
        assert length == min(limit, stack + logical_id + end + 2)


@pytest.mark.parametrize(("stack", "logical_id", "shares"), [(99, 99, (25, 24)), (9, 99, (9, 40)), (99, 9, (40, 9))])
def test_the_part_that_needs_less_leaves_the_rest_to_the_other(
    stack: int, logical_id: int, shares: tuple[int, int]
) -> None:
    assert generated_names.shares(49, "s" * stack, "i" * logical_id) == shares


# Patterns of policies

REGIONS = ("us-east-1", "cn-north-1", "us-gov-west-1")
PARENT_NAMES = ("p", "hpc-portal", "p" * 40)
RANDOM = "0123456789ABC"
BOUNDARY = {partition: f"arn:{partition}:iam::123456789012:policy/Boundary" for partition in map(partition_of, REGIONS)}
# Of AWS's custom_resource/cluster.yaml: the resources that the template does not name.
PROVIDER = {
    "PclusterCustomResourceBucket": BUCKET,
    "CleanupS3bucketFunction": "AWS::Lambda::Function",
    "PclusterLambdaRole": "AWS::IAM::Role",
    "EventsPolicy": "AWS::IAM::ManagedPolicy",
    "S3Policy": "AWS::IAM::ManagedPolicy",
}
# How an ARN of each type ends whose resources CloudFormation names: behind the account, or for S3 behind the region's place.
ARNS = {
    BUCKET: ("s3", "{name}"),
    "AWS::IAM::Role": ("iam", "role/{name}"),
    "AWS::IAM::ManagedPolicy": ("iam", "policy/{name}"),
    "AWS::IAM::InstanceProfile": ("iam", "instance-profile/{name}"),
    "AWS::Lambda::Function": ("lambda", "function:{name}"),
    "AWS::Events::Rule": ("events", "rule/{name}"),
    "AWS::SNS::Topic": ("sns", "{name}"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{name}"),
    "AWS::AutoScaling::AutoScalingGroup": ("autoscaling", "autoScalingGroup:*:autoScalingGroupName/{name}"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("elasticloadbalancing", "loadbalancer/app/{name}/0123456789abcdef"),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("elasticloadbalancing", "targetgroup/{name}/0123456789abcdef"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "secret:{name}"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "alarm:{name}"),
}


class Named(NamedTuple):
    """A resource that CloudFormation names, in a template called `tier`."""

    tier: str
    logical_id: str
    kind: str


def named() -> list[Named]:
    """Every resource of ours and of AWS's provider that CloudFormation names."""
    ours = [
        Named(tier, title, body["Type"])
        for tier in NAMES
        if tier not in PARENTS
        for title, body in templates()[tier]["Resources"].items()
        if body["Type"] in ARNS
    ]
    return ours + [Named("ParallelCluster", title, kind) for title, kind in PROVIDER.items()]


def patterns(region: str) -> Iterator[tuple[str, str]]:
    """(template.LogicalId, resource pattern) of every statement, for a launch within a boundary, in the stack `hpc`."""
    for tier in NAMES:
        if tier in PARENTS:
            continue
        bounded = "PermissionsBoundaryArn" in templates()[tier].get("Parameters", {})
        answers = {"PermissionsBoundaryArn": BOUNDARY[partition_of(region)]} if bounded else {}
        for title, body in rendered(tier, region, **answers)["Resources"].items():
            for statement in statements(body.get("Properties", {})):
                for pattern in as_list(statement.get("Resource", [])):
                    yield f"{tier}.{title}", str(pattern)


def statements(node: Any) -> Iterator[dict[str, Any]]:
    """Every statement of every policy document within `node`."""
    if isinstance(node, dict):
        if isinstance(found := node.get("Statement"), list):
            yield from found
        for value in node.values():
            yield from statements(value)
    elif isinstance(node, list):
        for item in node:
            yield from statements(item)


def spelled(pattern: str) -> list[Named]:
    """The resources of whose logical id the pattern spells a part: at least its first six letters.

    A part of the ARN that is a logical id and nothing else was a Ref, which comes to the whole name.
    """
    service = pattern.split(":", 5)[2] if pattern.count(":") >= 5 else ""
    parts = re.split("[:/]", pattern.split(":", 5)[-1])
    return [
        one
        for one in named()
        if ARNS[one.kind][0] == service
        and any(
            one.logical_id[:6].lower() in part.lower() and len(part) >= 6 and part != one.logical_id for part in parts
        )
    ]


def stack_names(tier: str, parent: str) -> list[str]:
    """What the stack of a tier may be called below a parent: our own tiers, and AWS's provider in one of them."""
    if tier == "ParallelCluster":
        return [f"{parent}-ProviderStack-{RANDOM[:12]}-ParallelCluster-{RANDOM[:12]}"]
    title = next(
        title
        for title, body in templates()["main"]["Resources"].items()
        if f"templates/{tier}.template.yaml" in str(body["Properties"]["TemplateURL"])
    )
    return [f"{parent}-{title}-{RANDOM[:12]}"]


SPELLED = [
    pytest.param(region, place, pattern, one, id=f"{region}-{place}-{one.logical_id}")
    for region in REGIONS
    for place, pattern in dict.fromkeys(patterns(region))
    for one in spelled(pattern)
]


def test_patterns_that_spell_a_generated_name_are_found() -> None:
    found = {parameter.values[3].logical_id for parameter in SPELLED}  # type: ignore[union-attr]
    assert "PclusterCustomResourceBucket" in found and any(title.startswith("PortalNode") for title in found)


@pytest.mark.parametrize("parent", PARENT_NAMES)
@pytest.mark.parametrize(("region", "place", "pattern", "one"), SPELLED)
def test_a_pattern_matches_the_names_that_cloudformation_makes(
    region: str, place: str, pattern: str, one: Named, parent: str
) -> None:
    service, ending = ARNS[one.kind]
    account = ":::" if service == "s3" else "::123456789012:" if service == "iam" else f":{region}:123456789012:"
    for stack, end in itertools.product(stack_names(one.tier, parent), generated_names.ENDS):
        name = generated_names.beginning(one.kind, stack, one.logical_id, end) + RANDOM[:end]
        name = name.lower() if one.kind in generated_names.LOWERED else name
        arn = f"arn:{partition_of(region)}:{service}{account}{ending.format(name=name)}"
        own = pattern.replace("/hpc-", f"/{stack}-")
        assert fnmatchcase(arn, own) or fnmatchcase(f"{arn}/key", own), f"{place}: {own} does not match {arn}"
