"""Things that answers name: they exist, in this region, and are as they must be."""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from preflight.case import Case
from preflight.checks import things
from preflight.checks.secrets import admin_secret
from preflight.checks.things import THING_CHECKS, thing_fits
from preflight.facts import THINGS
from preflight.verdicts import FAULT, Wrong
from testing.answers import ACCOUNT, NAMED, VPC, A
from testing.launches import Bad, assert_alone, findings
from testing.responses import CERTIFICATE, ENDED, KEY, SNAPSHOT, efs

CHECKS = {check.reads[0]: check for check in THING_CHECKS}
REGION = "is of another region or partition: give one of us-east-1."


def systems(found: dict[str, Any]) -> Any:
    """EFS's answer; FSx, whose operation has the same name, has no file systems."""
    return lambda asked: found if "FileSystemId" in asked else {"FileSystems": []}


@pytest.mark.parametrize(
    "bad",
    [
        Bad(
            NAMED,
            {"DescribeKeyPairs": "InvalidKeyPair.NotFound"},
            "KeyName",
            "KeyName mine does not exist in us-east-1: correct it.",
        ),
        Bad(VPC, {"DescribeVpcs": "InvalidVpcID.NotFound"}, "VpcId"),
        Bad(NAMED, {"DescribeManagedPrefixLists": {"PrefixLists": []}}, "AccessPrefixListId"),
        Bad(NAMED, {"DescribeImages": {"Images": []}}, "PortalAmiId"),
        Bad(NAMED, {"GetPolicy": "NoSuchEntity"}, "PermissionsBoundaryArn"),
        Bad(NAMED, {"DescribeCertificate": "ResourceNotFoundException"}, "CertificateArn"),
        Bad(NAMED, {"GetHostedZone": "NoSuchHostedZone"}, "HostedZoneId"),
        Bad(
            {"KmsKeyArn": f"{A}:kms:eu-west-1:{ACCOUNT}:key/k"},
            {},
            "KmsKeyArn",
            f"KmsKeyArn {A}:kms:eu-west-1:{ACCOUNT}:key/k {REGION}",
        ),
        Bad({"KmsKeyArn": f"{A}-cn:kms:us-east-1:{ACCOUNT}:key/k"}, {}, "KmsKeyArn"),
        Bad(
            NAMED,
            {"DescribeImages": {"Images": [{"State": "available", "Architecture": "arm64"}]}},
            "PortalAmiId",
            "PortalAmiId ami-0123456789abcdef0 has Architecture arm64: give one whose Architecture is x86_64.",
        ),
        Bad(NAMED, {"DescribeKey": {"KeyMetadata": {**KEY, "KeyState": "Disabled"}}}, "KmsKeyArn"),
        Bad(NAMED, {"DescribeKey": {"KeyMetadata": {**KEY, "KeySpec": "RSA_2048"}}}, "KmsKeyArn"),
        Bad(NAMED, {"DescribeCertificate": {"Certificate": {**CERTIFICATE, "Status": "EXPIRED"}}}, "CertificateArn"),
        Bad(NAMED, {"DescribeFileSystems": systems(efs("deleting"))}, "ExistingFileSystemId"),
        Bad(NAMED, {"DescribeFileSystems": systems(efs(targets=2))}, "ExistingFileSystemId"),
        Bad(
            NAMED,
            {"DescribeDBClusterSnapshots": {"DBClusterSnapshots": [{**SNAPSHOT, "Status": "creating"}]}},
            "DatabaseSnapshotArn",
        ),
    ],
    ids=lambda bad: f"{bad.parameter} {[*bad.responses]}",
)
def test_a_thing_that_does_not_fit_is_refused(bad: Bad) -> None:
    assert_alone(CHECKS[bad.parameter], bad)


def test_a_secret_that_is_to_be_deleted_is_refused() -> None:
    found = findings(NAMED, {"DescribeSecret": {"DeletedDate": ENDED}})
    names = ["AdminPasswordSecretArn", "LicenseSecretArn"]
    assert [(v.check, v.level, v.parameter) for v in found] == [(CHECKS[n].title, FAULT, n) for n in names]
    assert found[1].text.endswith("has DeletedDate 2020-01-01 00:00:00+00:00: restore it, or give another.")


POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'


def test_what_is_missing_is_recognized_by_aws_s_error_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto answers as AWS does, and does not know Allowed AMIs."""
    monkeypatch.setattr(things, "hides_images", lambda case: False)
    with mock_aws():
        names = {name for name in THINGS if name in NAMED and name != "AccessPrefixListId"}
        answers = {name: NAMED[name] for name in names} | {"VpcId": "vpc-0123456789abcdef0"}
        case = Case(answers, "us-east-1", boto3.Session(region_name="us-east-1"))
        found = {name: [*thing_fits(case, name)] for name in answers}
    assert found == {name: [Wrong(name, "does not exist in us-east-1: correct it.")] for name in answers}


def test_what_is_there_fits() -> None:
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        ec2, route53 = session.client("ec2"), session.client("route53")
        ec2.create_key_pair(KeyName="mine")
        secret = session.client("secretsmanager").create_secret(Name="admin", SecretString="test123456!")
        images = ec2.describe_images(Filters=[{"Name": "architecture", "Values": ["x86_64"]}])["Images"]
        zone = route53.create_hosted_zone(Name="example.com", CallerReference="r")["HostedZone"]
        answers = {
            "KeyName": "mine",
            "VpcId": ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"],
            "PortalAmiId": images[0]["ImageId"],
            "HostedZoneId": zone["Id"].removeprefix("/hostedzone/"),
            "KmsKeyArn": session.client("kms").create_key()["KeyMetadata"]["Arn"],
            "AdminPasswordSecretArn": secret["ARN"],
            "LicenseSecretArn": secret["ARN"],
            "ExistingFileSystemId": session.client("efs").create_file_system(CreationToken="t")["FileSystemId"],
            "PermissionsBoundaryArn": session.client("iam").create_policy(PolicyName="boundary", PolicyDocument=POLICY)[
                "Policy"
            ]["Arn"],
        }
        case = Case(answers, "us-east-1", session)
        assert {name: [*thing_fits(case, name)] for name in answers} == {name: [] for name in answers}
        assert [*admin_secret.find(case)] == []
