"""The whole stack on the emulator, as an operator launches it: every tier, every Lambda, in every partition, and its end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator import RELEASE_FOLDER
from generator.stack import build
from tests.emulator.client import Emulator
from tests.emulator.outcome import Outcome
from tests.emulator.release import BUCKET, PREFIX, prepare, release
from tests.support.deployment import PROMISED, vpc

ROOT = Path(__file__).resolve().parents[2]
ACCESS_LOGS = {"AWS::S3::Bucket"}  # with the answer yes to AccessLogs; the bucket is never empty


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A release, as it is published."""
    return release()


class Deployment:
    """A deployment of one parent template in one region of the emulator, from a bucket in `bucket_region`."""

    def __init__(self, emulator: Emulator, files: dict[str, bytes], name: str, region: str) -> None:
        self.emulator, self.name, self.region = emulator, name, region
        self.files = files

    def create(self, given: dict[str, str], parent: str = "main", bucket_region: str = "") -> Outcome:
        """Publish and create."""
        source = bucket_region or self.region
        bucket = f"{BUCKET}-{source}"
        self.emulator.publish(self.files, bucket, PREFIX + RELEASE_FOLDER, source)
        url = self.emulator.url(bucket, f"{PREFIX}{RELEASE_FOLDER}templates/{parent}.template.yaml", source)
        given = {**given, "AssetsBucket": bucket, "AssetsBucketRegion": source, "AssetsPrefix": PREFIX}
        return self.emulator.create_stack(
            self.name, region=self.region, url=url, parameters=prepare(self.emulator, given, self.region)
        )

    def delete(self) -> Outcome:
        """Delete."""
        return self.emulator.delete_stack(self.name, region=self.region)

    def left(self) -> tuple[set[str], list[str]]:
        """Kinds of what is retained, and everything else that is there, of all stacks of this region."""
        found = self.emulator.leftovers(self.region)
        ours = [item for item in found if item.name != "vendor"]
        return {item.kind for item in ours if item.retained}, [str(item) for item in ours if not item.retained]


def parameters(file: str) -> dict[str, str]:
    """The answers of an example parameter file."""
    given = json.loads((ROOT / "parameters" / f"{file}.json").read_text())
    return {item["ParameterKey"]: item["ParameterValue"] for item in given}


@pytest.mark.parametrize(
    ("region", "file"),
    [
        ("us-east-1", "minimal"),
        ("eu-west-1", "minimal"),
        ("cn-north-1", "china-beijing"),
        ("cn-northwest-1", "china-ningxia"),
        ("us-gov-west-1", "govcloud"),
    ],
)
def test_it_comes_up_with_its_outputs_and_goes_without_a_trace(
    emulator: Emulator, files: dict[str, bytes], name: str, region: str, file: str
) -> None:
    given = existing(emulator, region, parameters(file))
    deployment = Deployment(emulator, files, name, region)
    launched = deployment.create(given)
    assert launched.status == "CREATE_COMPLETE", launched.reason
    assert set(launched.outputs) == set(build()["main.template.yaml"]["Outputs"])
    assert all(launched.outputs.values())
    children = _children(emulator, name, region)
    assert {status for _, status in children} == {"CREATE_COMPLETE"}
    wanted = {title for title, body in build()["main.template.yaml"]["Resources"].items() if "Condition" not in body}
    assert wanted <= {title for title, _ in children}
    deleted = deployment.delete()
    assert deleted.status == "DELETE_COMPLETE", deleted.reason
    retained, others = deployment.left()
    assert retained == PROMISED | (ACCESS_LOGS if given.get("AccessLogs") == "yes" else set())
    assert not_ours(others) == []


def test_production_launches_with_most_options_on(emulator: Emulator, files: dict[str, bytes], name: str) -> None:
    region = "us-west-2"
    given = existing(emulator, region, parameters("production"))
    deployment = Deployment(emulator, files, name, region)
    launched = deployment.create(given)
    assert launched.status == "CREATE_COMPLETE", launched.reason
    assert launched.outputs["EnginFramePortalURL"] == "https://hpc.example.com/enginframe/"
    assert "WafStack" in {title for title, _ in _children(emulator, name, region)}
    assert deployment.delete().complete
    retained, others = deployment.left()
    assert retained == PROMISED | ACCESS_LOGS
    assert not_ours(others) == []


def test_a_bucket_in_another_region_serves_the_launch(emulator: Emulator, files: dict[str, bytes], name: str) -> None:
    deployment = Deployment(emulator, files, name, "ap-northeast-1")
    launched = deployment.create(parameters("minimal"), bucket_region="us-east-1")
    assert launched.status == "CREATE_COMPLETE", launched.reason
    assert deployment.delete().complete


def test_a_deployment_leaves_the_operator_s_vpc_as_it_was(
    emulator: Emulator, files: dict[str, bytes], name: str
) -> None:
    region = "eu-central-1"
    place = vpc(emulator, region)
    deployment = Deployment(emulator, files, name, region)
    launched = deployment.create({**parameters("minimal"), **place}, parent="main-existing-vpc")
    assert launched.status == "CREATE_COMPLETE", launched.reason
    assert launched.outputs["VPCId"] == place["VpcId"]
    assert "NetworkStack" not in {title for title, _ in _children(emulator, name, region)}
    assert deployment.delete().complete
    vpcs = emulator.client("ec2", region).describe_vpcs(VpcIds=[place["VpcId"]])["Vpcs"]
    assert [vpc["VpcId"] for vpc in vpcs] == [place["VpcId"]]


def test_preflight_says_what_is_wrong_before_anything_is_made(
    emulator: Emulator, files: dict[str, bytes], name: str
) -> None:
    region = "sa-east-1"
    deployment = Deployment(emulator, files, name, region)
    wrong = {
        "AccessPrefixListId": "pl-0123456789abcdef0",
        "ComputeInstanceType": "zz9.large",
        "ExistingFileSystemId": "fs-0123456789abcdef0",
    }
    launched = deployment.create({**parameters("minimal"), **wrong})
    assert launched.status == "ROLLBACK_COMPLETE"
    for parameter in wrong:
        assert parameter in launched.reason, f"all faults of a launch are told at once: {launched.reason}"
    events = emulator.client("cloudformation", region).describe_stack_events(StackName=name)["StackEvents"]
    begun = {event["LogicalResourceId"] for event in events if event["ResourceStatus"] == "CREATE_IN_PROGRESS"}
    assert begun == {name, "PreflightStack"}
    assert deployment.delete().complete
    retained, others = deployment.left()
    assert not retained
    assert not_ours(others) == []


def _children(emulator: Emulator, name: str, region: str) -> list[tuple[str, str]]:
    """Logical ids of the parent's nested stacks and their states."""
    found = emulator.client("cloudformation", region).describe_stack_resources(StackName=name)["StackResources"]
    return [
        (item["LogicalResourceId"], item["ResourceStatus"])
        for item in found
        if item["ResourceType"] == "AWS::CloudFormation::Stack"
    ]


def existing(emulator: Emulator, region: str, given: dict[str, str]) -> dict[str, str]:
    """The answers `given`, with things made in the emulator in place of those that they name."""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    made = {
        "AdminPasswordSecretArn": lambda: emulator.client("secretsmanager", region).create_secret(
            Name="operators/efadmin", SecretString="Abcdef-123456"
        )["ARN"],
        "KmsKeyArn": lambda: emulator.client("kms", region).create_key()["KeyMetadata"]["Arn"],
        "HostedZoneId": lambda: (
            emulator.client("route53", region)
            .create_hosted_zone(Name="example.com", CallerReference=region)["HostedZone"]["Id"]
            .split("/")[-1]
        ),
        "PermissionsBoundaryArn": lambda: emulator.client("iam", region).create_policy(
            PolicyName=f"WorkloadBoundary-{region}", PolicyDocument=json.dumps(policy)
        )["Policy"]["Arn"],
    }
    return {name: made[name]() if name in made else answer for name, answer in given.items()}


def not_ours(items: list[str]) -> list[str]:
    """`items` without what `existing` made, and without the role that preflight makes for the whole account."""
    theirs = (
        "operators/efadmin",
        "AWS::KMS::Key",
        "AWS::Route53::HostedZone",
        "WorkloadBoundary",
        "ForEC2Spot",
    )
    return [item for item in items if not any(word in item for word in theirs)]
