"""A deployment with every option on, in each partition: created, updated, failed, rolled back, deleted.

It goes into a VPC, a file system and a database snapshot that were there before, under a permissions boundary and a
customer's key, with a directory, a certificate, the WAF, access logs and all secrets brought by the operator.
"""

from __future__ import annotations

import pytest

from generator import form
from tests.emulator.client import Emulator, Fault
from tests.emulator.leftovers import Leftover
from tests.support.built import questions
from tests.support.deployment import PROMISED, Deployment, left, policy, secret, vpc

ELSEWHERE = "eu-south-2"  # no other test's
REGIONS = ("us-east-1", "cn-north-1", "us-gov-west-1")
# Questions that keep the form's own answer, and why.
LEFT_AS_IT_IS = {
    "HostedZoneId": "the certificate is brought",
    "PortalAmiId": "the nodes' image is ParallelCluster's",
    "DatabaseMinCapacity": "the database is provisioned",
    "DatabaseMaxCapacity": "the database is provisioned",
    "DatabaseEngineVersion": "the snapshot has it",
    "PortalInstallerSha256": "a stand-in is installed",
    "JdbcDriverSha256": "a stand-in is installed",
    "ParallelClusterVersion": "the tests know one",
    "SlurmAccounting": "it is on",
    "DeletionProtection": "the test deletes",
    "AssetsPrefix": "the emulator's publisher has it",
}
# What every launch on the emulator answers.
EVERY_LAUNCH = {"PortalAccessCidr", "PortalInstallerUrl", "JdbcDriverUrl", "AssetsBucket", "AssetsBucketRegion"}
UPDATE = {
    "AdditionalAccessCidr": "192.0.2.0/24",
    "PortalVolumeSize": "210",
    "DatabaseBackupDays": "34",
    "ComputeMaxNodes": "5",
    "AlarmEmail": "operators@example.com",
    "LogRetentionDays": "731",
}
# Each back, or on to something else: the fault strikes when nearly all of it is done.
FAILING = {"AdditionalAccessCidr": "", "PortalVolumeSize": "220", "DatabaseBackupDays": "33", "LogRetentionDays": "180"}
BROKEN = "bootstrap.sh ended with 3: the installer cannot be fetched"
# What was in a region before the launch.
before: dict[str, set[Leftover]] = {}


def answers(emulator: Emulator, region: str) -> dict[str, str]:
    """An answer other than the default to every question that can have one, with what it names made."""
    ec2, efs, rds = (emulator.client(service, region) for service in ("ec2", "efs", "rds"))
    prefix_list = ec2.create_managed_prefix_list(
        PrefixListName="everything", MaxEntries=2, AddressFamily="IPv4", Entries=[{"Cidr": "198.51.100.0/25"}]
    )["PrefixList"]["PrefixListId"]
    key = emulator.client("kms", region).create_key(Description="everything")["KeyMetadata"]["Arn"]
    system = efs.create_file_system(Encrypted=True, KmsKeyId=key)["FileSystemId"]
    rds.create_db_cluster(
        DBClusterIdentifier=f"before-{region}",
        Engine="aurora-mysql",
        MasterUsername="hpcportal",
        MasterUserPassword="secret-of-before",
        StorageEncrypted=True,
        KmsKeyId=key,
    )
    snapshot = rds.create_db_cluster_snapshot(
        DBClusterSnapshotIdentifier=f"before-{region}", DBClusterIdentifier=f"before-{region}"
    )["DBClusterSnapshot"]["DBClusterSnapshotArn"]
    certificate = emulator.client("acm", region).request_certificate(DomainName="hpc.example.com")["CertificateArn"]
    return {
        **vpc(emulator, region),
        "AdditionalAccessCidr": "198.51.100.0/24",
        "AccessPrefixListId": prefix_list,
        "LoadBalancerScheme": "internal",
        "CertificateArn": certificate,
        "DomainName": "hpc.example.com",
        "Waf": "yes",
        "PortalFlavor": "EFPortal",
        "LicenseSecretArn": secret(emulator, region, "everything/license", "a license"),
        "AdminPasswordSecretArn": secret(emulator, region, "everything/efadmin", "Correct-Horse-7-Battery"),
        "PortalInstanceType": "m6i.2xlarge",
        "PortalVolumeSize": "200",
        "PortalImageRefresh": "2",
        "KeyName": "everything",
        "DatabaseMode": "provisioned",
        "DatabaseInstanceClass": "db.r6g.large",
        "DatabaseBackupDays": "35",
        "DatabaseSnapshotArn": snapshot,
        "ExistingFileSystemId": system,
        "LustreDeploymentType": "PERSISTENT_1",
        "LustreStorageCapacity": "2400",
        "LustreThroughput": "100",
        "KmsKeyArn": key,
        "HeadNodeInstanceType": "m6i.2xlarge",
        "ComputeInstanceType": "c6i.32xlarge",
        "ComputeMinNodes": "1",
        "ComputeMaxNodes": "4",
        "SpotMaxNodes": "2",
        "ComputeEfa": "yes",
        "DirectoryDomainName": "dc=corp,dc=example,dc=com",
        "DirectoryDomainAddr": "ldaps://ad.corp.example.com",
        "DirectoryDomainReadOnlyUser": "cn=reader,dc=corp,dc=example,dc=com",
        "DirectoryPasswordSecretArn": secret(emulator, region, "everything/directory", "of the directory"),
        "DirectoryCaCertSecretArn": secret(emulator, region, "everything/ca", "-----BEGIN CERTIFICATE-----"),
        "DirectoryLdapAccessFilter": "(memberOf=cn=hpc,dc=corp,dc=example,dc=com)",
        "DirectoryLdapSchema": "rfc2307bis",
        "AlarmEmail": "hpc-operators@example.com",
        "AccessLogs": "yes",
        "LogRetentionDays": "365",
        "Tags": "CostCenter=42,Owner=hpc",
        "PermissionsBoundaryArn": policy(emulator, region, f"Everything-{region}"),
        "PreflightWarnOnly": "VcpuQuotas,LustreQuota",
    }


@pytest.fixture(scope="module", params=REGIONS)
def portal(emulator: Emulator, request: pytest.FixtureRequest) -> Deployment:
    """The deployment in one region, created; the last test deletes it."""
    region = request.param
    brought = answers(emulator, region)
    deployment = Deployment(emulator, "everything", region)
    deployment.url()  # publishes
    before[region] = set(emulator.leftovers(region))
    made = deployment.create(parent=form.EXISTING_VPC, **brought)
    assert made.complete, made.reason
    return deployment


def test_every_question_that_can_be_is_answered_with_something_else_than_its_default(emulator: Emulator) -> None:
    given = answers(emulator, ELSEWHERE)
    asked = {name: question for name, question in questions().items() if form.EXISTING_VPC in question.asked_by}
    default = {name for name, question in asked.items() if given.get(name, "") in ("", str(question.default))}
    assert default == LEFT_AS_IT_IS.keys() | EVERY_LAUNCH
    assert given.keys() <= asked.keys()


def test_an_update_reaches_every_tier_and_replaces_nothing_that_holds_data(portal: Deployment) -> None:
    data = portal.stateful()
    change = portal.update(**UPDATE)
    assert change.outcome.status == "UPDATE_COMPLETE", change.outcome.reason
    assert portal.stateful() == data
    assert {title.split(".")[0] for title in change.touched} >= {"database", "portal", "load-balancer", "monitoring"}


def test_an_update_that_fails_late_is_rolled_back_to_the_answers_before(portal: Deployment) -> None:
    before = portal.resources()
    portal.emulator.inject(Fault("boot", "AWS::AutoScaling::AutoScalingGroup", BROKEN, "PortalNode2$"))
    try:
        change = portal.update(**FAILING)
    finally:
        portal.emulator.inject()
    assert change.outcome.status == "UPDATE_ROLLBACK_COMPLETE", change.outcome.reason
    assert BROKEN in change.outcome.reason
    assert portal.resources() == before
    described = portal.cloudformation.describe_stacks(StackName=portal.stack)["Stacks"][0]
    answered = {item["ParameterKey"]: item["ParameterValue"] for item in described["Parameters"]}
    assert answered.items() >= UPDATE.items()


def test_a_delete_leaves_what_was_brought_and_nothing_that_is_not_promised(portal: Deployment) -> None:
    assert portal.delete().complete
    retained, others = left(portal.emulator, portal.region, before[portal.region])
    assert [item for item in others if "AWSServiceRoleFor" not in item] == []  # which is the account's
    assert retained <= PROMISED | {"AWS::S3::Bucket"}
