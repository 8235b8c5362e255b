"""A launch in which each tier fails in turn, and deletes that fail: clean rollbacks, causes in words, deletes repeatable."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from generator.cfn.ports import camel
from tests.emulator.client import Emulator, Fault
from tests.support.built import TIERS, templates
from tests.support.deployment import PROMISED, Deployment, left


@dataclass(frozen=True)
class Case:
    """What fails in a tier; `answers` that the tier needs to be there."""

    operation: str
    type: str
    title: str
    message: str
    answers: tuple[tuple[str, str], ...] = ()


GROUP = "AWS::AutoScaling::AutoScalingGroup"
CASES = {
    "preflight": Case("create", "AWS::Lambda::Function", "PreflightFunction", "the concurrency limit is reached"),
    "network": Case("create", "AWS::EC2::NatGateway", "NatGateway1", "the maximum number of addresses is reached"),
    "assets": Case("create", "Custom::AssetCopy", "Copy", "portal-0123.tar has another SHA-256 than SHA256SUMS says"),
    "security-groups": Case("create", "AWS::EC2::NetworkInterface", "PortalInterface1", "no free addresses in subnet"),
    "secrets": Case("create", "AWS::SecretsManager::Secret", "MungeKey", "a secret of this name is to be deleted"),
    "database": Case("create", "AWS::RDS::DBInstance", "DatabaseInstance2", "no capacity for db.serverless"),
    "file-system": Case("create", "AWS::EFS::MountTarget", "MountTarget2", "a mount target exists in this zone"),
    "lustre": Case("create", "AWS::FSx::FileSystem", "LustreFileSystem1", "insufficient capacity in this zone"),
    "load-balancer": Case(
        "create", "AWS::ElasticLoadBalancingV2::TargetGroup", "PortalTargets", "too many target groups"
    ),
    "waf": Case("create", "AWS::WAFv2::WebACL", "WebAcl", "too many rules", (("Waf", "yes"),)),
    "https": Case("create", "AWS::ElasticLoadBalancingV2::Listener", "HttpsListener", "certificate not found"),
    "provider": Case("create", "AWS::IAM::ManagedPolicy", "NodePolicy", "the quota of policies is exceeded"),
    "clusters": Case("create", "Custom::PclusterCluster", "Cluster1", "HeadNodeBootstrapFailure: accounts.sh failed"),
    "portal": Case("boot", GROUP, "PortalNode2", "bootstrap.sh ended with 3: the installer cannot be fetched"),
    "monitoring": Case("create", "AWS::CloudWatch::Alarm", "PortalDown", "too many alarms", (("AccessLogs", "yes"),)),
}


# Each tier's in a region that no other test uses, so that what is left there is from there.
REGIONS = (
    *("ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1"),
    *("eu-north-1", "eu-west-2", "eu-west-3", "us-east-2", "us-west-1", "eu-central-1", "eu-south-1", "af-south-1"),
    *("ap-east-1", "sa-east-1", "ap-northeast-1", "us-west-2"),
)


@pytest.fixture
def faulty(faults: Emulator, name: str, request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """A deployment on an emulator whose faults end with the test, in a region that is as empty after it as before.

    What a deleted deployment keeps may be there, of a failed one too: see the architecture's table of retention.
    """
    tier = request.node.callspec.params["tier"] if hasattr(request.node, "callspec") else ""
    region = REGIONS[[*CASES, ""].index(tier)]
    before = set(faults.leftovers(region))
    yield Deployment(faults, name, region)
    faults.inject()
    retained, others = left(faults, region, before)
    assert retained <= PROMISED | {"AWS::S3::Bucket"} and others == []


def test_every_tier_has_its_failure() -> None:
    assert set(CASES) == set(TIERS)


@pytest.mark.parametrize("tier", CASES)
def test_a_tier_that_fails_takes_the_launch_back_and_says_why(faulty: Deployment, tier: str) -> None:
    case = CASES[tier]
    where = rf"{faulty.name}-{camel(tier.replace('-', '_'))}Stack.*/{case.title}$"
    faulty.emulator.inject(Fault(case.operation, case.type, case.message, where))
    outcome = faulty.create(**dict(case.answers))
    assert outcome.status == "ROLLBACK_COMPLETE", outcome.reason
    # The first cause, and the parent's own event, which is all that the console shows at first.
    assert f"Stack/{case.title}" in outcome.reason.replace("Stack1/", "Stack/").replace("Stack2/", "Stack/")
    assert case.message in outcome.reason
    told = [
        event["ResourceStatusReason"]
        for event in faulty.events()
        if event["ResourceStatus"] == "CREATE_FAILED" and event["StackName"] == faulty.name
    ]
    assert any(case.message in reason for reason in told)
    if tier == "file-system":  # RetainExceptOnCreate: what this very launch has made goes with it
        systems = faulty.emulator.client("efs", faulty.region).describe_file_systems()["FileSystems"]
        assert not [system for system in systems if system["Name"].startswith(faulty.name)]
    assert faulty.delete().complete


def test_nothing_that_costs_is_begun_before_the_checks_have_passed(faulty: Deployment) -> None:
    outcome = faulty.create(HeadNodeInstanceType="x99.large", DatabaseEngineVersion="8.0.mysql_aurora.3.99.0")
    assert outcome.status == "ROLLBACK_COMPLETE"
    assert "HeadNodeInstanceType x99.large is not offered" in outcome.reason
    assert "DatabaseEngineVersion 8.0.mysql_aurora.3.99.0 is not offered" in outcome.reason
    begun = {event["LogicalResourceId"] for event in faulty.events() if event["StackName"] == faulty.name}
    assert begun == {faulty.name, "PreflightStack"}
    assert faulty.delete().complete


BROKEN = """
import json, urllib.request

def handler(event, context):
    body = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId", "PhysicalResourceId")}
    body |= {"Status": "FAILED", "Reason": "the bucket is locked: see the log"}
    request = urllib.request.Request(event["ResponseURL"], json.dumps(body).encode(), method="PUT")
    urllib.request.urlopen(request).close()
"""


def packed(code: str) -> bytes:
    """A function's code as Lambda takes it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", code)
    return archive.getvalue()


def test_a_delete_whose_function_fails_says_so_and_can_be_repeated(faulty: Deployment) -> None:
    made = faulty.create()
    assert made.complete, made.reason
    function = faulty.resources()["assets.CopyFunction"].physical_id
    lambdas = faulty.emulator.client("lambda", faulty.region)
    lambdas.update_function_code(FunctionName=function, ZipFile=packed(BROKEN))
    for _ in range(2):  # as long as the cause is there, each delete says the same
        outcome = faulty.delete()
        assert outcome.status == "DELETE_FAILED"
        assert outcome.reason.startswith("AssetsStack/Copy (Custom::AssetCopy)")
        assert "the bucket is locked: see the log" in outcome.reason
        assert "the bucket is locked" in faulty.event("AssetsStack", "DELETE_FAILED")
    # The clusters' own delete does not need what failed: nothing that costs is left.
    kinds = {item.kind for item in faulty.emulator.leftovers(faulty.region) if not item.retained}
    assert not kinds & {"AWS::FSx::FileSystem", "AWS::RDS::DBCluster", "AWS::AutoScaling::AutoScalingGroup"}
    shipped = templates()["assets"]["Resources"]["CopyFunction"]["Properties"]["Code"]["ZipFile"]
    lambdas.update_function_code(FunctionName=function, ZipFile=packed(shipped))
    assert faulty.delete().complete


def test_a_protected_database_refuses_the_delete_until_an_update_lets_it_go(faulty: Deployment) -> None:
    assert faulty.create().complete
    assert faulty.update(DeletionProtection="yes").outcome.complete
    data = faulty.stateful()
    outcome = faulty.delete()
    assert outcome.status == "DELETE_FAILED" and "protect" in outcome.reason
    rds = faulty.emulator.client("rds", faulty.region)
    [cluster] = rds.describe_db_clusters(DBClusterIdentifier=data["database.DatabaseCluster"])["DBClusters"]
    assert cluster["Status"] == "available"
    # As docs/operations.md says: a stack in DELETE_FAILED takes no update, so it is switched off by hand.
    rds.modify_db_cluster(DBClusterIdentifier=data["database.DatabaseCluster"], DeletionProtection=False)
    for balancer in faulty.emulator.client("elbv2", faulty.region).describe_load_balancers()["LoadBalancers"]:
        faulty.emulator.client("elbv2", faulty.region).modify_load_balancer_attributes(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
        )
    assert faulty.delete().complete
