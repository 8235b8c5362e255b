"""Each check passes in a good account, and finds its fault, alone, in one that is bad in just that."""

import hashlib
import re
import threading
import urllib.error
from email.message import Message
from typing import Any

import boto3
import pytest
from account import (
    ACCOUNT,
    ANSWERS,
    CERTIFICATE,
    DIRECTORY,
    DRIVER,
    EDGE,
    ENDED,
    INSTALLER,
    KEY,
    NAMED,
    PEM,
    PRIVATE,
    PUBLIC,
    RESOLVED,
    SNAPSHOT,
    VPC,
    ZONE,
    A,
    Account,
    database_offers,
    efs,
    good,
    offerings,
    quotas,
    s3_object,
    secrets,
    subnet,
    table,
    vendors,
)
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws
from support import CloudFormation, Page, load

preflight = load("preflight")


@pytest.fixture(autouse=True)
def web(cloudformation: CloudFormation) -> dict[str, Any]:
    """The vendors' servers."""
    cloudformation.web.update(vendors())
    return cloudformation.web


def judge(answers: dict[str, str], responses: dict[str, Any], region: str = "us-east-1", **more: Any) -> list[Any]:
    account = Account({**good(), **responses}, region)
    found = preflight.check({**ANSWERS, **RESOLVED, **answers}, region, account, **more)
    return [verdict for verdict in found if verdict.level != "ok"]


GOOD = {
    "plain": {},
    "all": {**NAMED, **DIRECTORY},
    "own VPC": VPC,
    "all, own VPC": {**NAMED, **DIRECTORY, **VPC},
    "public authority": {**DIRECTORY, "DirectoryCaCertSecretArn": ""},
}


@pytest.mark.parametrize("answers", GOOD.values(), ids=GOOD)
def test_a_good_launch_passes_every_check(answers: dict[str, str]) -> None:
    assert judge(answers, {}) == []
    assert len(preflight.CHECKS) >= 25


# What is wrong: the answers that differ, the responses that differ, and the one sentence that must come of it.
EC2, MISSING = "DescribeInstanceTypeOfferings", "NoSuchEntity"
NO_FSX = EndpointConnectionError(endpoint_url="https://fsx")
ARM = {"ComputeInstanceType": "c7gn.4xlarge"}
FAULTS: list[tuple[dict[str, str], dict[str, Any], str]] = [
    # zones
    (
        {"ComputeInstanceType": "m9z.xlarge"},
        {},
        "ComputeInstanceType m9z.xlarge is not offered in us-east-1: choose another",
    ),
    (
        {"AvailabilityZone1": "us-east-1x"},
        {},
        "AvailabilityZone1 us-east-1x is not in an available zone: choose among us-east-1a",
    ),
    ({"AvailabilityZone1": "us-east-1d"}, {}, "AvailabilityZone1 us-east-1d is not in an available zone"),
    ({"AvailabilityZone2": "us-east-1-bos-1a"}, {}, "AvailabilityZone2 us-east-1-bos-1a is not in an available zone"),
    (
        {"AvailabilityZone1": "us-east-1c"},
        {EC2: offerings(c="c6i.2xlarge")},
        "is in us-east-1c, without c6i.2xlarge: choose another zone or type.",
    ),
    ({}, {EC2: offerings(a="c6i.2xlarge", b="m6i.xlarge")}, "AvailabilityZone2 (blank) finds no zone left with"),
    (VPC, {EC2: offerings(b="m6i.xlarge")}, "PrivateSubnetId2 subnet-2 is in us-east-1b, without m6i.xlarge: choose"),
    # instance types
    (ARM, {}, "ComputeInstanceType c7gn.4xlarge is not x86-64: choose another type."),
    (
        {"ComputeEfa": "yes"},
        {},
        "ComputeInstanceType c6i.2xlarge has no EFA: choose another type, or no for ComputeEfa.",
    ),
    # quotas
    (
        {},
        {"GetServiceQuota": quotas(L_1216C47A=31)},
        "vCPUs: 32 needed, 0 of 31 in use: ask for more in Service Quotas (ec2 L-1216C47A).",
    ),
    ({"ComputeMinNodes": "2"}, {"GetServiceQuota": quotas(L_1216C47A=63)}, "vCPUs: 64 needed, 0 of 63 in use"),
    (
        {"ComputeInstanceType": "hpc6a.48xlarge", "ComputeMinNodes": "1"},
        {"GetServiceQuota": quotas(L_F7808C92=8)},
        "L-F7808C92",
    ),
    ({"SpotMaxNodes": "1"}, {"GetServiceQuota": quotas(L_34B43A08=15)}, "Spot vCPUs: 16 needed, 0 of 15 in use"),
    (
        {},
        {"GetServiceQuota": quotas(L_F678F1CE=1)},
        "VPCs: 1 needed, 1 of 1 in use: ask for more in Service Quotas (vpc L-F678F1CE).",
    ),
    ({}, {"GetServiceQuota": quotas(L_0263D0A3=1)}, "Elastic IP addresses: 2 needed, 0 of 1 in use"),
    ({}, {"GetServiceQuota": quotas(L_AD2FC696=2399)}, "GiB of Lustre: 2400 needed, 0 of 2399 in use"),
    (
        {},
        {"DescribeAccountAttributes": {"AccountQuotas": [{"AccountQuotaName": "DBInstances", "Used": 39, "Max": 40}]}},
        "DBInstances: 2 needed, 39 of 40 in use: ask for more in Service Quotas (rds).",
    ),
    # storage
    (
        {"LustreStorageCapacity": "3600"},
        {},
        "LustreStorageCapacity 3600 is no size of Lustre: choose 1200 or a multiple",
    ),
    ({}, {"DescribeFileSystems": NO_FSX}, "FSx for Lustre is not offered in us-east-1"),
    (
        NAMED,
        {"DescribeFileSystems": lambda asked: efs("deleting") if "FileSystemId" in asked else {"FileSystems": []}},
        "ExistingFileSystemId fs-0123456789abcdef0 has LifeCycleState deleting: give one whose LifeCycleState is available.",
    ),
    (
        NAMED,
        {"DescribeFileSystems": lambda asked: efs(targets=2) if "FileSystemId" in asked else {"FileSystems": []}},
        "has NumberOfMountTargets 2: give one whose NumberOfMountTargets is 0.",
    ),
    # database
    (
        {"DatabaseEngineVersion": "8.0.mysql_aurora.3.01.0"},
        {"DescribeOrderableDBInstanceOptions": database_offers()},
        "8.0.mysql_aurora.3.01.0 is not offered as db.serverless: choose another DatabaseInstanceClass or one of 8.0",
    ),
    (
        {"AvailabilityZone1": "us-east-1c", "AvailabilityZone2": "us-east-1a"},
        {"DescribeOrderableDBInstanceOptions": database_offers("a", "b")},
        "DatabaseInstanceClass db.serverless is not offered in all of us-east-1c, us-east-1a: choose another class,",
    ),
    (
        {"DatabaseMinCapacity": "32"},
        {},
        "DatabaseMinCapacity 32 is more than DatabaseMaxCapacity 16: lower the one or raise",
    ),
    (
        {"ComputeMinNodes": "11"},
        {},
        "ComputeMinNodes 11 is more than ComputeMaxNodes 10: lower the one or raise the other.",
    ),
    (
        NAMED,
        {"DescribeDBClusterSnapshots": {"DBClusterSnapshots": [{**SNAPSHOT, "Status": "creating"}]}},
        "has Status creating: give one whose Status is available.",
    ),
    # things that answers name
    (NAMED, {"DescribeKeyPairs": "InvalidKeyPair.NotFound"}, "KeyName mine does not exist in us-east-1: correct it."),
    (
        NAMED,
        {"DescribeManagedPrefixLists": {"PrefixLists": []}},
        "AccessPrefixListId pl-0123456789abcdef0 does not exist",
    ),
    (
        NAMED,
        {"DescribeImages": {"Images": []}},
        "PortalAmiId ami-0123456789abcdef0 does not exist in us-east-1: correct it.",
    ),
    (
        NAMED,
        {"DescribeImages": {"Images": [{"State": "available", "Architecture": "arm64"}]}},
        "has Architecture arm64: give one",
    ),
    (
        NAMED,
        {"DescribeKey": {"KeyMetadata": {**KEY, "KeyState": "Disabled"}}},
        "has KeyState Disabled: give one whose KeyState is Enabled.",
    ),
    (
        NAMED,
        {"DescribeKey": {"KeyMetadata": {**KEY, "KeySpec": "RSA_2048"}}},
        "has KeySpec RSA_2048: give one whose KeySpec is",
    ),
    (NAMED, {"GetPolicy": MISSING}, "policy/boundary does not exist in us-east-1: correct it."),
    (
        {"KmsKeyArn": f"{A}:kms:eu-west-1:{ACCOUNT}:key/k"},
        {},
        "is of another region or partition: give one of us-east-1.",
    ),
    (
        {"KmsKeyArn": f"{A}-cn:kms:us-east-1:{ACCOUNT}:key/k"},
        {},
        "is of another region or partition: give one of us-east-1.",
    ),
    # efadmin's password
    (
        NAMED,
        {"GetSecretValue": {"SecretString": '{"admin": "x"}'}},
        'holds no password: store it as plain text or as JSON with the key "password".',
    ),
    (NAMED, {"GetSecretValue": {"SecretBinary": b"x"}}, "holds no password"),
    (
        NAMED,
        {"GetSecretValue": {"SecretString": "letters123"}},
        "needs letters, digits and special characters, but no blank, quote, backslash or colon: change it.",
    ),
    (NAMED, {"GetSecretValue": {"SecretString": '{"password": "no-digits"}'}}, "needs letters, digits"),
    (NAMED, {"GetSecretValue": {"SecretString": "test123\\!"}}, "needs letters, digits"),
    (NAMED, {"GetSecretValue": {"SecretString": "test 123!"}}, "needs letters, digits"),
    # directory
    (
        DIRECTORY,
        {"GetSecretValue": secrets(**{"reader-abcdef": '{"password": "x"}'})},
        "secret:reader-abcdef must hold the password, or PEM certificates, and nothing",
    ),
    (DIRECTORY, {"GetSecretValue": secrets(**{"reader-abcdef": "two\nlines"})}, "secret:reader-abcdef must hold"),
    (
        DIRECTORY,
        {"GetSecretValue": secrets(**{"ca-abcdef": "MIIC"})},
        "secret:ca-abcdef must hold the password, or PEM certificates, and nothing",
    ),
    (
        DIRECTORY,
        {"GetSecretValue": secrets(**{"ca-abcdef": f"{PEM}-----BEGIN PRIVATE KEY-----\n"})},
        "secret:ca-abcdef must hold",
    ),
    (
        {**DIRECTORY, "DirectoryCaCertSecretArn": ""},
        {"DescribeSecret": "ResourceNotFoundException", "GetSecretValue": "ResourceNotFoundException"},
        "DirectoryPasswordSecretArn arn:aws:secretsmanager:us-east-1:123456789012:secret:reader-abcdef does not exist",
    ),
    (
        {**DIRECTORY, "DirectoryCaCertSecretArn": ""},
        {"DescribeSecret": {"KmsKeyId": f"{A}:kms:us-east-1:{ACCOUNT}:key/k"}},
        "key/k, and head nodes may use none: choose aws/secretsmanager.",
    ),
    (
        {**DIRECTORY, "DirectoryPasswordSecretArn": f"{A}:secretsmanager:eu-west-1:{ACCOUNT}:secret:reader-abcdef"},
        {},
        "secret:reader-abcdef is of another region or partition: give one of us-east-1.",
    ),
    # certificate and hosted zone
    (
        NAMED,
        {"DescribeCertificate": "ResourceNotFoundException"},
        "certificate/c does not exist in us-east-1: correct it.",
    ),
    (
        NAMED,
        {"DescribeCertificate": {"Certificate": {**CERTIFICATE, "Status": "EXPIRED"}}},
        "has Status EXPIRED: give one whose Status is ISSUED.",
    ),
    ({**NAMED, "DomainName": "a.b.example.com"}, {}, "is for *.example.com: give one for DomainName a.b.example.com."),
    (NAMED, {"GetHostedZone": "NoSuchHostedZone"}, "HostedZoneId Z0123456789 does not exist in us-east-1: correct it."),
    (
        NAMED,
        {"GetHostedZone": {"HostedZone": {**ZONE, "Name": "ample.com."}}},
        "is of ample.com: give the zone that holds",
    ),
    (
        {**NAMED, "CertificateArn": ""},
        {"GetHostedZone": {"HostedZone": {**ZONE, "Config": {"PrivateZone": True}}}},
        "HostedZoneId Z0123456789 is private, so no certificate can be validated in it: give a public zone.",
    ),
    (
        NAMED,
        {
            "ListResourceRecordSets": {
                "ResourceRecordSets": [{"Name": "hpc.example.com.", "Type": "CNAME"}],
                "IsTruncated": False,
                "MaxItems": "1",
            }
        },
        "DomainName hpc.example.com has a record in its zone: delete it, since the stack makes its own.",
    ),
    # network
    (
        {"VpcCidr": "10.0.0.0/22", "ComputeMaxNodes": "112"},
        {},
        "VpcCidr 10.0.0.0/22 leaves 123 private addresses and 124 are needed",
    ),
    (VPC, {"DescribeVpcs": "InvalidVpcID.NotFound"}, "VpcId vpc-1 does not exist in us-east-1: correct it."),
    (
        VPC,
        {
            "DescribeVpcAttribute": lambda asked: {
                "EnableDnsSupport": {"Value": False},
                "EnableDnsHostnames": {"Value": True},
            }
        },
        "VpcId vpc-1 has enableDnsSupport off: switch it on.",
    ),
    (
        VPC,
        {
            "DescribeVpcAttribute": lambda asked: {
                "EnableDnsSupport": {"Value": True},
                "EnableDnsHostnames": {"Value": False},
            }
        },
        "VpcId vpc-1 has enableDnsHostnames off: switch it on.",
    ),
    (
        VPC,
        {"DescribeSubnets": {"Subnets": [subnet(1, "a"), subnet(2, "b", vpc="vpc-2"), subnet(3, "a"), subnet(4, "b")]}},
        "PrivateSubnetId2 subnet-2 is no subnet of vpc-1: choose one of that VPC.",
    ),
    (
        VPC,
        {"DescribeSubnets": {"Subnets": [subnet(1, "a"), subnet(2, "b"), subnet(3, "a"), subnet(4, "a")]}},
        "BalancerSubnetId2 subnet-4 is in the zone of another: choose a subnet in each zone.",
    ),
    (
        VPC,
        {"DescribeSubnets": {"Subnets": [subnet(1, "a"), subnet(2, "b"), subnet(3, "a"), subnet(4, "c")]}},
        "BalancerSubnetId2 subnet-4 is in a zone without a private subnet: choose one in a zone of the private subnets.",
    ),
    (
        VPC,
        {"DescribeSubnets": {"Subnets": [subnet(1, "a", 21), subnet(2, "b"), subnet(3, "a"), subnet(4, "b")]}},
        "PrivateSubnetId1 subnet-1 leaves 21 private addresses and 22 are needed",
    ),
    (
        VPC,
        {"DescribeRouteTables": {"RouteTables": [PRIVATE, table("subnet-3", GatewayId="igw-1"), table(), EDGE]}},
        "BalancerSubnetId2 subnet-4 has no route to an internet gateway: choose a public subnet or BalancerScheme internal.",
    ),
    (
        VPC,
        {"DescribeRouteTables": {"RouteTables": [table("subnet-1", NatGatewayId="nat-1"), PUBLIC, table()]}},
        "PrivateSubnetId2 subnet-2 has no route out by NAT gateway or the like: add one or choose another subnet.",
    ),
    (
        VPC,
        {
            "DescribeRouteTables": {
                "RouteTables": [table("subnet-1", NatGatewayId="nat-1"), PUBLIC, table(GatewayId="igw-1")]
            }
        },
        "PrivateSubnetId2 subnet-2 has no route out by NAT gateway",
    ),
    # ParallelCluster
    ({}, {"HeadObject": "404"}, "ParallelClusterVersion 3.16.1 is not published in us-east-1: choose another."),
    ({}, {"HeadObject": "403"}, "ParallelClusterVersion 3.16.1 is not published in us-east-1"),
    (
        {},
        {"DescribeImages": {"Images": []}},
        "ParallelClusterVersion 3.16.1 has no image in us-east-1: choose another, or give PortalAmiId.",
    ),
    # files
    (
        {"PortalInstallerUrl": "https://gone.example/x.jar"},
        {},
        "PortalInstallerUrl https://gone.example/x.jar cannot be fetched (Name or service not known): correct",
    ),
    ({"JdbcDriverUrl": "https://vendor.example/404"}, {}, "cannot be fetched (HTTP Error 404: Not Found)"),
    ({"JdbcDriverUrl": "https://vendor.example/page"}, {}, "answers with 20000 bytes of text/html, no archive"),
    ({"JdbcDriverUrl": "https://vendor.example/tiny"}, {}, "answers with 9 bytes of application/gzip, no archive"),
    (
        {"JdbcDriverSha256": "0" * 64},
        {},
        f"JdbcDriverSha256 {'0' * 64} is not that of JdbcDriverUrl: correct it, or find out",
    ),
    (
        {"PortalInstallerUrl": "s3://mine/none.jar"},
        {"GetObject": lambda asked: "NoSuchKey" if asked["Key"] == "none.jar" else s3_object(b"  userdata/portal")},
        "PortalInstallerUrl s3://mine/none.jar cannot be fetched (there is no such object)",
    ),
    (
        {},
        {"GetObject": "NoSuchKey"},
        "AssetsBucket publisher has no whole release at hpc/v1/SHA256SUMS: correct AssetsBucket, AssetsBucketRegion or",
    ),
    (
        {},
        {"GetObject": lambda asked: s3_object(b"")},
        "AssetsBucket publisher has no whole release at hpc/v1/SHA256SUMS",
    ),
]


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


def test_a_secret_that_is_to_be_deleted_is_refused() -> None:
    found = judge(NAMED, {"DescribeSecret": {"DeletedDate": ENDED}})
    assert [(verdict.level, verdict.text.split()[0]) for verdict in found] == [
        ("fault", "LicenseSecretArn"),
        ("fault", "AdminPasswordSecretArn"),
    ]
    assert all(
        "has DeletedDate 2020-01-01" in v.text and v.text.endswith("restore it, or give another.") for v in found
    )


OWN_KEY = f"{A}:kms:us-east-1:999999999999:key/own"


def test_the_key_of_a_secret_must_be_usable_and_what_it_must_allow_is_said() -> None:
    """The key may be another account's."""
    given = {name: NAMED[name] for name in ("AdminPasswordSecretArn", "LicenseSecretArn")}

    def found(state: Any, key: str = OWN_KEY, secret: Any = {"SecretString": "test123456!"}) -> list[tuple[str, str]]:  # noqa: B006
        key_ = state if isinstance(state, str) else {"KeyMetadata": {**KEY, **state}}
        answers = {"DescribeSecret": {"KmsKeyId": key}, "DescribeKey": key_, "GetSecretValue": secret}
        return [(verdict.level, verdict.text) for verdict in judge(given, answers)]

    needs = f"has KMS key {OWN_KEY}: its policy must allow this account or the portal's role kms:Decrypt."
    told = [("warning", f"{name} {needs}") for name in given]
    assert found({}) == told
    off = f"is encrypted with KMS key {OWN_KEY}, which is Disabled: enable it, or give another secret."
    faults = [("fault", f"{name} {arn} {off}") for name, arn in given.items()]
    assert found({"KeyState": "Disabled"}) == [told[0], faults[0], told[1], faults[1]]
    assert found({}, "alias/aws/secretsmanager") == []
    # Without a look at the key, or the password, what it must allow is said all the same.
    hidden = [text for _, text in found("AccessDeniedException")]
    assert hidden[0] == told[0][1] and "Not checked, so look yourself" in hidden[1] and "DescribeKey" in hidden[1]
    refused = found({}, secret="AccessDeniedException")
    assert {level for level, _ in refused} == {"warning"} and told[0] in refused
    assert [text for _, text in refused if "GetSecretValue" in text]


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


def test_that_a_directory_answers_is_said_not_to_be_known() -> None:
    (found,) = judge({**DIRECTORY, "DirectoryDomainAddr": "ldaps://dc1.corp.example.com"}, {})
    assert found.level == "warning" and "Not checked: whether DirectoryDomainAddr answers" in found.text
    secret = secrets(**{"reader-abcdef": "battery-staple\n"})  # as an editor ends it
    assert judge(DIRECTORY, {"GetSecretValue": secret}) == []


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


@pytest.mark.parametrize("character", [*" \"'\\`:\n\t"])
def test_forbidden_characters(character: str) -> None:
    assert len(judge(NAMED, {"GetSecretValue": {"SecretString": f"test123!{character}x"}})) == 1


def test_all_other_special_characters_are_allowed() -> None:
    assert judge(NAMED, {"GetSecretValue": {"SecretString": "a1!#$%&()*+,-./;<=>?@[]^_{|}~"}}) == []


def test_the_password_is_not_told() -> None:
    for secret in ("hunter2", '{"password": "hunter2"}', "hunter 2!", '{"other": "hunter2"}', "{hunter"):
        found = judge(NAMED, {"GetSecretValue": {"SecretString": secret}})
        assert found and "hunter" not in str(found)


def test_what_preflight_may_not_see_is_a_warning() -> None:
    everything = dict.fromkeys(good(), "AccessDeniedException")
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
    release, ended = threading.Event(), threading.Event()

    def hangs(asked: dict[str, Any]) -> Any:
        release.wait(10)
        ended.set()
        return {"KeyPairs": []}

    found = judge(NAMED, {"DescribeKeyPairs": hangs})
    assert not ended.is_set(), "nobody waits for a check that hangs"
    release.set()
    assert [(v.check, v.level) for v in found] == [("KeyName exists and fits", "warning")]
    assert "no answer in time" in found[0].text


POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'


def test_what_is_missing_is_recognized_by_real_error_codes() -> None:
    """moto answers as AWS does: everything that an answer names is missing, and then there."""
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        names = {name for name in preflight.THINGS if name in NAMED and name != "AccessPrefixListId"}
        answers = {name: NAMED[name] for name in names} | {"VpcId": "vpc-0123456789abcdef0"}
        case = preflight.Case(answers, "us-east-1", session)
        missing = {name for name in answers if any("does not exist" in text for _, text in preflight.fits(case, name))}
        assert missing == answers.keys()
        ec2, route53 = session.client("ec2"), session.client("route53")
        ec2.create_key_pair(KeyName="mine")
        secret = session.client("secretsmanager").create_secret(Name="admin", SecretString="test123456!")
        policy = session.client("iam").create_policy(PolicyName="boundary", PolicyDocument=POLICY)
        answers = {
            "KeyName": "mine",
            "VpcId": ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"],
            "PortalAmiId": ec2.describe_images(Filters=[{"Name": "architecture", "Values": ["x86_64"]}])["Images"][0][
                "ImageId"
            ],
            "HostedZoneId": route53.create_hosted_zone(Name="example.com", CallerReference="r")["HostedZone"]["Id"][
                12:
            ],
            "KmsKeyArn": session.client("kms").create_key()["KeyMetadata"]["Arn"],
            "AdminPasswordSecretArn": secret["ARN"],
            "LicenseSecretArn": secret["ARN"],
            "ExistingFileSystemId": session.client("efs").create_file_system(CreationToken="t")["FileSystemId"],
            "PermissionsBoundaryArn": policy["Policy"]["Arn"],
        }
        case = preflight.Case(answers, "us-east-1", session)
        assert {name: list(preflight.fits(case, name)) for name in answers} == {name: [] for name in answers}
        assert list(preflight.admin_secret(case)) == []


def test_zones_and_types_of_a_real_region() -> None:
    """moto has copies of the zones, instance types and offers of the regions."""
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        case = preflight.Case({**ANSWERS, **RESOLVED}, "us-east-1", session)
        assert list(preflight.zones(case)) == [] and case.zones == ["us-east-1a", "us-east-1b"]
        assert list(preflight.instance_types(case)) == [] and list(preflight.existing_vpc(case)) == []
        other = preflight.Case({**ANSWERS, "HeadNodeInstanceType": "m6g.xlarge"}, "us-east-1", session)
        assert [name for name, _ in preflight.instance_types(other)] == ["HeadNodeInstanceType"]


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
