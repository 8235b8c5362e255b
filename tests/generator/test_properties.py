"""Properties of every template: retention, encryption, names, security groups. What is said here holds everywhere."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest

from generator import form
from generator.stack import MAX_ZONES, MIN_ZONES
from tests.support.built import (
    NAMES,
    PARENTS,
    as_list,
    branches,
    package_folder,
    resource,
    resources,
    strings,
    templates,
    walk,
)

# Types for which CloudFormation's default is not enough: the template states both policies.
STATES_ITS_POLICIES = {
    *("AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::EFS::FileSystem", "AWS::FSx::FileSystem", "AWS::S3::Bucket"),
    *(
        "AWS::SecretsManager::Secret",
        "AWS::Logs::LogGroup",
        "AWS::KMS::Key",
        "AWS::EC2::Volume",
        "AWS::DynamoDB::Table",
    ),
    *("AWS::Backup::BackupVault", "AWS::CloudFormation::Stack"),
}
# What outlives the stack, or its own replacement: (DeletionPolicy, UpdateReplacePolicy). All else goes with the stack.
RETAINED = {
    "database.DatabaseCluster": ("Snapshot", "Snapshot"),
    "file-system.FileSystem": ("RetainExceptOnCreate", "Retain"),
    "load-balancer.AccessLogBucket": ("RetainExceptOnCreate", "Retain"),
    **{f"lustre.LustreFileSystem{zone}": ("Delete", "Retain") for zone in range(1, MAX_ZONES + 1)},
}
GROUPS = {
    "LoadBalancerSecurityGroup": "Load balancer of the portal",
    "PortalSecurityGroup": "Portal nodes",
    "DatabaseSecurityGroup": "Database",
    "FileSystemSecurityGroup": "EFS mount targets",
    "LustreSecurityGroup": "FSx for Lustre file systems",
    "HeadNodeSecurityGroup": "Head nodes, in addition to the group of ParallelCluster",
    "ComputeNodeSecurityGroup": "Compute nodes, in addition to the group of ParallelCluster",
}


def everything(zones: int = 2) -> list[Any]:
    return [pytest.param(place, body, id=place) for place, body in resources(zones=zones)]


def of(kind: str) -> list[Any]:
    found = [pytest.param(place, body["Properties"], id=place) for place, body in resources(kind)]
    assert found, f"there is no {kind}"
    return found


@pytest.mark.parametrize(("place", "body"), everything(MAX_ZONES))
def test_what_holds_data_says_what_becomes_of_it(place: str, body: dict[str, Any]) -> None:
    policies = (body.get("DeletionPolicy"), body.get("UpdateReplacePolicy"))
    assert policies[1] != "RetainExceptOnCreate", "a replacement has no create: CloudFormation refuses it there"
    if body["Type"] in STATES_ITS_POLICIES:
        assert policies == RETAINED.get(place, ("Delete", "Delete"))
    else:
        assert place not in RETAINED


def test_what_is_retained_exists() -> None:
    assert set(RETAINED) <= {place for place, _ in resources(zones=MAX_ZONES)}


@pytest.mark.parametrize(("place", "properties"), of("AWS::S3::Bucket"))
def test_buckets_are_private_and_encrypted_with_a_key_that_everybody_may_use(
    place: str, properties: dict[str, Any]
) -> None:
    rules = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rules == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}], "load balancers write no other"
    assert properties["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    assert properties["LifecycleConfiguration"]["Rules"], "what nobody reads any more expires"
    name, title = place.split(".")
    policies = [
        body["Properties"]["PolicyDocument"]
        for _, body in resources("AWS::S3::BucketPolicy")
        if body["Properties"]["Bucket"] == {"Ref": title}
    ]
    assert any(
        statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        and statement["Action"] == ["s3:*"]
        and len(statement["Resource"]) == 2
        for policy in policies
        for statement in policy["Statement"]
    ), f"{name}: TLS only"


@pytest.mark.parametrize(("place", "properties"), of("AWS::EC2::LaunchTemplate"))
def test_launch_templates_encrypt_their_disks_and_want_imdsv2(place: str, properties: dict[str, Any]) -> None:
    data = properties["LaunchTemplateData"]
    assert data["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    for disk in data["BlockDeviceMappings"]:
        assert disk["Ebs"]["Encrypted"] is True
        key = disk["Ebs"]["KmsKeyId"]
        assert key == "alias/aws/ebs", (
            "Auto Scaling has no right to a customer's key, which the account's default may be"
        )


def test_database_and_file_systems_are_encrypted() -> None:
    """FSx encrypts always; with the operator's key all three use it."""
    for place, switch in (("database.DatabaseCluster", "StorageEncrypted"), ("file-system.FileSystem", "Encrypted")):
        assert resource(place)[switch] is True
        assert branches(resource(place)["KmsKeyId"]) == [{"Ref": "KmsKeyArn"}]
    assert branches(resource("lustre.LustreFileSystem1")["KmsKeyId"]) == [{"Ref": "KmsKeyArn"}]


def test_the_cluster_encrypts_its_disks_and_wants_imdsv2() -> None:
    configuration = resource("clusters.Cluster1")["ClusterConfiguration"]
    assert configuration["Imds"] == {"ImdsSupport": "v2.0"}
    assert configuration["HeadNode"]["Imds"] == {"Secured": True}
    assert configuration["HeadNode"]["LocalStorage"]["RootVolume"]["Encrypted"] is True
    for queue in as_list(configuration["Scheduling"]["SlurmQueues"]):
        # ParallelCluster encrypts a disk by default.
        storage = queue.get("ComputeSettings", {}).get("LocalStorage", {})
        assert storage.get("RootVolume", {}).get("Encrypted", True) is True, queue["Name"]


def test_the_operator_s_key_is_for_database_and_file_systems_alone() -> None:
    """On a disk it stops Auto Scaling, on secrets and assets the head node, on a log group its writers."""
    with_key = {
        (place.split(".")[0], body["Type"])
        for place, body in resources()
        if any("Kms" in str(path[-1:]) and value != "alias/aws/ebs" for path, value in walk(body.get("Properties")))
        and body["Type"] not in ("AWS::CloudFormation::Stack", "Custom::Preflight")
    }
    assert with_key == {
        ("database", "AWS::RDS::DBCluster"),
        ("file-system", "AWS::EFS::FileSystem"),
        ("lustre", "AWS::FSx::FileSystem"),
    }
    handed = {
        title
        for title, body in templates()[form.MAIN]["Resources"].items()
        if "KmsKeyArn" in body["Properties"].get("Parameters", {})
    }
    assert handed == {"PreflightStack", "DatabaseStack", "FileSystemStack", "LustreStack"}, "the first only looks at it"


@pytest.mark.parametrize(("place", "properties"), of("AWS::Logs::LogGroup"))
def test_log_groups_keep_their_entries_as_long_as_the_form_says(place: str, properties: dict[str, Any]) -> None:
    assert properties["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_the_database_s_logs_have_their_groups_before_an_instance_writes() -> None:
    """RDS makes a group that is missing, without retention; the groups' names are RDS's."""
    exported = resource("database.DatabaseCluster")["EnableCloudwatchLogsExports"]
    assert exported == ["error", "slowquery"], "the audit log would record every query of Slurm's accounting"
    database = templates()["database"]["Resources"]
    groups = {title: body for title, body in database.items() if body["Type"] == "AWS::Logs::LogGroup"}
    names = [body["Properties"]["LogGroupName"]["Fn::Sub"][0] for body in groups.values()]
    assert names == [f"/aws/rds/cluster/${{Cluster}}/{log}" for log in exported]
    assert database["DatabaseInstance1"]["DependsOn"] == list(groups)
    assert database["DatabaseInstance2"]["DependsOn"] == "DatabaseInstance1"


def test_slow_queries_are_logged() -> None:
    assert resource("database.DatabaseParameters")["Parameters"].items() >= {"slow_query_log": "1"}.items()


# Properties that end in Name or Identifier and name nothing: what they are instead.
NO_NAMES = {
    ("AWS::CloudWatch::Alarm", "MetricName"): "what is measured",
    ("AWS::EC2::VPCEndpoint", "ServiceName"): "AWS's name of the service",
    ("AWS::RDS::DBInstance", "CACertificateIdentifier"): "AWS's name of the authority",
    ("AWS::SNS::Topic", "DisplayName"): "the sender of mails",
    ("AWS::Route53::RecordSet", "Type"): "the kind of record",
    ("AWS::WAFv2::WebACL", "Scope"): "regional, as load balancers are",
}


@cache
def schema(kind: str) -> dict[str, Any]:
    """The registry's schema of a type, from cfn-lint's copy."""
    data = package_folder("cfnlint") / "data/schemas"
    index = json.loads((data / "providers/us-east-1.json").read_text())
    return json.loads((data / f"resources/{index[kind]}.json").read_text())  # type: ignore[no-any-return]


def naming_properties(kind: str) -> set[str]:
    """What may hold a name of the operator's choosing: primary identifiers and whatever is called a name."""
    of_type = schema(kind)
    fixed = {path.removeprefix("/properties/") for path in of_type.get("readOnlyProperties", [])}
    identifiers = {path.removeprefix("/properties/") for path in of_type.get("primaryIdentifier", [])}
    named = {name for name in of_type["properties"] if name.endswith(("Name", "Identifier"))}
    return (identifiers | named) - fixed - {name for (owner, name) in NO_NAMES if owner == kind}


def is_reference(value: Any) -> bool:
    return isinstance(value, dict) and next(iter(value)) in ("Ref", "Fn::GetAtt")


@pytest.mark.parametrize(("place", "body"), [param for param in everything() if "AWS::" in param.values[1]["Type"]])
def test_nothing_has_a_physical_name(place: str, body: dict[str, Any]) -> None:
    """Two deployments live side by side. Where a service wants a name, it derives from the stack's id."""
    for name in naming_properties(body["Type"]):
        for value in branches(body.get("Properties", {}).get(name, {"Ref": "AWS::NoValue"})):
            if place == "waf.WebAclLogs":  # AWS WAF writes only to groups whose name begins with aws-waf-logs-
                assert "AWS::StackId" in json.dumps(value)
            elif place.startswith("database.Database") and body["Type"] == "AWS::Logs::LogGroup":  # RDS's own names
                assert value["Fn::Sub"][1] == {"Cluster": {"Ref": "DatabaseCluster"}}
            else:
                assert is_reference(value), f"{name}: {value}"


def test_the_cluster_s_name_derives_from_the_stack() -> None:
    """An equal name would destroy the other cluster."""
    stack_id = {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}
    unique = {"Unique": {"Fn::Select": [0, {"Fn::Split": ["-", {"Fn::Select": [2, stack_id]}]}]}}
    for zone in (1, 2):
        assert resource(f"clusters.Cluster{zone}")["ClusterName"]["Fn::Sub"] == [f"hpc-${{Unique}}-az{zone}", unique]


def test_descriptions_of_security_groups_are_frozen() -> None:
    """Another description replaces a group, and with it file systems whose groups cannot be changed."""
    found = {place.split(".")[1]: body["Properties"] for place, body in resources("AWS::EC2::SecurityGroup")}
    assert {title: properties["GroupDescription"] for title, properties in found.items()} == GROUPS
    assert all("GroupName" not in properties for properties in found.values())


def rules_of(properties: dict[str, Any], way: str) -> list[dict[str, Any]]:
    return as_list(properties.get(f"SecurityGroup{way}", []))


def test_nobody_is_let_in_unasked() -> None:
    """Ranges of addresses come from the form alone, to the load balancer alone, on its two ports."""
    ranges = []
    for place, body in resources("AWS::EC2::SecurityGroup"):
        for rule in rules_of(body["Properties"], "Ingress"):
            assert place == "security-groups.LoadBalancerSecurityGroup"
            assert rule["FromPort"] == rule["ToPort"] and rule["FromPort"] in (80, 443)
            ranges.append(rule.get("CidrIp") or rule["SourcePrefixListId"])
    assert sorted(str(value) for value in ranges) == sorted(
        2 * [str({"Ref": name}) for name in ("PortalAccessCidr", "AdditionalAccessCidr", "AccessPrefixListId")]
    )
    for _, body in resources("AWS::EC2::SecurityGroupIngress"):
        assert "SourceSecurityGroupId" in body["Properties"] and "CidrIp" not in str(body)


def test_only_portal_nodes_reach_the_internet_and_only_by_https() -> None:
    for place, body in resources("AWS::EC2::SecurityGroup"):
        (rule,) = rules_of(body["Properties"], "Egress")
        if place == "security-groups.PortalSecurityGroup":
            assert (rule["CidrIp"], rule["FromPort"], rule["ToPort"]) == ("0.0.0.0/0", 443, 443)
        else:
            assert rule["CidrIp"] == "127.0.0.1/32", "without a rule EC2 lets everything out"


TO_DIRECTORY = {f"security-groups.PortalToDirectory{port}" for port in (389, 636, 3268)}


def test_rules_between_groups_stand_at_both_ends() -> None:
    """An egress without its ingress, or the other way round, lets nothing through."""
    ends: dict[str, set[Any]] = {"Ingress": set(), "Egress": set()}
    for way, own, other in (
        ("Ingress", "GroupId", "SourceSecurityGroupId"),
        ("Egress", "DestinationSecurityGroupId", "GroupId"),
    ):
        for place, body in resources(f"AWS::EC2::SecurityGroup{way}"):
            rule = body["Properties"]
            assert rule["IpProtocol"] == "tcp"
            if place in TO_DIRECTORY:  # whose servers are anywhere
                assert (rule["GroupId"], body["Condition"]) == ({"Ref": "PortalSecurityGroup"}, "DirectoryGiven")
                continue
            ends[way].add((rule[other]["Ref"], rule[own]["Ref"], rule["FromPort"], rule["ToPort"]))
    assert ends["Ingress"] == ends["Egress"]
    portal_only = {(source, first) for source, target, first, _ in ends["Ingress"] if target == "PortalSecurityGroup"}
    assert {source for source, _ in portal_only} == {
        "LoadBalancerSecurityGroup",
        "PortalSecurityGroup",
        "LustreSecurityGroup",
    }
    assert {source for source, target, *_ in ends["Ingress"] if target == "DatabaseSecurityGroup"} == {
        "PortalSecurityGroup",
        "HeadNodeSecurityGroup",
    }
    assert not [rule for rule in ends["Ingress"] if rule[1] == "LoadBalancerSecurityGroup"]


def test_rules_have_descriptions_that_ec2_takes() -> None:
    described = [
        node
        for place, _ in resources("AWS::EC2::SecurityGroup")
        for _, node in walk(resource(place))
        if isinstance(node, dict) and "IpProtocol" in node
    ] + [body["Properties"] for way in ("Ingress", "Egress") for _, body in resources(f"AWS::EC2::SecurityGroup{way}")]
    assert len(described) > 50
    for rule in described:
        assert re.fullmatch(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}", rule["Description"]), rule


@pytest.mark.parametrize("name", NAMES)
def test_a_template_says_what_it_is_and_has_its_sections(name: str) -> None:
    template = templates()[name]
    assert template["AWSTemplateFormatVersion"] == "2010-09-09"
    assert re.fullmatch(r"[A-Z][^\n]{10,1023}\.", template["Description"])
    assert "Transform" not in template
    assert len(template["Resources"]) <= 500 and len(template.get("Outputs", {})) <= 200
    assert len(template.get("Parameters", {})) <= 200


@pytest.mark.parametrize("name", NAMES)
def test_every_output_is_described(name: str) -> None:
    for title, body in templates()[name].get("Outputs", {}).items():
        assert body["Description"], title
        assert "Export" not in body, "an export's name is one per region: a second deployment could not have it"


@pytest.mark.parametrize("parent", PARENTS)
@pytest.mark.parametrize("zones", range(MIN_ZONES, MAX_ZONES + 1))
def test_the_outputs_are_the_sample_s_and_more(parent: str, zones: int) -> None:
    outputs = templates(zones)[parent]["Outputs"]
    sample = (
        *("EnginFramePortalURL", "VPCId", "DatabaseName", "DatabaseClusterArn", "DatabaseClusterID"),
        *("DatabaseSecretArn", "AuroraEndpointAddress", "DatabaseMasterUserName", "EfsID", "StackName"),
    )
    each = ("Cluster{}Name", "Cluster{}HeadNodeAddress", "Cluster{}SessionLink", "Lustre{}Id", "Lustre{}MountName")
    more = ("Version", "DashboardLink", "AdminSecretLink", "DatabaseSecretLink")
    wanted = {*sample, *more, *(name.format(zone) for name in each for zone in range(1, zones + 1))}
    assert wanted <= outputs.keys()


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_leaves_its_place(name: str) -> None:
    """A secret's text is named in one property only, which CloudFormation resolves where the resource is made."""
    template = templates()[name]
    for path, text in strings(template):
        if "{{resolve:" in text:
            assert path[:4] == ("Resources", "DatabaseCluster", "Properties", "MasterUserPassword"), path
    for title, body in template.get("Parameters", {}).items():
        assert not re.search(r"Password|Secret", title) or title.endswith(("Arn", "Sha256", "Link")), title
        assert "NoEcho" not in body
    for title in template.get("Outputs", {}):
        assert not re.search(r"Password|Secret|Key", title) or title.endswith(("Arn", "Link")), title


@pytest.mark.parametrize("zones", range(MIN_ZONES, MAX_ZONES + 1))
def test_each_zone_stands_alone(zones: int) -> None:
    """What a zone's subnet needs to reach the internet is of that zone, and a cluster mounts its own zone's Lustre."""
    network = templates(zones)["network"]["Resources"]
    for zone in range(1, zones + 1):
        assert network[f"PrivateRoute{zone}"]["Properties"]["NatGatewayId"] == {"Ref": f"NatGateway{zone}"}
        assert network[f"NatGateway{zone}"]["Properties"]["SubnetId"] == {"Ref": f"PublicSubnet{zone}"}
        for kind in ("Private", "Public"):
            place = network[f"{kind}Subnet{zone}"]["Properties"]["AvailabilityZone"]
            assert place == {"Ref": f"PickedZone{zone}"}
        routes = network[f"PrivateSubnet{zone}Routes"]["Properties"]["RouteTableId"]
        assert routes == {"Ref": f"PrivateRouteTable{zone}"}
        cluster = resource(f"clusters.Cluster{zone}", zones)
        storage = {str(item["MountDir"]): item for item in cluster["ClusterConfiguration"]["SharedStorage"]}
        lustre = storage[f"/fsx_cluster{zone}"]["FsxLustreSettings"]
        assert lustre["FileSystemId"] == {"Ref": f"LustreId{zone}"}
        of_another = [other for other in range(1, zones + 1) if other != zone]
        zonal = ("SubnetId", "LustreId", "_az", "-az", "_cluster")
        assert not any(f"{name}{other}" in json.dumps(cluster) for name in zonal for other in of_another)
        place = resource(f"lustre.LustreFileSystem{zone}", zones)["SubnetIds"]
        assert place == [{"Ref": f"PrivateSubnetId{zone}"}]
