"""Preflight: each check passes in a good account, and finds its fault, alone, in one that is bad in just that."""

import datetime
import hashlib
import re
import sys
import time
import urllib.error
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
from account import Account, s3_object
from conftest import CloudFormation, Context, Page, load

preflight = load("preflight")
A = "arn:aws"
ACCOUNT = "123456789012"
INSTALLER, DRIVER = b"PK" * 9000, b"tar" * 9000
ANSWERS = {
    "AvailabilityZone1": "", "AvailabilityZone2": "", "VpcCidr": "10.0.0.0/16",
    "PortalAccessCidr": "203.0.113.0/24", "BalancerScheme": "internet-facing",
    "PortalFlavor": "EnginFrame", "PortalInstallerUrl": "https://vendor.example/installer.jar",
    "JdbcDriverUrl": "https://vendor.example/driver.tar.gz", "PortalInstanceType": "t3.2xlarge",
    "DatabaseMode": "auto", "DatabaseMinCapacity": "0.5", "DatabaseMaxCapacity": "16",
    "DatabaseEngineVersion": "8.0.mysql_aurora.3.10.3", "LustreDeploymentType": "auto", "LustreStorageCapacity": "1200",
    "LustreThroughput": "50", "ParallelClusterVersion": "3.16.1", "HeadNodeInstanceType": "m6i.xlarge",
    "ComputeInstanceType": "c6i.2xlarge", "ComputeMinNodes": "0", "ComputeMaxNodes": "10", "SpotMaxNodes": "0",
    "ComputeEfa": "no", "AssetsBucket": "publisher", "AssetsBucketRegion": "eu-west-1", "AssetsPrefix": "hpc/v1/",
}  # fmt: skip
RESOLVED = {"DatabaseInstanceClass": "db.serverless", "LustreDeploymentType": "SCRATCH_2"}
NAMED = {
    "KeyName": "mine",
    "AccessPrefixListId": "pl-0123456789abcdef0",
    "PortalAmiId": "ami-0123456789abcdef0",
    "CertificateArn": f"{A}:acm:us-east-1:{ACCOUNT}:certificate/c",
    "DomainName": "hpc.example.com",
    "HostedZoneId": "Z0123456789",
    "KmsKeyArn": f"{A}:kms:us-east-1:{ACCOUNT}:key/k",
    "LicenseSecretArn": f"{A}:secretsmanager:us-east-1:{ACCOUNT}:secret:license-abcdef",
    "AdminPasswordSecretArn": f"{A}:secretsmanager:us-east-1:{ACCOUNT}:secret:admin-abcdef",
    "DatabaseSnapshotArn": f"{A}:rds:us-east-1:{ACCOUNT}:cluster-snapshot:s",
    "ExistingFileSystemId": "fs-0123456789abcdef0",
    "PermissionsBoundaryArn": f"{A}:iam::{ACCOUNT}:policy/boundary",
    "SpotMaxNodes": "5",
}
VPC = {
    "VpcId": "vpc-1", "VpcCidr": "", "PrivateSubnetId1": "subnet-1", "PrivateSubnetId2": "subnet-2",
    "BalancerSubnetId1": "subnet-3", "BalancerSubnetId2": "subnet-4",
}  # fmt: skip


def zone(name: str, kind: str = "availability-zone", state: str = "available") -> dict[str, str]:
    return {"ZoneName": name, "ZoneType": kind, "State": state}


def offerings(**lacking: str) -> Any:
    """All asked-for types in zones a to d, but those in `lacking`: {"d": "type"}; a type "*" is in no zone at all."""

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["LocationType"] == "availability-zone"
        types = [kind for kind in asked["Filters"][0]["Values"] if kind and kind != "m9z.xlarge"]
        places = [(kind, letter) for kind in types for letter in "abcd" if lacking.get(letter) != kind]
        return {"InstanceTypeOfferings": [{"InstanceType": k, "Location": f"us-east-1{z}"} for k, z in places]}

    return answer


def instance_types(asked: dict[str, Any]) -> dict[str, Any]:
    found = []
    for kind in asked["Filters"][0]["Values"]:
        if kind and kind != "m9z.xlarge":
            architecture = "arm64" if kind.startswith("c7gn") else "x86_64"
            found.append(
                {
                    "InstanceType": kind,
                    "ProcessorInfo": {"SupportedArchitectures": [architecture]},
                    "VCpuInfo": {"DefaultVCpus": 8},
                    "NetworkInfo": {"EfaSupported": kind == "hpc6a.48xlarge"},
                }
            )
    return {"InstanceTypes": found}


def quotas(**small: float) -> Any:
    """Ample quotas but the `small` ones, whose codes have an underscore for the hyphen."""

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        code = asked["QuotaCode"]
        return {"Quota": {"QuotaCode": code, "Value": small.get(code.replace("-", "_"), 100000.0)}}

    return answer


def image(name: str, created: str, deprecated: str = "2099-01-01T00:00:00.000Z") -> dict[str, str]:
    return {"ImageId": name, "CreationDate": created, "DeprecationTime": deprecated, "State": "available", "Architecture": "x86_64"}  # noqa: E501


def subnet(number: int, letter: str, free: int = 4000, vpc: str = "vpc-1") -> dict[str, Any]:
    return {"SubnetId": f"subnet-{number}", "VpcId": vpc, "AvailabilityZone": f"us-east-1{letter}", "AvailableIpAddressCount": free}  # noqa: E501


def table(*subnets: str, **target: str) -> dict[str, Any]:
    """A route table of `subnets` (none: the main one) with a default route to `target` and one to S3's endpoint."""
    s3 = {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "State": "active"}
    out = {"DestinationCidrBlock": "0.0.0.0/0", "State": "active", **target}
    links: list[dict[str, Any]] = [{"SubnetId": name} for name in subnets] or [{"Main": True}]
    return {"Associations": links, "Routes": [s3, out] if target else [s3]}


PRIVATE = table("subnet-1", "subnet-2", NatGatewayId="nat-1")
PUBLIC = table("subnet-3", "subnet-4", GatewayId="igw-1")
ENDED = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
CERTIFICATE = {"Status": "ISSUED", "DomainName": "*.example.com", "NotAfter": ENDED.replace(year=2099)}
ZONE = {"Id": "/hostedzone/Z0123456789", "Name": "example.com.", "CallerReference": "r", "Config": {"PrivateZone": False}}
SNAPSHOT = {"Engine": "aurora-mysql", "Status": "available", "EngineVersion": "8.0.mysql_aurora.3.10.3"}
KEY = {"KeyId": "k", "KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT"}


def efs(state: str = "available") -> dict[str, Any]:
    needed = {"OwnerId": ACCOUNT, "CreationToken": "t", "CreationTime": ENDED, "NumberOfMountTargets": 0}
    size = {"SizeInBytes": {"Value": 1}, "PerformanceMode": "generalPurpose", "Tags": []}
    return {"FileSystems": [{"FileSystemId": "fs-0123456789abcdef0", "LifeCycleState": state, **needed, **size}]}


def database_offers(*letters: str) -> dict[str, Any]:
    zones = [{"Name": f"us-east-1{letter}"} for letter in letters]
    return {"OrderableDBInstanceOptions": [{"AvailabilityZones": zones}] if zones else []}


def good() -> dict[str, Any]:
    """The responses of an account in which nothing is wrong."""
    return {
        "DescribeAvailabilityZones": {
            "AvailabilityZones": [zone("us-east-1c"), zone("us-east-1-bos-1a", "local-zone"), zone("us-east-1b"),
                                  zone("us-east-1a"), zone("us-east-1d", state="impaired")]
        },
        "DescribeInstanceTypeOfferings": offerings(),
        "DescribeInstanceTypes": instance_types,
        "DescribeInstances": {"Reservations": []},
        "GetServiceQuota": quotas(),
        "DescribeVpcs": {"Vpcs": [{"VpcId": "vpc-1", "State": "available", "CidrBlock": "10.9.0.0/16"}]},
        "DescribeAddresses": {"Addresses": []},
        "DescribeFileSystems": lambda asked: efs() if "FileSystemId" in asked else {"FileSystems": []},
        "DescribeAccountAttributes": {
            "AccountQuotas": [{"AccountQuotaName": n, "Used": 1, "Max": 40} for n in ("DBInstances", "DBClusters")]
        },
        "DescribeOrderableDBInstanceOptions": database_offers(*"abc"),
        "DescribeDBEngineVersions": {"DBEngineVersions": [{"EngineVersion": SNAPSHOT["EngineVersion"]}]},
        "DescribeImages": {"Images": [image("ami-new", "2026-02-02"), image("ami-old", "2026-01-01")]},
        "HeadObject": {},
        "GetObject": lambda asked: s3_object(b"0" * 64 + b"  userdata/portal-0123456789ab.tar\n"),
        "DescribeKeyPairs": {"KeyPairs": [{"KeyName": "mine"}]},
        "DescribeManagedPrefixLists": {"PrefixLists": [{"PrefixListId": "pl-0123456789abcdef0"}]},
        "DescribeCertificate": {"Certificate": CERTIFICATE},
        "GetHostedZone": {"HostedZone": ZONE},
        "ListResourceRecordSets": {"ResourceRecordSets": [], "IsTruncated": False, "MaxItems": "1"},
        "DescribeKey": {"KeyMetadata": KEY},
        "DescribeSecret": {"Name": "license"},
        "GetSecretValue": {"SecretString": "test123456!"},
        "DescribeDBClusterSnapshots": {"DBClusterSnapshots": [SNAPSHOT]},
        "DescribeMountTargets": {"MountTargets": []},
        "GetPolicy": {"Policy": {"PolicyName": "boundary"}},
        "GetRole": {"Role": {"Path": "/", "RoleName": "r" * 16, "RoleId": "r" * 16, "Arn": f"{A}:iam::1:role/role", "CreateDate": ENDED}},  # noqa: E501
        "DescribeVpcAttribute": lambda asked: {
            "EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": True}
        },
        "DescribeSubnets": {"Subnets": [subnet(1, "a"), subnet(2, "b"), subnet(3, "a"), subnet(4, "b")]},
        "DescribeRouteTables": {"RouteTables": [PRIVATE, PUBLIC]},
        "DescribeStacks": {"Stacks": [{"StackName": "s", "CreationTime": ENDED, "StackStatus": "UPDATE_IN_PROGRESS"}]},
    }  # fmt: skip


@pytest.fixture(autouse=True)
def web(cloudformation: CloudFormation) -> dict[str, Any]:
    """The vendors' servers."""
    cloudformation.web["https://vendor.example/installer.jar"] = Page(INSTALLER)
    cloudformation.web["https://vendor.example/driver.tar.gz"] = Page(DRIVER, "application/gzip")
    return cloudformation.web


def judge(answers: dict[str, str], responses: dict[str, Any], region: str = "us-east-1", **more: Any) -> list[Any]:
    account = Account({**good(), **responses}, region)
    found = preflight.check({**ANSWERS, **RESOLVED, **answers}, region, account, **more)
    return [verdict for verdict in found if verdict.level != "ok"]


@pytest.mark.parametrize("answers", [{}, NAMED, VPC, {**NAMED, **VPC}], ids=["plain", "all", "own VPC", "all, own VPC"])
def test_a_good_launch_passes_every_check(answers: dict[str, str]) -> None:
    assert judge(answers, {}) == []
    assert len(preflight.CHECKS) >= 25


# What is wrong: the answers that differ, the responses that differ, and the one sentence that must come of it.
EC2, MISSING = "DescribeInstanceTypeOfferings", "NoSuchEntity"
NO_FSX = EndpointConnectionError(endpoint_url="https://fsx")
ARM = {"ComputeInstanceType": "c7gn.4xlarge"}
FAULTS: list[tuple[dict[str, str], dict[str, Any], str]] = [
    # zones
    ({"ComputeInstanceType": "m9z.xlarge"}, {}, "ComputeInstanceType m9z.xlarge is not offered in us-east-1: choose another"),
    ({"AvailabilityZone1": "us-east-1x"}, {}, "AvailabilityZone1 us-east-1x is not in an available zone: choose among us-east-1a"),
    ({"AvailabilityZone1": "us-east-1d"}, {}, "AvailabilityZone1 us-east-1d is not in an available zone"),
    ({"AvailabilityZone2": "us-east-1-bos-1a"}, {}, "AvailabilityZone2 us-east-1-bos-1a is not in an available zone"),
    ({"AvailabilityZone1": "us-east-1c"}, {EC2: offerings(c="c6i.2xlarge")}, "is in us-east-1c, without c6i.2xlarge: choose"),
    ({}, {EC2: offerings(a="c6i.2xlarge", b="m6i.xlarge")}, "AvailabilityZone2  is blank, and no zone is left with"),
    (VPC, {EC2: offerings(b="m6i.xlarge")}, "PrivateSubnetId2 subnet-2 is in us-east-1b, without m6i.xlarge: choose"),
    # instance types
    (ARM, {}, "ComputeInstanceType c7gn.4xlarge is not x86-64, which portal and clusters need: choose another type."),
    ({"ComputeEfa": "yes"}, {}, "ComputeInstanceType c6i.2xlarge has no EFA: choose another type, or no for ComputeEfa."),
    # quotas
    ({}, {"GetServiceQuota": quotas(L_1216C47A=31)}, "vCPUs: 32 needed, 0 of 31 in use: ask for a higher quota (ec2 L-1216C47A)."),
    ({"ComputeMinNodes": "2"}, {"GetServiceQuota": quotas(L_1216C47A=63)}, "vCPUs: 64 needed, 0 of 63 in use"),
    ({"ComputeInstanceType": "hpc6a.48xlarge", "ComputeMinNodes": "1"}, {"GetServiceQuota": quotas(L_F7808C92=8)}, "L-F7808C92"),
    ({"SpotMaxNodes": "1"}, {"GetServiceQuota": quotas(L_34B43A08=15)}, "Spot vCPUs: 16 needed, 0 of 15 in use"),
    ({}, {"GetServiceQuota": quotas(L_F678F1CE=1)}, "VPCs: 1 needed, 1 of 1 in use: ask for a higher quota (vpc L-F678F1CE)."),
    ({}, {"GetServiceQuota": quotas(L_0263D0A3=1)}, "Elastic IP addresses: 2 needed, 0 of 1 in use"),
    ({}, {"GetServiceQuota": quotas(L_AD2FC696=2399)}, "GiB of Lustre: 2400 needed, 0 of 2399 in use"),
    ({}, {"DescribeAccountAttributes": {"AccountQuotas": [{"AccountQuotaName": "DBInstances", "Used": 39, "Max": 40}]}},
     "DBInstances: 2 needed, 39 of 40 in use: ask for a higher quota (rds)."),
    # storage
    ({"LustreStorageCapacity": "3600"}, {}, "LustreStorageCapacity 3600 is no size of Lustre: choose 1200 or a multiple"),
    ({}, {"DescribeFileSystems": NO_FSX}, "FSx for Lustre is not offered in us-east-1"),
    (NAMED, {"DescribeFileSystems": lambda asked: efs("deleting") if "FileSystemId" in asked else {"FileSystems": []}},
     "ExistingFileSystemId fs-0123456789abcdef0 has LifeCycleState deleting: give one whose LifeCycleState is available."),
    (NAMED, {"DescribeMountTargets": {"MountTargets": [
        {"MountTargetId": "fsmt-0123456789", "FileSystemId": "fs-0123456789abcdef0", "SubnetId": "subnet-0123456789", "LifeCycleState": "available"}]}},
     "ExistingFileSystemId fs-0123456789abcdef0 has mount targets: delete them, since the stack makes its own."),
    # database
    ({"DatabaseEngineVersion": "8.0.mysql_aurora.3.01.0"}, {"DescribeOrderableDBInstanceOptions": database_offers()},
     "8.0.mysql_aurora.3.01.0 is not offered as db.serverless: choose another class, or a version among 8.0.mysql_aurora.3.10.3."),
    ({"AvailabilityZone1": "us-east-1c", "AvailabilityZone2": "us-east-1a"},
     {"DescribeOrderableDBInstanceOptions": database_offers("a", "b")},
     "DatabaseInstanceClass db.serverless is not offered in all of us-east-1c, us-east-1a: choose"),
    ({"DatabaseMinCapacity": "32"}, {}, "DatabaseMinCapacity 32 is more than DatabaseMaxCapacity 16: lower the one or raise"),
    ({"ComputeMinNodes": "11"}, {}, "ComputeMinNodes 11 is more than ComputeMaxNodes 10: lower the one or raise the other."),
    (NAMED, {"DescribeDBClusterSnapshots": {"DBClusterSnapshots": [{**SNAPSHOT, "Status": "creating"}]}},
     "has Status creating: give one whose Status is available."),
    (NAMED, {"DescribeDBClusterSnapshots": {"DBClusterSnapshots": [{**SNAPSHOT, "EngineVersion": "8.0.mysql_aurora.3.11.0"}]}},
     "DatabaseEngineVersion 8.0.mysql_aurora.3.10.3 is older than the snapshot's: give 8.0.mysql_aurora.3.11.0 or newer."),
    # things that answers name
    (NAMED, {"DescribeKeyPairs": "InvalidKeyPair.NotFound"}, "KeyName mine does not exist in us-east-1: correct it."),
    (NAMED, {"DescribeManagedPrefixLists": {"PrefixLists": []}}, "AccessPrefixListId pl-0123456789abcdef0 does not exist"),
    (NAMED, {"DescribeImages": {"Images": []}}, "PortalAmiId ami-0123456789abcdef0 does not exist in us-east-1: correct it."),
    (NAMED, {"DescribeImages": {"Images": [{"State": "available", "Architecture": "arm64"}]}}, "has Architecture arm64: give one"),
    (NAMED, {"DescribeKey": {"KeyMetadata": {**KEY, "KeyState": "Disabled"}}}, "has KeyState Disabled: give one whose KeyState is Enabled."),
    (NAMED, {"DescribeKey": {"KeyMetadata": {**KEY, "KeySpec": "RSA_2048"}}}, "has KeySpec RSA_2048: give one whose KeySpec is"),
    (NAMED, {"DescribeSecret": {"DeletedDate": ENDED}}, "has DeletedDate 2020-01-01"),
    (NAMED, {"GetPolicy": MISSING}, "policy/boundary does not exist in us-east-1: correct it."),
    ({"KmsKeyArn": f"{A}:kms:eu-west-1:{ACCOUNT}:key/k"}, {}, "is of another region: give one of us-east-1."),
    ({"KmsKeyArn": f"{A}-cn:kms:us-east-1:{ACCOUNT}:key/k"}, {}, "is of another region: give one of us-east-1."),
    # efadmin's password
    (NAMED, {"GetSecretValue": {"SecretString": '{"admin": "x"}'}}, 'holds no password: store it as plain text or as JSON with the key "password".'),
    (NAMED, {"GetSecretValue": {"SecretBinary": b"x"}}, "holds no password"),
    (NAMED, {"GetSecretValue": {"SecretString": "letters123"}}, "holds too plain a password: use letters, digits and a special"),
    (NAMED, {"GetSecretValue": {"SecretString": '{"password": "no-digits"}'}}, "holds too plain a password"),
    (NAMED, {"GetSecretValue": {"SecretString": "test123\\!"}}, "holds a blank, quote, backslash, colon or no ASCII: use other"),
    (NAMED, {"GetSecretValue": {"SecretString": "test 123!"}}, "holds a blank, quote"),
    # certificate and hosted zone
    (NAMED, {"DescribeCertificate": "ResourceNotFoundException"}, "certificate/c does not exist in us-east-1: correct it."),
    (NAMED, {"DescribeCertificate": {"Certificate": {**CERTIFICATE, "Status": "PENDING_VALIDATION"}}}, "has Status PENDING_VALIDATION"),
    (NAMED, {"DescribeCertificate": {"Certificate": {**CERTIFICATE, "NotAfter": ENDED}}}, "ended 2020-01-01 00:00:00+00:00: give a valid one."),
    ({**NAMED, "DomainName": "a.b.example.com"}, {}, "is for *.example.com: give one for DomainName a.b.example.com."),
    (NAMED, {"GetHostedZone": "NoSuchHostedZone"}, "HostedZoneId Z0123456789 does not exist in us-east-1: correct it."),
    (NAMED, {"GetHostedZone": {"HostedZone": {**ZONE, "Name": "ample.com."}}}, "is of ample.com: give the zone that holds"),
    ({**NAMED, "CertificateArn": ""}, {"GetHostedZone": {"HostedZone": {**ZONE, "Config": {"PrivateZone": True}}}},
     "HostedZoneId Z0123456789 is private, so no certificate can be validated in it: give a public zone."),
    (NAMED, {"ListResourceRecordSets": {"ResourceRecordSets": [{"Name": "hpc.example.com.", "Type": "CNAME"}], "IsTruncated": False, "MaxItems": "1"}},
     "DomainName hpc.example.com has a record in its zone: delete it, since the stack makes its own."),
    # network
    ({"VpcCidr": "10.0.0.0/22", "ComputeMaxNodes": "112"}, {}, "VpcCidr 10.0.0.0/22 leaves 123 private addresses and 124 are needed"),
    (VPC, {"DescribeVpcs": "InvalidVpcID.NotFound"}, "VpcId vpc-1 does not exist in us-east-1: correct it."),
    (VPC, {"DescribeVpcAttribute": lambda asked: {"EnableDnsSupport": {"Value": False}, "EnableDnsHostnames": {"Value": True}}},
     "VpcId vpc-1 has enableDnsSupport off: switch it on."),
    (VPC, {"DescribeVpcAttribute": lambda asked: {"EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": False}}},
     "VpcId vpc-1 has enableDnsHostnames off: switch it on."),
    (VPC, {"DescribeSubnets": {"Subnets": [subnet(1, "a"), subnet(2, "b", vpc="vpc-2"), subnet(3, "a"), subnet(4, "b")]}},
     "PrivateSubnetId2 subnet-2 is no subnet of vpc-1: choose one of that VPC."),
    (VPC, {"DescribeSubnets": {"Subnets": [subnet(1, "a"), subnet(2, "b"), subnet(3, "a"), subnet(4, "a")]}},
     "BalancerSubnetId2 subnet-4 is in the zone of another: choose a subnet in each zone."),
    (VPC, {"DescribeSubnets": {"Subnets": [subnet(1, "a", 21), subnet(2, "b"), subnet(3, "a"), subnet(4, "b")]}},
     "PrivateSubnetId1 subnet-1 leaves 21 private addresses and 22 are needed"),
    (VPC, {"DescribeRouteTables": {"RouteTables": [PRIVATE, table("subnet-3", GatewayId="igw-1"), table()]}},
     "BalancerSubnetId2 subnet-4 has no route to an internet gateway: choose a public subnet, or BalancerScheme internal."),
    (VPC, {"DescribeRouteTables": {"RouteTables": [table("subnet-1", NatGatewayId="nat-1"), PUBLIC, table()]}},
     "PrivateSubnetId2 subnet-2 has no route out through a NAT gateway or the like: add one, or choose another subnet."),
    (VPC, {"DescribeRouteTables": {"RouteTables": [table("subnet-1", NatGatewayId="nat-1"), PUBLIC, table(GatewayId="igw-1")]}},
     "PrivateSubnetId2 subnet-2 has no route out through a NAT gateway"),
    # ParallelCluster
    ({}, {"HeadObject": "404"}, "ParallelClusterVersion 3.16.1 is not published in us-east-1: choose another version or region."),
    ({}, {"HeadObject": "403"}, "ParallelClusterVersion 3.16.1 is not published in us-east-1"),
    ({}, {"DescribeImages": {"Images": []}}, "There is no image for ParallelClusterVersion 3.16.1: choose another."),
    # files
    ({"PortalInstallerUrl": "https://gone.example/x.jar"}, {}, "PortalInstallerUrl https://gone.example/x.jar cannot be fetched (Name or service not known): correct it, or put the file into S3"),
    ({"JdbcDriverUrl": "https://vendor.example/404"}, {}, "cannot be fetched (HTTP Error 404: Not Found)"),
    ({"JdbcDriverUrl": "https://vendor.example/page"}, {}, "answers with 20000 bytes of text/html, no archive"),
    ({"JdbcDriverUrl": "https://vendor.example/tiny"}, {}, "answers with 9 bytes of application/gzip, no archive"),
    ({"JdbcDriverUrl": "ftp://vendor.example/x"}, {}, "JdbcDriverUrl ftp://vendor.example/x cannot be fetched (it begins with neither"),
    ({"JdbcDriverSha256": "0" * 64}, {}, f"JdbcDriverSha256 {'0' * 64} is not that of JdbcDriverUrl: correct it, or find out"),
    ({"PortalInstallerUrl": "s3://mine/none.jar"}, {"GetObject": lambda asked: "NoSuchKey" if asked["Key"] == "none.jar" else s3_object(b"  userdata/portal")},
     "PortalInstallerUrl s3://mine/none.jar cannot be fetched (there is no such object)"),
    ({}, {"GetObject": "NoSuchKey"}, "AssetsBucket publisher has no whole hpc/v1/SHA256SUMS: correct bucket, region and prefix"),
    ({}, {"GetObject": lambda asked: s3_object(b"")}, "AssetsBucket publisher has no whole hpc/v1/SHA256SUMS"),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "responses", "sentence"), FAULTS, ids=[sentence[:60] for *_, sentence in FAULTS])
def test_each_fault_is_found_alone(
    web: dict[str, Any], answers: dict[str, str], responses: dict[str, Any], sentence: str
) -> None:
    web["https://vendor.example/404"] = urllib.error.HTTPError("", 404, "Not Found", Message(), None)
    web["https://vendor.example/page"] = Page(b"<" * 20000, "text/html; charset=utf-8")
    web["https://vendor.example/tiny"] = Page(b"not found", "application/gzip")
    found = judge(answers, responses)
    assert [verdict.level for verdict in found] == ["fault"], found
    assert sentence in found[0].text and found[0].text.endswith(".")
    assert re.search(r": (\w+ )+", found[0].text), "a fault says what to do"


@pytest.mark.parametrize(
    ("region", "kind", "offered"),
    [
        ("cn-north-1", "SCRATCH_2", False),
        ("cn-north-1", "PERSISTENT_1", True),
        ("us-gov-west-1", "PERSISTENT_2", False),
        ("us-gov-west-1", "SCRATCH_2", True),
        ("us-east-1", "PERSISTENT_2", True),
    ],
)
def test_lustre_types_by_partition(region: str, kind: str, offered: bool) -> None:
    case = preflight.Case({**ANSWERS, "LustreDeploymentType": kind}, region, Account(good(), region))
    found = list(preflight.lustre(case))
    assert found == ([] if offered else [("LustreDeploymentType", f"does not exist in {region}: choose PERSISTENT_1.")])


def test_zones_are_picked_in_stable_order_and_fit() -> None:
    def picked(answers: dict[str, str], responses: dict[str, Any], **more: Any) -> Any:
        case = preflight.Case({**ANSWERS, **RESOLVED, **answers}, "us-east-1", Account({**good(), **responses}), **more)
        assert not [verdict for verdict in preflight.judge(case) if verdict.level == "fault"]
        return case.zones

    assert picked({}, {}) == ["us-east-1a", "us-east-1b"]
    assert picked({}, {EC2: offerings(a="m6i.xlarge")}) == ["us-east-1b", "us-east-1c"]
    assert picked({}, {"DescribeOrderableDBInstanceOptions": database_offers("a", "c")}) == ["us-east-1a", "us-east-1c"]
    assert picked({"AvailabilityZone1": "us-east-1b"}, {}) == ["us-east-1b", "us-east-1a"]
    assert picked({"AvailabilityZone2": "us-east-1a"}, {}) == ["us-east-1b", "us-east-1a"]
    assert picked({}, {}, zones=3) == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert picked(VPC, {}) == ["us-east-1a", "us-east-1b"]
    swapped = {"DescribeSubnets": {"Subnets": [subnet(2, "b"), subnet(1, "c"), subnet(3, "c"), subnet(4, "b")]}}
    assert picked(VPC, swapped) == ["us-east-1c", "us-east-1b"]


def test_the_quota_counts_what_runs() -> None:
    def instance(kind: str, **more: str) -> dict[str, Any]:
        return {"InstanceType": kind, "CpuOptions": {"CoreCount": 8, "ThreadsPerCore": 2}, **more}

    running = [instance("c5.4xlarge"), instance("c5.4xlarge", InstanceLifecycle="spot"), instance("p3.8xlarge")]
    bad = {"DescribeInstances": {"Reservations": [{"Instances": running}]}, "GetServiceQuota": quotas(L_1216C47A=47)}
    assert "vCPUs: 32 needed, 16 of 47 in use" in judge({}, bad)[0].text
    assert judge({}, {**bad, "GetServiceQuota": quotas(L_1216C47A=48)}) == []


def test_a_quota_without_own_value_is_aws_default() -> None:
    default = {"GetServiceQuota": "NoSuchResourceException", "GetAWSDefaultServiceQuota": quotas(L_F678F1CE=1)}
    assert [verdict.text[:4] for verdict in judge({}, default)] == ["VPCs"]


def test_lustre_of_both_scratch_types_counts_together() -> None:
    def system(kind: str) -> dict[str, Any]:
        return {"StorageCapacity": 1200, "LustreConfiguration": {"DeploymentType": kind}}

    systems = [system("SCRATCH_1"), system("SCRATCH_2"), system("PERSISTENT_1"), {"StorageCapacity": 32}]
    bad = {"DescribeFileSystems": {"FileSystems": systems}, "GetServiceQuota": quotas(L_AD2FC696=4799)}
    assert "GiB of Lustre: 2400 needed, 2400 of 4799 in use" in judge({}, bad)[0].text


def test_an_installer_in_s3_is_looked_at_and_a_small_file_is_hashed() -> None:
    files = {"hpc/v1/SHA256SUMS": b"0  userdata/portal", "installer.jar": INSTALLER, "driver": DRIVER}
    answers = {
        "PortalInstallerUrl": "s3://mine/installer.jar",
        "PortalInstallerSha256": hashlib.sha256(INSTALLER).hexdigest(),
        "JdbcDriverSha256": hashlib.sha256(DRIVER).hexdigest(),
    }
    responses = {"GetObject": lambda asked: s3_object(files[asked["Key"]])}
    assert judge(answers, responses) == []
    assert "PortalInstallerSha256" in judge({**answers, "PortalInstallerSha256": "0" * 64}, responses)[0].text


def test_a_large_file_is_not_read(web: dict[str, Any]) -> None:
    web["https://vendor.example/installer.jar"] = Page(INSTALLER, length=str(1 << 30))
    assert judge({"PortalInstallerSha256": "0" * 64}, {}) == []


def test_the_query_of_a_url_is_not_told(web: dict[str, Any]) -> None:
    found = judge({"PortalInstallerUrl": "https://gone.example/x.jar?X-Amz-Signature=SECRET"}, {})
    assert len(found) == 1 and "SECRET" not in found[0].text


def test_the_password_is_not_told() -> None:
    for secret in ("hunter2", '{"password": "hunter2"}', "hunter 2!", '{"other": "hunter2"}', "{hunter"):
        found = judge(NAMED, {"GetSecretValue": {"SecretString": secret}})
        assert found and "hunter" not in str(found)


def test_what_preflight_may_not_see_is_a_warning() -> None:
    everything = {name: "AccessDeniedException" for name in good()}
    for answers in ({**NAMED, **VPC}, NAMED):
        found = judge(answers, {**everything, "HeadObject": {}})
        assert {verdict.level for verdict in found} == {"warning"} and len(found) > 20
        assert all("AccessDenied" in verdict.text for verdict in found)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalError", "UnauthorizedOperation"])
def test_one_service_out_of_order_stops_nothing(code: str) -> None:
    for name in good():
        found = judge({**NAMED, **VPC}, {name: code})
        assert all(verdict.level == "warning" for verdict in found), (name, found)


def test_checks_that_hang_are_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "SECONDS", 0.4)

    def hangs(asked: dict[str, Any]) -> Any:
        time.sleep(1)
        return {"KeyPairs": []}

    found = judge(NAMED, {"DescribeKeyPairs": hangs})
    assert [(v.check, v.level) for v in found] == [("KeyName exists and fits", "warning")]
    assert "no answer in time" in found[0].text


def test_the_spot_role_is_made_by_a_launch_alone() -> None:
    made: list[dict[str, Any]] = []
    role = {"Path": "/", "RoleName": "r" * 16, "RoleId": "r" * 16, "Arn": f"{A}:iam::1:role/role", "CreateDate": ENDED}
    missing = {
        "GetRole": MISSING,
        "CreateServiceLinkedRole": lambda asked: made.append(asked) or {"Role": role},
    }
    assert judge({"SpotMaxNodes": "5"}, missing)[0].level == "warning" and not made
    assert judge({"SpotMaxNodes": "5"}, missing, make=True)[0].level == "warning"
    assert made == [{"AWSServiceName": "spot.amazonaws.com"}]
    assert judge({"SpotMaxNodes": "0"}, missing, make=True) == [] and len(made) == 1


def test_the_name_of_the_stack() -> None:
    assert judge({}, {}, stack="s" * 40) == []
    assert judge({}, {}, stack="s" * 41)[0].text.endswith("has 41 characters: take one of at most 40.")


def test_a_subnet_without_s3_endpoint_is_warned_of() -> None:
    tables = [table("subnet-1", "subnet-2", NatGatewayId="nat-1"), PUBLIC]
    tables[0] = {**tables[0], "Routes": tables[0]["Routes"][1:]}
    found = judge(VPC, {"DescribeRouteTables": {"RouteTables": tables}})
    assert {verdict.level for verdict in found} == {"warning"} and "S3 gateway endpoint" in found[0].text


def test_an_internal_balancer_needs_no_internet_gateway() -> None:
    tables = {"DescribeRouteTables": {"RouteTables": [PRIVATE, table("subnet-3", "subnet-4", NatGatewayId="nat-1")]}}
    assert judge({**VPC, "BalancerScheme": "internal"}, tables) == []
    assert len(judge(VPC, tables)) == 2


# The Lambda: events, updates, rollbacks.


def said(answers: dict[str, str]) -> list[str]:
    """Answers as the template hands them over: in texts of lines."""
    lines = [f"{name}={answer}" for name, answer in answers.items()]
    return ["\n".join(lines[:9]), "\n".join(lines[9:])]


PROPERTIES = {"Answers": said(ANSWERS), "Resolved": RESOLVED, "Zones": "2", "ServiceToken": "arn", "ServiceTimeout": "120"}
HELD = {"PhysicalResourceId": "az:us-east-1c,us-east-1b"}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    """The account that the handler finds."""
    found = Account(good())
    monkeypatch.setattr(preflight.boto3, "Session", lambda: found)
    return found


def launch(cloudformation: CloudFormation, request_type: str = "Create", answers: Any = None, **more: Any) -> Any:
    properties = {**PROPERTIES, "Answers": said({**ANSWERS, **(answers or {})})}
    return cloudformation.send(preflight.handler, request_type, properties, ResourceType="Custom::Preflight", **more)


def update(cloudformation: CloudFormation, new: dict[str, str], old: dict[str, str] | None = None, **more: Any) -> Any:
    before = {**PROPERTIES, "Answers": said({**ANSWERS, **(old or {})})}
    return launch(cloudformation, "Update", {**(old or {}), **new}, OldResourceProperties=before, **{**HELD, **more})


def test_a_launch_answers_with_zones_and_network(cloudformation: CloudFormation, account: Account) -> None:
    got = launch(cloudformation)
    assert (got["Status"], got["PhysicalResourceId"]) == ("SUCCESS", "az:us-east-1a,us-east-1b")
    assert got["Data"] == {"AvailabilityZone1": "us-east-1a", "AvailabilityZone2": "us-east-1b", "NetworkCidr": "10.0.0.0/16"}
    assert launch(cloudformation, answers=VPC)["Data"]["NetworkCidr"] == "10.9.0.0/16"


def test_all_faults_of_a_launch_come_at_once(cloudformation: CloudFormation, account: Account) -> None:
    got = launch(cloudformation, answers={**ARM, "ComputeMinNodes": "99", "VpcCidr": "10.0.0.0/26"})
    assert got["Status"] == "FAILED" and got["PhysicalResourceId"] == "not-created"
    for number, word in enumerate(("not x86-64", "more than ComputeMaxNodes", "private addresses"), 1):
        assert f"({number}) " in got["Reason"] and word in got["Reason"]


def test_too_many_faults_are_counted() -> None:
    text = preflight.summary([f"Fault {n} " + "x" * 500 for n in range(9)])
    assert len(text) <= 3100 and text.endswith("And 4 more: see the log.") and "(5) Fault 4" in text
    assert preflight.summary(["One."]) == "(1) One. "


def test_the_parent_stack_name_is_measured(cloudformation: CloudFormation, account: Account) -> None:
    stack = "arn:aws:cloudformation:us-east-1:123456789012:stack/{}-Preflight-1ABCDEFGHIJKL/0123-4567"
    assert launch(cloudformation, StackId=stack.format("s-" * 20))["Status"] == "SUCCESS"
    assert "has 41 characters" in launch(cloudformation, StackId=stack.format("s" * 41))["Reason"]


def test_an_update_holds_the_zones_and_checks_what_changed(cloudformation: CloudFormation, account: Account) -> None:
    account.responses["GetServiceQuota"] = quotas(L_F678F1CE=0)  # its own VPC is in use by now
    account.responses["HeadObject"] = "404"  # that version has gone, which does not matter to what runs
    got = update(cloudformation, {"AlarmEmail": "a@example.com"})
    assert (got["Status"], got["PhysicalResourceId"]) == ("SUCCESS", HELD["PhysicalResourceId"])
    assert got["Data"]["AvailabilityZone1"] == "us-east-1c" and got["Data"]["AvailabilityZone2"] == "us-east-1b"
    assert account.operations() == {"DescribeStacks"}
    account.responses["DescribeKey"] = "NotFoundException"
    assert update(cloudformation, {"ComputeInstanceType": "c7gn.4xlarge"})["Reason"].startswith("(1) ComputeInstanceType")
    lacking = offerings(c="r6i.large")
    account.responses[EC2] = lacking
    assert "is in us-east-1c, without r6i.large" in update(cloudformation, {"PortalInstanceType": "r6i.large"})["Reason"]


def test_a_further_zone_is_added_to_those_held(cloudformation: CloudFormation, account: Account) -> None:
    more = {**PROPERTIES, "Zones": "3", "Answers": said({**ANSWERS, "AvailabilityZone3": ""})}
    kind = {"ResourceType": "Custom::Preflight", "OldResourceProperties": PROPERTIES}
    got = cloudformation.send(preflight.handler, "Update", more, **kind, **HELD)
    assert got["PhysicalResourceId"] == "az:us-east-1c,us-east-1b,us-east-1a"


REFUSED = {
    "AvailabilityZone1": "us-east-1a",
    "VpcCidr": "10.1.0.0/16",
    "KmsKeyArn": NAMED["KmsKeyArn"],
    "DatabaseSnapshotArn": NAMED["DatabaseSnapshotArn"],
    "ExistingFileSystemId": NAMED["ExistingFileSystemId"],
    "ParallelClusterVersion": "3.17.0",
    "HeadNodeInstanceType": "m5.large",
    "KeyName": "mine",
    "LustreStorageCapacity": "1200",
    "DatabaseEngineVersion": "8.0.mysql_aurora.3.10.2",
    "VpcId": "vpc-2",
    "PrivateSubnetId2": "subnet-9",
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_update_that_loses_data_is_refused(cloudformation: CloudFormation, account: Account, name: str) -> None:
    old = {"LustreStorageCapacity": "2400", **{key: "" for key in NAMED if key != "SpotMaxNodes"}}
    if name.startswith(("VpcId", "Private")):
        old |= VPC
    got = update(cloudformation, {name: REFUSED[name]}, old)
    assert got["Status"] == "FAILED" and got["PhysicalResourceId"] == HELD["PhysicalResourceId"]
    assert f"{name} {REFUSED[name]} " in got["Reason"] and "Put the old answer back" in got["Reason"].replace(": put", ". Put")


def test_giving_up_a_key_is_refused_too(cloudformation: CloudFormation, account: Account) -> None:
    got = update(cloudformation, {"KmsKeyArn": ""}, {"KmsKeyArn": NAMED["KmsKeyArn"]})
    assert f"KmsKeyArn  cannot take the place of {NAMED['KmsKeyArn']}" in got["Reason"]


ALLOWED = {
    "AvailabilityZone1": "us-east-1c",  # the one that is held
    "LustreStorageCapacity": "4800",
    "LustreDeploymentType": "SCRATCH_2",  # what auto came to
    "DatabaseEngineVersion": "8.0.mysql_aurora.3.10.10",
    "BalancerSubnetId1": "subnet-4",
    "BalancerScheme": "internal",
    "ComputeMaxNodes": "4",
    "PortalInstanceType": "m5.large",
    "PortalAmiId": "ami-0123456789abcdef0",
    "CertificateArn": NAMED["CertificateArn"],
}


@pytest.mark.parametrize("name", ALLOWED)
def test_an_update_that_loses_nothing_passes(cloudformation: CloudFormation, account: Account, name: str) -> None:
    old = {"LustreStorageCapacity": "2400", "DomainName": "hpc.example.com"}
    assert update(cloudformation, {name: ALLOWED[name]}, old)["Status"] == "SUCCESS"


def test_a_changed_lustre_type_is_refused_however_it_came(cloudformation: CloudFormation, account: Account) -> None:
    before = {**PROPERTIES, "Resolved": {**RESOLVED, "LustreDeploymentType": "PERSISTENT_1"}}
    kind = {"ResourceType": "Custom::Preflight", "OldResourceProperties": before}
    got = cloudformation.send(preflight.handler, "Update", PROPERTIES, **kind, **HELD)
    assert "LustreDeploymentType SCRATCH_2 cannot take the place of PERSISTENT_1" in got["Reason"]


def test_a_rollback_returns_to_the_old_answers(cloudformation: CloudFormation, account: Account) -> None:
    account.responses.update({name: "InternalError" for name in good()})
    status = {"StackName": "s", "CreationTime": ENDED, "StackStatus": "UPDATE_ROLLBACK_IN_PROGRESS"}
    account.responses["DescribeStacks"] = {"Stacks": [status]}
    got = update(cloudformation, {}, {"VpcCidr": "10.0.0.0/16", "KmsKeyArn": ""})
    assert got["Status"] == "SUCCESS"
    tried = {"VpcCidr": "10.1.0.0/16", "KmsKeyArn": NAMED["KmsKeyArn"]}
    before = {**PROPERTIES, "Answers": said({**ANSWERS, **tried})}
    kind = {"ResourceType": "Custom::Preflight", "OldResourceProperties": before}
    got = cloudformation.send(preflight.handler, "Update", PROPERTIES, **kind, **HELD)
    assert (got["Status"], got["PhysicalResourceId"]) == ("SUCCESS", HELD["PhysicalResourceId"])
    assert got["Data"]["AvailabilityZone2"] == "us-east-1b"


def test_who_may_not_look_up_the_stack_does_not_roll_back(cloudformation: CloudFormation, account: Account) -> None:
    account.responses["DescribeStacks"] = "AccessDenied"
    assert update(cloudformation, {"VpcCidr": "10.1.0.0/16"})["Status"] == "FAILED"


def test_without_any_zone_the_launch_says_so(cloudformation: CloudFormation, account: Account) -> None:
    account.responses["DescribeAvailabilityZones"] = "UnauthorizedOperation"
    assert "No Availability Zones could be picked" in launch(cloudformation)["Reason"]
    named = {"AvailabilityZone1": "us-east-1a", "AvailabilityZone2": "us-east-1b"}
    assert launch(cloudformation, answers=named)["Status"] == "SUCCESS"


@pytest.mark.parametrize("kind", ["Custom::Preflight", "Custom::ParallelClusterImage", "Custom::Other", None])
@pytest.mark.parametrize("physical_id", ["not-created", "az:a,b", "ami-1", None])
def test_delete_makes_no_call(cloudformation: CloudFormation, account: Account, kind: Any, physical_id: Any) -> None:
    got = cloudformation.send(preflight.handler, "Delete", {}, ResourceType=kind, PhysicalResourceId=physical_id)
    assert got["Status"] == "SUCCESS" and got["PhysicalResourceId"] == physical_id or "not-created" and not account.calls


# The machine image.

WANTED = {"ParallelClusterVersion": "3.16.1", "PortalAmiId": "", "PortalImageRefresh": "1"}


def send_image(cloudformation: CloudFormation, request_type: str, properties: Any, **more: Any) -> Any:
    kind = {"ResourceType": "Custom::ParallelClusterImage"}
    return cloudformation.send(preflight.handler, request_type, properties, **kind, **more)


def test_the_newest_image_that_is_not_deprecated(cloudformation: CloudFormation, account: Account) -> None:
    old, new = image("ami-good", "2026-01-01"), image("ami-deprecated", "2026-02-02", "2026-03-03T00:00:00.000Z")
    account.responses["DescribeImages"] = {"Images": [new, old, image("ami-older", "2025-01-01")]}
    got = send_image(cloudformation, "Create", WANTED)
    assert got["PhysicalResourceId"] == "ami-good" and got["Data"] == {"ImageId": "ami-good"}
    asked = account.calls[-1][2]
    assert asked["Owners"] == ["amazon"] and asked["IncludeDeprecated"] is True
    assert asked["Filters"][0]["Values"] == ["aws-parallelcluster-3.16.1-amzn2023-hvm-x86_64-*"]
    account.responses["DescribeImages"] = {"Images": [new]}
    assert send_image(cloudformation, "Create", WANTED)["Data"] == {"ImageId": "ami-deprecated"}


def test_the_image_is_held_until_a_property_changes(cloudformation: CloudFormation, account: Account) -> None:
    held = {"PhysicalResourceId": "ami-held"}
    same = {**WANTED, "ServiceTimeout": "60"}
    got = send_image(cloudformation, "Update", same, OldResourceProperties=WANTED, **held)
    assert got["Data"] == {"ImageId": "ami-held"} and not account.calls
    for name in WANTED:
        before = {**WANTED, name: "other"}
        assert send_image(cloudformation, "Update", WANTED, OldResourceProperties=before, **held)["PhysicalResourceId"] == "ami-new"


def test_an_own_image_is_taken(cloudformation: CloudFormation, account: Account) -> None:
    assert send_image(cloudformation, "Create", {**WANTED, "PortalAmiId": "ami-mine"})["Data"] == {"ImageId": "ami-mine"}


def test_a_version_without_image_is_a_fault(cloudformation: CloudFormation, account: Account) -> None:
    account.responses["DescribeImages"] = {"Images": []}
    got = send_image(cloudformation, "Create", WANTED)
    assert got["Status"] == "FAILED" and got["Reason"].startswith("There is no image for ParallelClusterVersion 3.16.1")


# What holds of the whole.


def test_the_docstring_lists_the_permissions() -> None:
    """Every call of a launch with all answers is in the list, and nothing else is."""
    account = Account({**good(), "GetRole": MISSING, "CreateServiceLinkedRole": "InvalidInput",
                       "GetServiceQuota": "NoSuchResourceException", "GetAWSDefaultServiceQuota": quotas(),
                       "DescribeOrderableDBInstanceOptions": database_offers()})  # fmt: skip
    for answers in (NAMED, {**NAMED, **VPC}):
        preflight.check({**ANSWERS, **RESOLVED, **answers}, "us-east-1", account, make=True)
    preflight.rolling_back(preflight.Case({}, "us-east-1", account), "stack")
    prefixes = {"efs": "elasticfilesystem", "service-quotas": "servicequotas"}
    called = {f"{prefixes.get(service, service)}:{operation}" for service, operation, _ in account.calls} - {"s3:HeadObject"}
    assert set(re.findall(r"[a-z0-9]+:[A-Z]\w+", preflight.__doc__.split("IAM")[1] + preflight.__doc__.split("IAM")[2])) == called


def test_the_text_fits_into_a_template() -> None:
    folder = Path(__file__).parent.parent
    texts = [(folder / name).read_text() for name in ("preflight/handler.py", "common/answer.py")]
    assert sum(len(text.split('"""\n', 1)[1]) for text in texts) < 36_000
    assert all(text.isascii() and "\t" not in text and " \n" not in text for text in texts)
    assert all("arn:aws" not in text for text in texts)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
ANY_ANSWERS = st.dictionaries(st.sampled_from([*ANSWERS, *NAMED, *VPC]), st.text()).map(said) | JSON
ANY_PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        "Answers": ANY_ANSWERS, "Resolved": st.dictionaries(st.sampled_from([*RESOLVED]), JSON) | JSON, "Zones": JSON | st.sampled_from(["2", "0", "-1"]),
        **{name: JSON for name in WANTED},
    },
)  # fmt: skip


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    request_type=st.sampled_from(["Create", "Update", "Delete", "Read", None, 7]),
    kind=st.sampled_from(["Custom::Preflight", "Custom::ParallelClusterImage", "Other", None, []]),
    properties=ANY_PROPERTIES | JSON,
    old=ANY_PROPERTIES | JSON,
    more=st.fixed_dictionaries({}, optional={"PhysicalResourceId": JSON | st.just("az:a"), "StackId": JSON}),
)
def test_any_event_is_answered_once(
    cloudformation: CloudFormation, account: Account, request_type: Any, kind: Any, properties: Any, old: Any, more: Any
) -> None:
    cloudformation.answers.clear()
    known = {"ResourceType": kind, "OldResourceProperties": old}
    preflight.handler(cloudformation.event(request_type, properties, **known, **more), Context())
    assert len(cloudformation.answers) == 1
    if request_type == "Delete":
        assert cloudformation.answers[0]["Status"] == "SUCCESS"
