"""What each answer comes to, in each partition: which resources there are, and what their decisive properties are."""

from __future__ import annotations

from typing import Any

import pytest

from generator.cfn.regions import partition_of, url_suffix
from generator.stack import MAX_ZONES, MIN_ZONES
from tests.support.built import NAMES, PARENTS, questions, templates
from tests.support.rendered import properties, rendered

REGIONS = ("us-east-1", "cn-north-1", "us-gov-west-1")
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d"
BOUNDARY = "arn:aws:iam::123456789012:policy/Boundary"
KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d"
SNAPSHOT = "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:last"

# For each answer that adds or removes resources: (template, answers, what is then there, what is then not there).
SWITCHES: list[tuple[str, dict[str, str], set[str], set[str]]] = [
    ("load-balancer", {"AccessLogs": "yes"}, {"AccessLogBucket", "AccessLogBucketPolicy"}, set()),
    ("load-balancer", {"AccessLogs": "no"}, {"LoadBalancer"}, {"AccessLogBucket", "AccessLogBucketPolicy"}),
    (
        "https",
        {},
        {"SelfSignedCertificate", "CertificateFunction", "CertificateFunctionRole", "CertificateRenewal"},
        {"DomainValidatedCertificate", "AliasRecord"},
    ),
    (
        "https",
        {"CertificateArn": CERTIFICATE, "DomainName": "hpc.example.com"},
        {"HttpsListener"},
        {
            *("SelfSignedCertificate", "CertificateFunction", "CertificateFunctionLogs", "CertificateFunctionRole"),
            *("CertificateRenewal", "CertificateRenewalPermission", "DomainValidatedCertificate", "AliasRecord"),
        },
    ),
    (
        "https",
        {"HostedZoneId": "Z0123456789", "DomainName": "hpc.example.com"},
        {"DomainValidatedCertificate", "AliasRecord"},
        {"SelfSignedCertificate", "CertificateFunction", "CertificateRenewalPermission"},
    ),
    (
        "https",
        {"HostedZoneId": "Z0123456789", "DomainName": "hpc.example.com", "CertificateArn": CERTIFICATE},
        {"AliasRecord"},
        {"SelfSignedCertificate", "CertificateFunction", "DomainValidatedCertificate"},
    ),
    ("security-groups", {}, {"PortalSecurityGroup"}, {f"PortalToDirectory{port}" for port in (389, 636, 3268)}),
    (
        "security-groups",
        {"DirectoryPasswordSecretArn": "arn:x"},
        {f"PortalToDirectory{port}" for port in (389, 636, 3268)},
        set(),
    ),
    ("file-system", {}, {"FileSystem", "MountTarget1", "MountTarget2"}, set()),
    ("file-system", {"ExistingFileSystemId": "fs-0123456789"}, {"MountTarget1", "MountTarget2"}, {"FileSystem"}),
    ("secrets", {}, {"AdminPassword", "MungeKey"}, set()),
    ("secrets", {"AdminPasswordSecretArn": "arn:x"}, {"MungeKey", "DatabasePassword"}, {"AdminPassword"}),
    ("monitoring", {"CertificateArn": ""}, {"Alarms", "CertificateRenewalFails"}, {"AlarmEmailSubscription"}),
    ("monitoring", {"CertificateArn": CERTIFICATE}, {"CertificateExpires"}, {"CertificateRenewalFails"}),
    ("monitoring", {"AlarmEmail": "hpc@example.com"}, {"Alarms", "AlarmEmailSubscription"}, set()),
    ("provider", {}, {"ParallelCluster", "NodePolicy"}, {"BoundedPolicies", "ProviderRole"}),
    ("provider", {"PermissionsBoundaryArn": BOUNDARY}, {"BoundedPolicies", "ProviderRole"}, set()),
    ("main", {"Waf": "no"}, {"LoadBalancerStack"}, {"WafStack"}),
    ("main", {"Waf": "yes"}, {"WafStack"}, set()),
    ("main-existing-vpc", {"Waf": "yes"}, {"WafStack"}, {"NetworkStack"}),
]


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize(("name", "answers", "there", "absent"), SWITCHES)
def test_what_there_is(name: str, answers: dict[str, str], there: set[str], absent: set[str], region: str) -> None:
    found = rendered(name, region, **answers)["Resources"].keys()
    assert there <= found
    assert not absent & found


def test_every_condition_of_a_resource_is_switched_on_and_off() -> None:
    """A conditional resource that no case above has and has not would go untested."""
    for name, template in templates().items():
        conditional = {title for title, body in template["Resources"].items() if "Condition" in body}
        seen = [set(rendered(name, **answers)["Resources"]) for case, answers, *_ in SWITCHES if case == name]
        if name == "main-existing-vpc":  # the same assembly as main
            continue
        assert conditional <= set().union(*seen), name
        assert not conditional & set.intersection(*seen) if seen else not conditional, name


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("name", NAMES)
def test_every_template_resolves_in_every_partition(name: str, region: str) -> None:
    """Each Ref, GetAtt, FindInMap and Sub finds what it names, whatever it comes to."""
    found = rendered(name, region)
    assert found["Resources"]
    text = str(found)
    assert "Fn::" not in text and "{'Ref'" not in text
    assert not [word for word in ("${AWS::", "\0") if word in text]


# Entrance


@pytest.mark.parametrize(
    ("answers", "certificate"),
    [
        ({}, "SelfSignedCertificate"),
        ({"DomainName": "hpc.example.com", "CertificateArn": CERTIFICATE}, CERTIFICATE),
        ({"DomainName": "hpc.example.com", "HostedZoneId": "Z0123456789"}, "DomainValidatedCertificate"),
        ({"DomainName": "a.example.com", "HostedZoneId": "Z01", "CertificateArn": CERTIFICATE}, CERTIFICATE),
    ],
)
def test_the_listener_has_the_certificate_that_was_chosen(answers: dict[str, str], certificate: str) -> None:
    assert properties("https", "HttpsListener", **answers)["Certificates"] == [{"CertificateArn": certificate}]


@pytest.mark.parametrize(
    ("region", "policy"),
    [
        ("us-east-1", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"),
        ("cn-north-1", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
        ("us-gov-west-1", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
    ],
)
def test_the_listener_has_the_tls_policy_of_its_partition(region: str, policy: str) -> None:
    assert properties("https", "HttpsListener", region)["SslPolicy"] == policy


def test_alias_record_and_url_have_the_host_name() -> None:
    own = {"DomainName": "hpc.example.com", "HostedZoneId": "Z0123456789"}
    record = properties("https", "AliasRecord", **own)
    assert (record["Name"], record["Type"], record["HostedZoneId"]) == ("hpc.example.com", "A", "Z0123456789")
    assert record["AliasTarget"]["DNSName"] == "LoadBalancerDnsName"
    assert rendered("https", **own)["Outputs"]["PortalUrl"]["Value"] == "https://hpc.example.com/enginframe/"
    made = rendered("https")["Outputs"]["PortalUrl"]["Value"]
    assert made == "https://LoadBalancerDnsName/enginframe/"


# Balancer


@pytest.mark.parametrize("scheme", ["internal", "internet-facing"])
def test_the_load_balancer_has_the_scheme_that_was_chosen(scheme: str) -> None:
    assert properties("load-balancer", "LoadBalancer", LoadBalancerScheme=scheme)["Scheme"] == scheme


@pytest.mark.parametrize("protected", ["yes", "no"])
@pytest.mark.parametrize("logged", ["yes", "no"])
def test_protection_and_access_logs_reach_the_load_balancer(protected: str, logged: str) -> None:
    balancer = properties("load-balancer", "LoadBalancer", DeletionProtection=protected, AccessLogs=logged)
    attributes = {item["Key"]: item["Value"] for item in balancer["LoadBalancerAttributes"]}
    assert attributes["deletion_protection.enabled"] == ("true" if protected == "yes" else "false")
    assert attributes["access_logs.s3.enabled"] == ("true" if logged == "yes" else "false")
    assert attributes.get("access_logs.s3.bucket") == ("AccessLogBucket" if logged == "yes" else None)


@pytest.mark.parametrize(
    ("region", "principal"),
    [
        ("us-east-1", {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}),
        ("ap-southeast-7", {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}),
        ("cn-north-1", {"AWS": "arn:aws-cn:iam::638102146993:root"}),
        ("cn-northwest-1", {"AWS": "arn:aws-cn:iam::037604701340:root"}),
        ("us-gov-west-1", {"AWS": "arn:aws-us-gov:iam::048591011584:root"}),
        ("us-gov-east-1", {"AWS": "arn:aws-us-gov:iam::190560391635:root"}),
    ],
)
def test_who_writes_access_logs(region: str, principal: dict[str, str]) -> None:
    policy = properties("load-balancer", "AccessLogBucketPolicy", region, AccessLogs="yes")["PolicyDocument"]
    (allow,) = (statement for statement in policy["Statement"] if statement["Effect"] == "Allow")
    assert allow["Principal"] == principal
    assert allow["Resource"] == [f"arn:{partition_of(region)}:s3:::AccessLogBucket/*"]


# Database


@pytest.mark.parametrize(
    ("region", "mode", "given", "comes_to"),
    [
        ("us-east-1", "auto", "", "db.serverless"),
        ("us-gov-west-1", "auto", "", "db.serverless"),
        ("cn-north-1", "auto", "", "db.r6g.large"),
        ("cn-northwest-1", "auto", "", "db.r6g.large"),
        ("cn-north-1", "serverless", "", "db.serverless"),
        ("us-east-1", "serverless", "", "db.serverless"),
        ("us-east-1", "provisioned", "db.r7i.2xlarge", "db.r7i.2xlarge"),
        ("cn-north-1", "provisioned", "db.r5.large", "db.r5.large"),
    ],
)
def test_the_database_class_follows_mode_and_region_and_is_checked(
    region: str, mode: str, given: str, comes_to: str
) -> None:
    answers = {"DatabaseMode": mode, "DatabaseInstanceClass": given}
    for zone in (1, 2):
        assert properties("database", f"DatabaseInstance{zone}", region, **answers)["DBInstanceClass"] == comes_to
    # Preflight checks that very class.
    answers = {name: value for name, value in answers.items() if name in templates()["preflight"]["Parameters"]}
    assert properties("preflight", "Checks", region, **answers)["Resolved"]["DatabaseInstanceClass"] == comes_to


def test_a_restored_database_keeps_the_snapshot_s_master_user() -> None:
    fresh = properties("database", "DatabaseCluster")
    assert fresh["MasterUsername"] == "hpcadmin" and "SnapshotIdentifier" not in fresh
    restored = properties("database", "DatabaseCluster", DatabaseSnapshotArn=SNAPSHOT)
    assert "MasterUsername" not in restored and restored["SnapshotIdentifier"] == SNAPSHOT
    for cluster in (fresh, restored):
        assert cluster["MasterUserPassword"] == "<secret DatabaseSecretArn>"


@pytest.mark.parametrize("protected", ["yes", "no"])
def test_deletion_protection_reaches_the_database(protected: str) -> None:
    cluster = properties("database", "DatabaseCluster", DeletionProtection=protected)
    assert cluster["DeletionProtection"] is (protected == "yes")


def test_capacity_and_backups_are_the_answers() -> None:
    answers = {"DatabaseMinCapacity": "2", "DatabaseMaxCapacity": "64", "DatabaseBackupDays": "35"}
    cluster = properties("database", "DatabaseCluster", **answers)
    assert cluster["ServerlessV2ScalingConfiguration"] == {"MinCapacity": "2", "MaxCapacity": "64"}
    assert cluster["BackupRetentionPeriod"] == "35"


# Storage


@pytest.mark.parametrize(
    ("name", "title"), [("database", "DatabaseCluster"), ("file-system", "FileSystem"), ("lustre", "LustreFileSystem1")]
)
def test_the_operator_s_key_encrypts_what_takes_one(name: str, title: str) -> None:
    persistent = {"LustreDeploymentType": "PERSISTENT_2", "LustreThroughput": "125"} if name == "lustre" else {}
    assert "KmsKeyId" not in properties(name, title, **persistent)
    assert properties(name, title, KmsKeyArn=KEY, **persistent)["KmsKeyId"] == KEY


@pytest.mark.parametrize(
    ("region", "asked", "comes_to", "persistent"),
    [
        ("us-east-1", "auto", "SCRATCH_2", False),
        ("us-gov-west-1", "auto", "SCRATCH_2", False),
        ("cn-north-1", "auto", "PERSISTENT_1", True),
        ("cn-northwest-1", "auto", "PERSISTENT_1", True),
        ("us-east-1", "SCRATCH_2", "SCRATCH_2", False),
        ("us-east-1", "PERSISTENT_1", "PERSISTENT_1", True),
        ("cn-north-1", "PERSISTENT_1", "PERSISTENT_1", True),
        ("us-east-1", "PERSISTENT_2", "PERSISTENT_2", True),
        ("us-gov-west-1", "PERSISTENT_2", "PERSISTENT_2", True),
    ],
)
def test_the_lustre_type_follows_the_region_and_takes_what_it_can(
    region: str, asked: str, comes_to: str, persistent: bool
) -> None:
    throughput = "250" if asked == "PERSISTENT_2" else "100"
    answers = {"LustreDeploymentType": asked, "LustreThroughput": throughput, "KmsKeyArn": KEY}
    system = properties("lustre", "LustreFileSystem1", region, **answers)
    wanted = {"DeploymentType": comes_to, "DataCompressionType": "LZ4"}
    assert system["LustreConfiguration"] == wanted | ({"PerUnitStorageThroughput": throughput} if persistent else {})
    assert ("KmsKeyId" in system) is persistent, "scratch takes no key"
    resolved = properties("preflight", "Checks", region, LustreDeploymentType=asked)["Resolved"]
    assert resolved["LustreDeploymentType"] == comes_to


def test_an_existing_file_system_takes_the_place_of_the_own() -> None:
    existing = rendered("file-system", ExistingFileSystemId="fs-0123456789")
    assert existing["Resources"]["MountTarget1"]["Properties"]["FileSystemId"] == "fs-0123456789"
    assert existing["Outputs"]["FileSystemId"]["Value"] == "fs-0123456789"
    own = rendered("file-system")
    assert own["Resources"]["MountTarget2"]["Properties"]["FileSystemId"] == "FileSystem"
    assert own["Outputs"]["FileSystemId"]["Value"] == "FileSystem"


def test_the_operator_s_own_admin_secret_replaces_the_generated_one() -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:efadmin-AbCdEf"
    assert rendered("secrets", AdminPasswordSecretArn=arn)["Outputs"]["AdminSecretArn"]["Value"] == arn
    assert rendered("secrets")["Outputs"]["AdminSecretArn"]["Value"] == "AdminPassword"


# Access


def test_who_may_reach_the_balancer() -> None:
    def sources(**answers: str) -> list[tuple[Any, int]]:
        group = properties("security-groups", "LoadBalancerSecurityGroup", PortalAccessCidr="203.0.113.0/24", **answers)
        rules = group["SecurityGroupIngress"]
        return [(rule.get("CidrIp") or rule["SourcePrefixListId"], rule["FromPort"]) for rule in rules]

    first = [("203.0.113.0/24", 443), ("203.0.113.0/24", 80)]
    assert sources() == first
    second = [("198.51.100.0/24", 443), ("198.51.100.0/24", 80)]
    assert sources(AdditionalAccessCidr="198.51.100.0/24") == first + second
    listed = [("pl-0123456789", 443), ("pl-0123456789", 80)]
    assert sources(AccessPrefixListId="pl-0123456789") == first + listed
    assert (
        sources(AdditionalAccessCidr="198.51.100.0/24", AccessPrefixListId="pl-0123456789") == first + second + listed
    )


@pytest.mark.parametrize(("cidr", "size"), [("10.0.0.0/16", 19), ("172.16.0.0/18", 21), ("192.168.0.0/20", 23)])
@pytest.mark.parametrize("zones", range(MIN_ZONES, MAX_ZONES + 1))
def test_the_vpc_is_cut_into_eighths(cidr: str, size: int, zones: int) -> None:
    network = rendered("network", "us-east-1", zones, VpcCidr=cidr)["Resources"]
    kinds = [f"{kind}Subnet{zone}" for kind in ("Private", "Public") for zone in range(1, zones + 1)]
    blocks = [network[title]["Properties"]["CidrBlock"] for title in kinds]
    assert all(block.endswith(f"/{size}") for block in blocks)
    assert len(set(blocks)) == len(blocks)
    assert blocks[0] == cidr.split("/")[0] + f"/{size}"


# Boundary


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("name", NAMES)
def test_the_boundary_is_on_every_role_or_on_none(name: str, region: str) -> None:
    parameters = templates()[name].get("Parameters", {})
    if "PermissionsBoundaryArn" not in parameters or name in PARENTS:
        return
    for given in ("", BOUNDARY):
        for body in rendered(name, region, PermissionsBoundaryArn=given)["Resources"].values():
            if body["Type"] == "AWS::IAM::Role":
                assert body["Properties"].get("PermissionsBoundary", "") == given


def test_a_boundary_gives_the_provider_a_role_that_carries_it() -> None:
    free = rendered("provider")["Resources"]
    assert free["ParallelCluster"]["Properties"]["Parameters"] == {
        "CustomLambdaRole": "",
        "AdditionalIamPolicies": "ValidationPolicy",
    }
    assert "Roles" not in free["ValidationPolicy"]["Properties"]
    bound = rendered("provider", PermissionsBoundaryArn=BOUNDARY)["Resources"]
    handed = bound["ParallelCluster"]["Properties"]["Parameters"]
    assert handed["CustomLambdaRole"] == "ProviderRole.Arn"
    assert handed["AdditionalIamPolicies"] == "BoundedProviderPolicy"
    assert bound["BoundedPolicies"]["Properties"]["Parameters"] == {
        "EnableIamAdminAccess": "true",
        "PermissionsBoundaryPolicy": BOUNDARY,
    }
    assert bound["ValidationPolicy"]["Properties"]["Roles"] == ["ProviderRole"]


# Cluster


def cluster(region: str = "us-east-1", **answers: str) -> dict[str, Any]:
    return properties("clusters", "Cluster1", region, **answers)["ClusterConfiguration"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("region", REGIONS)
def test_the_cluster_has_by_default_one_queue_and_no_extras(region: str) -> None:
    configuration = cluster(region)
    assert configuration["Region"] == region
    assert "Iam" not in configuration, "no boundary"
    assert "KeyName" not in configuration["HeadNode"]["Ssh"]
    queues = {queue["Name"]: queue for queue in configuration["Scheduling"]["SlurmQueues"]}
    assert "spot" not in queues
    resource = queues["on-demand"]["ComputeResources"][0]
    assert resource["Name"] == "c6i-2xlarge" and resource["InstanceType"] == "c6i.2xlarge"
    assert resource["Efa"] == {"Enabled": False} and "Networking" not in resource
    assert configuration["Scheduling"]["SlurmSettings"]["Database"]["DatabaseName"] == "slurm_az1"
    policies = configuration["HeadNode"]["Iam"]["AdditionalIamPolicies"]
    assert policies[0]["Policy"] == f"arn:{partition_of(region)}:iam::aws:policy/AmazonSSMManagedInstanceCore"


def test_the_cluster_takes_boundary_key_pair_spot_queue_and_efa() -> None:
    configuration = cluster(
        **{"PermissionsBoundaryArn": BOUNDARY, "KeyName": "operators", "SpotMaxNodes": "20", "ComputeEfa": "yes"}
    )
    assert configuration["Iam"] == {"PermissionsBoundary": BOUNDARY}
    assert configuration["HeadNode"]["Ssh"]["KeyName"] == "operators"
    queues = {queue["Name"]: queue for queue in configuration["Scheduling"]["SlurmQueues"]}
    assert queues["spot"]["CapacityType"] == "SPOT"
    assert queues["spot"]["ComputeResources"][0]["MaxCount"] == "20"
    for name in ("on-demand", "spot"):
        resource = queues[name]["ComputeResources"][0]
        assert resource["Efa"] == {"Enabled": True}
        assert resource["Networking"] == {"PlacementGroup": {"Enabled": True}}


def test_the_cluster_without_accounting_has_no_database() -> None:
    assert "Database" not in cluster(SlurmAccounting="no")["Scheduling"]["SlurmSettings"]


def test_the_cluster_s_name() -> None:
    assert properties("clusters", "Cluster2")["ClusterName"] == "hpc-0a1b2c3d-az2"


# Portal


def portal_actions(**answers: str) -> list[tuple[str, list[str]]]:
    (policy,) = properties("portal", "PortalRole", **answers)["Policies"]
    return [
        (action, statement["Resource"])
        for statement in policy["PolicyDocument"]["Statement"]
        for action in statement["Action"]
    ]


def test_the_installer_and_the_driver_may_come_from_s3() -> None:
    """By https nothing is needed; for s3:// the nodes may read that one object."""
    default = [resource for action, resource in portal_actions() if action == "s3:GetObject"]
    both = {"PortalInstallerUrl": "s3://tools/ef/installer.jar", "JdbcDriverUrl": "s3://tools/mysql.tar.gz"}
    read = [resource for action, resource in portal_actions(**both) if action == "s3:GetObject"]
    assert [resource for resource in read if resource not in default] == [
        ["arn:aws:s3:::tools/ef/installer.jar"],
        ["arn:aws:s3:::tools/mysql.tar.gz"],
    ]


def test_the_license_is_read_where_there_is_one() -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:license-AbCdEf"
    (without,) = (found for action, found in portal_actions() if action == "secretsmanager:GetSecretValue")
    (with_it,) = (
        found for action, found in portal_actions(LicenseSecretArn=arn) if action == "secretsmanager:GetSecretValue"
    )
    assert with_it == [*without, arn]


@pytest.mark.parametrize("region", REGIONS)
def test_secrets_under_an_own_key_are_decrypted_and_nothing_else(region: str) -> None:
    """Through Secrets Manager of the region alone, and of these secrets alone; the key may be another account's."""
    partition = partition_of(region)
    admin, license_ = (f"arn:{partition}:secretsmanager:{region}:1:secret:{name}" for name in ("admin", "license"))

    def granted(tier: str, role: str, **answers: str) -> list[dict[str, Any]]:
        (policy,) = properties(tier, role, region, **answers)["Policies"]
        found = [item for item in policy["PolicyDocument"]["Statement"] if item["Action"] == ["kms:Decrypt"]]
        assert all(item["Resource"] == [f"arn:{partition}:kms:{region}:*:key/*"] for item in found)
        services = [item["Condition"]["StringLike"] for item in found]
        assert all(item == {"kms:ViaService": f"secretsmanager.{region}.*"} for item in services)
        return [item["Condition"]["StringEquals"] for item in found]

    def only(*arns: str) -> list[dict[str, Any]]:
        return [{"kms:EncryptionContext:SecretARN": [*arns]}]

    assert granted("portal", "PortalRole", AdminSecretArn=admin) == only(admin)
    assert granted("portal", "PortalRole", AdminSecretArn=admin, LicenseSecretArn=license_) == only(admin, license_)
    assert granted("preflight", "PreflightFunctionRole") == []
    assert granted("preflight", "PreflightFunctionRole", AdminPasswordSecretArn=admin) == only(admin)


@pytest.mark.parametrize("region", REGIONS)
def test_the_portal_role_trusts_ec2_of_its_partition(region: str) -> None:
    (statement,) = properties("portal", "PortalRole", region)["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": f"ec2.{url_suffix(region)}"}


@pytest.mark.parametrize("key", ["", "operators"])
def test_the_nodes_have_the_key_pair_if_one_is_named(key: str) -> None:
    data = properties("portal", "PortalLaunchTemplate1", KeyName=key)["LaunchTemplateData"]
    assert data.get("KeyName", "") == key


# Monitoring


def test_alarms_go_to_the_e_mail_address() -> None:
    subscription = properties("monitoring", "AlarmEmailSubscription", AlarmEmail="hpc@example.com")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "hpc@example.com")


@pytest.mark.parametrize("days", [7, 1827])
def test_log_retention_reaches_every_log_group(days: int) -> None:
    found = []
    for name in NAMES:
        if "LogRetentionDays" in templates()[name].get("Parameters", {}):
            answers = {"LogRetentionDays": str(days)}
            groups = rendered(name, **answers)["Resources"].values()
            found += [body["Properties"]["RetentionInDays"] for body in groups if body["Type"] == "AWS::Logs::LogGroup"]
    assert len(found) >= 5 and set(found) == {str(days)}
    assert days in questions()["LogRetentionDays"].allowed
