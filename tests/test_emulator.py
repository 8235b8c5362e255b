"""The emulator refuses what AWS refuses, and forgets nothing: each test shows one thing that stock ministack gets wrong."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from emulator.client import ROOT, Emulator, Fault, Outcome

FIXTURES = Path(__file__).parent / "emulator" / "fixtures"
REGIONS = ("us-east-1", "cn-north-1", "us-gov-west-1")
PARTITIONS = {"us-east-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}
Template = dict[str, Any]


def ref(name: str) -> Template:
    """!Ref"""
    return {"Ref": name}


def att(name: str, attribute: str) -> Template:
    """!GetAtt"""
    return {"Fn::GetAtt": [name, attribute]}


def resource(kind: str, /, **properties: Any) -> Template:
    """A resource without attributes."""
    return {"Type": kind, "Properties": properties}


def template(resources: Template, **sections: Any) -> Template:
    """A template with these resources."""
    return {"Resources": resources, **sections}


@pytest.fixture
def name() -> str:
    """A stack name that no other test uses."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture
def faults(emulator: Emulator) -> Iterator[Emulator]:
    """The emulator, on which no fault is left afterwards."""
    yield emulator
    emulator.inject()


def refusal(emulator: Emulator, name: str, body: Template, **options: Any) -> str:
    """What CreateStack answers; no stack must be there afterwards."""
    with pytest.raises(ClientError) as refused:
        emulator.create_stack(name, body, **options)
    region = options.get("region", "us-east-1")
    stacks = emulator.client("cloudformation", region).describe_stacks()["Stacks"]
    assert name not in [stack["StackName"] for stack in stacks]
    return str(refused.value)


def left(emulator: Emulator, name: str, region: str = "us-east-1") -> list[str]:
    """What is left of a stack: leftovers that carry its name, in this or the other letters."""
    return [str(item) for item in emulator.leftovers(region) if name in item.name.lower()]


def network() -> Template:
    """A VPC with one subnet and one security group."""
    zone = {"Fn::Sub": "${AWS::Region}a"}
    return {
        "Vpc": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
        "Subnet": resource("AWS::EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.0.0.0/24", AvailabilityZone=zone),
        "Group": resource("AWS::EC2::SecurityGroup", GroupDescription="Test", VpcId=ref("Vpc")),
    }


# Everything at once


@pytest.mark.parametrize("region", REGIONS)
def test_every_type_is_made_and_removed_in_every_partition(emulator: Emulator, name: str, region: str) -> None:
    before = set(emulator.leftovers(region))
    made = emulator.create_stack(name, (FIXTURES / "everything.yaml").read_text(), region=region)
    assert made.complete, made.reason
    values = made.outputs
    assert {v.split(":")[1] for v in values.values() if v.startswith("arn:")} == {PARTITIONS[region]}
    suffix = "amazonaws.com.cn" if region == "cn-north-1" else "amazonaws.com"
    hosts = [v for v in values.values() if "amazonaws" in v]
    assert len(hosts) == 5 and all(host.endswith(f".{region}.rds.{suffix}") or suffix in host for host in hosts)
    assert all(host.endswith(suffix) for host in hosts)
    # What Ref answers, where ministack would answer something else.
    assert values["Profile"].startswith(name) and values["Secret"].startswith("arn:")
    assert values["InterfaceAddress"] == "10.0.0.4" and values["VpcRange"] == "10.0.0.0/16"
    deleted = emulator.delete_stack(name, region=region)
    assert deleted.complete, deleted.reason
    assert set(emulator.leftovers(region)) == before


def test_a_generated_secret_keeps_to_its_options(emulator: Emulator, name: str) -> None:
    wish = {"PasswordLength": "128", "ExcludePunctuation": "true", "ExcludeCharacters": "abc"}
    body = template({"Secret": resource("AWS::SecretsManager::Secret", GenerateSecretString=wish)})
    made = emulator.create_stack(name, {**body, "Outputs": {"Arn": {"Value": ref("Secret")}}})
    secret = emulator.client("secretsmanager").get_secret_value(SecretId=made.outputs["Arn"])["SecretString"]
    assert len(secret) == 128 and secret.isalnum() and not set(secret) & set("abc")
    assert len(base64.b64decode(secret, validate=True)) == 96
    emulator.delete_stack(name)


# Schema checks


@pytest.mark.parametrize(
    ("kind", "properties", "complaint"),
    [
        ("AWS::SNS::Topic", {"DisplayNam": "x"}, "'DisplayNam' was unexpected"),
        ("AWS::EC2::VPCGatewayAttachment", {}, "'VpcId' is a required property"),
        ("AWS::Logs::LogGroup", {"RetentionInDays": "91"}, "#/RetentionInDays: 91 is not one of"),
        ("AWS::Logs::LogGroup", {"RetentionInDays": "many"}, "#/RetentionInDays: 'many' is not of type 'integer'"),
        ("AWS::S3::Bucket", {"VersioningConfiguration": {"Status": "On"}}, "#/VersioningConfiguration/Status: 'On'"),
        ("AWS::EC2::Subnet", {"VpcId": "default", "CidrBlock": "10.0.0.0/24"}, "#/VpcId: 'default' is not of the form"),
        ("AWS::EC2::SecurityGroup", {"GroupDescription": "Größe"}, "#/GroupDescription: 'Größe' does not match"),
        ("AWS::SNS::Topic", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:x"}, "#/TopicArn: is read-only"),
        ("AWS::SNS::Topic", {"KmsMasterKeyId": "arn:aws-cn:kms:cn-north-1:123456789012:key/x"}, "another partition"),
    ],
)
def test_a_resource_that_aws_would_refuse_fails_in_words(
    emulator: Emulator, name: str, kind: str, properties: Template, complaint: str
) -> None:
    outcome = emulator.create_stack(name, template({"Thing": resource(kind, **properties)}))
    assert outcome.status == "ROLLBACK_COMPLETE"
    assert outcome.reason.startswith(f"Thing ({kind}): Properties validation failed for resource Thing with message: ")
    assert complaint in outcome.reason
    emulator.delete_stack(name)


def test_strings_are_coerced_as_cloudformation_does(emulator: Emulator, name: str) -> None:
    bucket = resource("AWS::S3::Bucket", PublicAccessBlockConfiguration={"BlockPublicAcls": "true"})
    group = resource("AWS::Logs::LogGroup", RetentionInDays=ref("Days"))
    parameters = {"Days": {"Type": "Number", "Default": 90}}
    outcome = emulator.create_stack(name, template({"Bucket": bucket, "Group": group}, Parameters=parameters))
    assert outcome.complete, outcome.reason
    groups = emulator.client("logs").describe_log_groups()["logGroups"]
    assert [g["retentionInDays"] for g in groups if name in g["logGroupName"]] == [90]
    emulator.delete_stack(name)


def test_lustre_is_refused_where_it_does_not_exist(emulator: Emulator, name: str) -> None:
    lustre = resource(
        "AWS::FSx::FileSystem",
        FileSystemType="LUSTRE",
        StorageCapacity=1200,
        SubnetIds=[ref("Subnet")],
        LustreConfiguration={"DeploymentType": "SCRATCH_2"},
    )
    outcome = emulator.create_stack(name, template({**network(), "Lustre": lustre}), region="cn-north-1")
    assert "DeploymentType SCRATCH_2 is not available in cn-north-1" in outcome.reason
    emulator.delete_stack(name, region="cn-north-1")


def test_an_update_of_a_create_only_property_replaces(emulator: Emulator, name: str) -> None:
    def groups(description: str) -> Template:
        body = network()
        body["Group"]["Properties"]["GroupDescription"] = description
        return template(body, Outputs={"Group": {"Value": ref("Group")}, "Vpc": {"Value": ref("Vpc")}})

    first = emulator.create_stack(name, groups("One"))
    second = emulator.update_stack(name, groups("Two"))
    assert second.complete, second.reason
    assert first.outputs["Group"] != second.outputs["Group"] and first.outputs["Vpc"] == second.outputs["Vpc"]
    emulator.delete_stack(name)


# What CreateStack refuses before it begins

PARAMETERS = {
    "Mode": {"Type": "String", "AllowedValues": ["auto", "serverless"], "Default": "auto"},
    "Cidr": {
        "Type": "String",
        "AllowedPattern": r"\d+(\.\d+){3}/\d+",
        "ConstraintDescription": "must be a CIDR range.",
    },
    "Days": {"Type": "Number", "MinValue": 1, "MaxValue": 35, "Default": 7},
    "Name": {"Type": "String", "MinLength": 2, "Default": "ab"},
}


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ({}, "Parameters: [Cidr] must have values"),
        ({"Cidr": "10.0.0.0/8", "Colour": "red"}, "Parameters: [Colour] do not exist in the template"),
        ({"Cidr": "everywhere"}, "Parameter 'Cidr' failed to satisfy constraint: must be a CIDR range."),
        ({"Cidr": "10.0.0.0/8", "Mode": "fast"}, "Parameter 'Mode' failed to satisfy constraint: must be one of"),
        ({"Cidr": "10.0.0.0/8", "Days": "36"}, "not greater than 35"),
        ({"Cidr": "10.0.0.0/8", "Days": "soon"}, "Days"),
        ({"Cidr": "10.0.0.0/8", "Name": "a"}, "at least 2 characters"),
    ],
)
def test_parameters_are_checked(emulator: Emulator, name: str, answers: dict[str, str], complaint: str) -> None:
    body = template({"Topic": resource("AWS::SNS::Topic")}, Parameters=PARAMETERS)
    assert complaint in refusal(emulator, name, body, parameters=answers)


def test_a_typed_parameter_must_name_something_that_exists(emulator: Emulator, name: str) -> None:
    parameters = {
        "Vpc": {"Type": "AWS::EC2::VPC::Id"},
        "Subnets": {"Type": "List<AWS::EC2::Subnet::Id>", "Default": ""},
    }
    body = template({"Topic": resource("AWS::SNS::Topic")}, Parameters=parameters)
    said = refusal(emulator, name, body, parameters={"Vpc": "vpc-01234567"})
    assert "parameter value vpc-01234567 for parameter name Vpc does not exist" in said
    assert "for parameter name Vpc does not exist" in refusal(emulator, name, body, parameters={"Vpc": ""})


def test_rules_are_evaluated(emulator: Emulator, name: str) -> None:
    rule = {
        "RuleCondition": {"Fn::Not": [{"Fn::Equals": [ref("Domain"), ""]}]},
        "Assertions": [
            {
                "Assert": {"Fn::Not": [{"Fn::Equals": [ref("Zone"), ""]}]},
                "AssertDescription": "A domain needs its zone.",
            }
        ],
    }
    parameters = {p: {"Type": "String", "Default": ""} for p in ("Domain", "Zone")}
    body = template({"Topic": resource("AWS::SNS::Topic")}, Parameters=parameters, Rules={"DomainHasZone": rule})
    assert "A domain needs its zone." in refusal(emulator, name, body, parameters={"Domain": "example.org"})
    assert emulator.create_stack(name, body, parameters={"Domain": "example.org", "Zone": "Z1"}).complete
    with pytest.raises(ClientError, match="A domain needs its zone"):
        emulator.update_stack(name, parameters={"Zone": ""})
    emulator.delete_stack(name)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (template({"A": resource("AWS::SNS::Topic", DisplayName=ref("B"))}), "Unresolved resource dependencies [B]"),
        (template({"A": resource("AWS::SNS::Topic", DisplayName={"Fn::Sub": "x${B.Arn}"})}), "dependencies [B]"),
        (template({"A": resource("AWS::SNS::Topic")}, Outputs={"O": {"Value": ref("B")}}), "in the Outputs block"),
        (template({"A": {**resource("AWS::SNS::Topic"), "DependsOn": "B"}}), "A depends on B"),
        (template({"A": resource("AWS::Nothing::AtAll")}), "Unrecognized resource types: [AWS::Nothing::AtAll]"),
    ],
)
def test_a_reference_to_nothing_is_refused(emulator: Emulator, name: str, body: Template, complaint: str) -> None:
    assert complaint in refusal(emulator, name, body)


def test_a_reference_in_the_branch_not_taken_is_no_fault(emulator: Emulator, name: str) -> None:
    absent = {**resource("AWS::SNS::Topic"), "Condition": "Never"}
    other = resource("AWS::SNS::Topic", DisplayName={"Fn::If": ["Never", att("Absent", "TopicName"), "x"]})
    never = {"Never": {"Fn::Equals": ["a", "b"]}}
    outcome = emulator.create_stack(name, template({"Absent": absent, "Other": other}, Conditions=never))
    assert outcome.complete, outcome.reason
    emulator.delete_stack(name)


def test_a_type_is_refused_where_the_region_does_not_have_it(emulator: Emulator, name: str) -> None:
    body = template({"Budget": resource("AWS::Budgets::Budget", Budget={})})
    assert "Unrecognized resource types: [AWS::Budgets::Budget]" in refusal(
        emulator, name, body, region="us-gov-west-1"
    )


def test_capabilities_must_be_acknowledged(emulator: Emulator, name: str) -> None:
    trust = {"Version": "2012-10-17", "Statement": []}
    body = template({"Role": resource("AWS::IAM::Role", AssumeRolePolicyDocument=trust)})
    said = refusal(emulator, name, body, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert "Requires capabilities : [CAPABILITY_IAM]" in said


def test_a_template_over_a_megabyte_is_refused(emulator: Emulator, name: str) -> None:
    body = template({"Topic": resource("AWS::SNS::Topic")}, Metadata={"Ballast": "x" * 1_000_000})
    emulator.publish({"big.json": json.dumps(body).encode()}, "templates-test")
    url = emulator.url("templates-test", "big.json")
    assert "Template may not exceed 1000000 bytes" in refusal(emulator, name, {}, url=url)


@pytest.mark.parametrize("region", REGIONS)
def test_a_template_url_must_name_the_buckets_own_region(emulator: Emulator, name: str, region: str) -> None:
    bucket, body = f"templates-{region}", json.dumps(template({"Topic": resource("AWS::SNS::Topic")}))
    emulator.publish({"topic.json": body.encode()}, bucket, "v1/", region)
    good = emulator.url(bucket, "v1/topic.json", region)
    other = {"us-east-1": "eu-west-1", "cn-north-1": "cn-northwest-1"}.get(region, "us-gov-east-1")
    wrong = good.replace(f".s3.{region}.", f".s3.{other}.")
    assert "must be addressed using the specified endpoint" in refusal(emulator, name, {}, url=wrong, region=region)
    assert emulator.create_stack(name, url=good, region=region).complete
    emulator.delete_stack(name, region=region)
    foreign = "eu-west-1" if region != "us-east-1" else "cn-north-1"
    assert "S3 error" in refusal(emulator, name, {}, url=good, region=foreign)


# Nested stacks


def nested(emulator: Emulator, child: Template, key: str, **properties: Any) -> Template:
    """A nested stack resource of a child template that is published under `key`."""
    emulator.publish({key: json.dumps(child).encode()}, "templates-test")
    return resource("AWS::CloudFormation::Stack", TemplateURL=emulator.url("templates-test", key), **properties)


def test_a_failed_child_rolls_back_and_the_parent_says_why(faults: Emulator, name: str) -> None:
    child = template({"First": resource("AWS::S3::Bucket"), "Second": resource("AWS::SNS::Topic")})
    grandchild = nested(faults, child, "child.json")
    middle = nested(faults, template({"Child": grandchild}), "middle.json")
    faults.inject(Fault("create", "AWS::SNS::Topic", "no more topics", name))
    outcome = faults.create_stack(name, template({"Middle": middle}))
    assert outcome.status == "ROLLBACK_COMPLETE"
    assert outcome.reason == "Middle/Child/Second (AWS::SNS::Topic): no more topics"
    [parent] = [e for e in faults.events(name) if e["ResourceStatus"] == "CREATE_FAILED" and e["StackName"] == name]
    assert "no more topics" in parent["ResourceStatusReason"]
    faults.delete_stack(name)
    assert left(faults, name) == []


def test_deletion_policies_hold_in_children(faults: Emulator, name: str) -> None:
    kept = {**resource("AWS::S3::Bucket"), "DeletionPolicy": "RetainExceptOnCreate"}
    child = nested(faults, template({"Kept": kept, "Later": resource("AWS::SNS::Topic")}), "kept.json")
    faults.inject(Fault("create", "AWS::SNS::Topic", "not now", name))
    assert faults.create_stack(name, template({"Child": child})).status == "ROLLBACK_COMPLETE"
    faults.delete_stack(name)
    assert left(faults, name) == []
    assert faults.create_stack(name, template({"Child": child})).complete
    assert faults.delete_stack(name).complete
    [bucket] = left(faults, name)
    assert bucket.startswith("AWS::S3::Bucket") and bucket.endswith("(retained)")
    faults.client("s3").delete_bucket(Bucket=bucket.split()[1])


def test_a_child_that_cannot_be_deleted_is_reported_and_the_delete_is_repeatable(faults: Emulator, name: str) -> None:
    child = nested(faults, template({"Topic": resource("AWS::SNS::Topic")}), "topic.json")
    assert faults.create_stack(name, template({"Child": child})).complete
    faults.inject(Fault("delete", "AWS::SNS::Topic", "still in use", name))
    outcome = faults.delete_stack(name)
    assert outcome.status == "DELETE_FAILED"
    assert outcome.reason == "Child/Topic (AWS::SNS::Topic): still in use"
    assert faults.delete_stack(name).complete
    assert left(faults, name) == []


def test_a_failed_update_rolls_children_back(faults: Emulator, name: str) -> None:
    def parent(text: str) -> Template:
        parameters = {"Text": {"Type": "String"}}
        first = resource("AWS::SNS::Topic", DisplayName=ref("Text"))
        body = template({"First": first}, Parameters=parameters, Outputs={"Topic": {"Value": ref("First")}})
        one = nested(faults, body, "text.json", Parameters={"Text": text})
        two = {**nested(faults, body, "text.json", Parameters={"Text": text}), "DependsOn": "One"}
        return template({"One": one, "Two": two}, Outputs={"Topic": {"Value": att("One", "Outputs.Topic")}})

    made = faults.create_stack(name, parent("old"))
    faults.inject(Fault("update", "AWS::SNS::Topic", "not that text", f"{name}-Two"))
    outcome = faults.update_stack(name, parent("new"))
    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert outcome.reason == "Two/First (AWS::SNS::Topic): not that text"
    topic = faults.client("sns").get_topic_attributes(TopicArn=made.outputs["Topic"])["Attributes"]
    assert topic["DisplayName"] == "old"
    assert faults.update_stack(name, parent("new")).complete
    assert faults.delete_stack(name).complete
    assert left(faults, name) == []


def test_a_bucket_with_objects_is_not_deleted(emulator: Emulator, name: str) -> None:
    body = template({"Bucket": resource("AWS::S3::Bucket")}, Outputs={"Bucket": {"Value": ref("Bucket")}})
    bucket = emulator.create_stack(name, body).outputs["Bucket"]
    emulator.client("s3").put_object(Bucket=bucket, Key="x", Body=b"x")
    outcome = emulator.delete_stack(name)
    assert outcome.status == "DELETE_FAILED" and "is not empty" in outcome.reason
    emulator.client("s3").delete_object(Bucket=bucket, Key="x")
    assert emulator.delete_stack(name).complete


def test_what_is_in_use_is_not_deleted(emulator: Emulator, name: str) -> None:
    made = emulator.create_stack(name, template(network(), Outputs={"Subnet": {"Value": ref("Subnet")}}))
    interface = emulator.client("ec2").create_network_interface(SubnetId=made.outputs["Subnet"])["NetworkInterface"]
    outcome = emulator.delete_stack(name)
    assert outcome.status == "DELETE_FAILED" and "has dependencies and cannot be deleted" in outcome.reason
    emulator.client("ec2").delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    assert emulator.delete_stack(name).complete


# Custom resources

ANSWER = """
import json, urllib.request

def answer(event, status, **fields):
    body = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body.update(Status=status, PhysicalResourceId=event.get("PhysicalResourceId", "thing-1"), **fields)
    request = urllib.request.Request(event["ResponseURL"], data=json.dumps(body).encode(), method="PUT")
    urllib.request.urlopen(request).close()
"""


def function(code: str) -> Template:
    """A Lambda function with its role; `code` has `answer(event, status, …)`."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    return {
        "Role": resource("AWS::IAM::Role", AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": [trust]}),
        "Function": resource(
            "AWS::Lambda::Function",
            Runtime="python3.13",
            Handler="index.handler",
            Timeout=20,
            Role=att("Role", "Arn"),
            Code={"ZipFile": ANSWER + textwrap.dedent(code)},
        ),
    }


def custom(code: str, **properties: Any) -> Template:
    """A template with a custom resource whose function has this code."""
    thing = resource("Custom::Thing", ServiceToken=att("Function", "Arn"), **properties)
    return template({**function(code), "Thing": thing}, Outputs={"Thing": {"Value": ref("Thing")}})


def test_a_custom_resource_gets_strings_and_is_deleted_after_a_failed_create(emulator: Emulator, name: str) -> None:
    body = custom(
        """
        import boto3

        def handler(event, context):
            kind = event["RequestType"]
            boto3.client("ssm").put_parameter(Name="/%s/" + kind, Type="String", Value=json.dumps(event))
            answer(event, "FAILED" if kind == "Create" else "SUCCESS", Reason="out of luck")
        """
        % name,
        Number=1,
        Truth=True,
    )
    outcome = emulator.create_stack(name, body)
    assert outcome.status == "ROLLBACK_COMPLETE" and "out of luck" in outcome.reason
    ssm = emulator.client("ssm")
    created, deleted = (
        json.loads(ssm.get_parameter(Name=f"/{name}/{kind}")["Parameter"]["Value"]) for kind in ("Create", "Delete")
    )
    assert created["ResourceProperties"]["Number"] == "1" and created["ResourceProperties"]["Truth"] == "true"
    assert deleted["PhysicalResourceId"] == "thing-1"
    ssm.delete_parameters(Names=[f"/{name}/Create", f"/{name}/Delete"])
    emulator.delete_stack(name)


def test_a_delete_that_fails_after_a_failed_create_is_a_failed_rollback(emulator: Emulator, name: str) -> None:
    code = 'def handler(event, context):\n    answer(event, "FAILED", Reason="never")'
    assert emulator.create_stack(name, custom(code)).status == "ROLLBACK_FAILED"


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ('def handler(event, context):\n    answer(event, "SUCCESS", Data={"x": "y" * 4096})', "too long"),
        ("def handler(event, context):\n    return 'forgotten'", "did not receive a response"),
    ],
)
def test_an_answer_that_cloudformation_would_not_take(emulator: Emulator, name: str, code: str, complaint: str) -> None:
    outcome = emulator.create_stack(name, custom(code, ServiceTimeout="2"))
    assert complaint in outcome.reason


# Auto Scaling groups

HEADER = """\
#!/bin/bash
STACK_ID='{stack}' LOGICAL='unused'
STACK_ID='{stack}'
LOGICAL_ID=Nodes
BUCKET={bucket}
KEY=userdata/portal.tar
aws s3 cp "s3://$BUCKET/$KEY" /tmp/portal.tar
echo '{checksum}  /tmp/portal.tar' | sha256sum -c
"""
BUNDLE = b"a bundle"


def nodes(script: str, version: str = "1") -> Template:
    """An Auto Scaling group of one on a fixed interface, waiting for its node's signal."""
    data = {
        "ImageId": "ami-0123456789abcdef0",
        "InstanceType": "t3.2xlarge",
        "IamInstanceProfile": {"Arn": att("Profile", "Arn")},
        "NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": ref("Interface")}],
        "UserData": {"Fn::Base64": {"Fn::Sub": script}},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "release", "Value": version}]}],
    }
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
    launched = {"LaunchTemplateId": ref("Template"), "Version": att("Template", "LatestVersionNumber")}
    group = resource(
        "AWS::AutoScaling::AutoScalingGroup",
        MinSize="1",
        MaxSize="1",
        AvailabilityZones=[{"Fn::Sub": "${AWS::Region}a"}],
        LaunchTemplate=launched,
    )
    group["CreationPolicy"] = {"ResourceSignal": {"Count": 1, "Timeout": "PT30M"}}
    group["UpdatePolicy"] = {
        "AutoScalingRollingUpdate": {"MinInstancesInService": 0, "WaitOnResourceSignals": True, "PauseTime": "PT30M"}
    }
    return template(
        {
            **network(),
            "Role": resource(
                "AWS::IAM::Role", AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": [trust]}
            ),
            "Profile": resource("AWS::IAM::InstanceProfile", Roles=[ref("Role")]),
            "Interface": resource("AWS::EC2::NetworkInterface", SubnetId=ref("Subnet"), GroupSet=[ref("Group")]),
            "Template": resource("AWS::EC2::LaunchTemplate", LaunchTemplateData=data),
            "Nodes": group,
        }
    )


@pytest.fixture(scope="module")
def header(emulator: Emulator) -> str:
    """User data whose bundle is there."""
    emulator.publish({"userdata/portal.tar": BUNDLE}, "bundles-test")
    checksum = hashlib.sha256(BUNDLE).hexdigest()
    return HEADER.format(stack="${AWS::StackId}", bucket="bundles-test", checksum=checksum)


def test_a_group_waits_for_its_nodes_and_rolls_them(faults: Emulator, name: str, header: str) -> None:
    made = faults.create_stack(name, nodes(header))
    assert made.complete, made.reason
    signals = [e for e in faults.events(name) if "SUCCESS signal" in e.get("ResourceStatusReason", "")]
    assert len(signals) == 1
    faults.inject(Fault("boot", "AWS::AutoScaling::AutoScalingGroup", "EnginFrame did not start"))
    failed = faults.update_stack(name, nodes(header, version="2"))
    assert failed.status == "UPDATE_ROLLBACK_COMPLETE" and "EnginFrame did not start" in failed.reason
    assert faults.update_stack(name, nodes(header, version="2")).complete
    assert faults.delete_stack(name).complete
    assert left(faults, name) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("LOGICAL_ID=Nodes\n", "LOGICAL_ID=Node\n", "its signal to Node of"),
        ("LOGICAL_ID=Nodes\n", "\n", "does not set LOGICAL_ID"),
        ("portal.tar\naws", "portal-2.tar\naws", "s3://bundles-test/userdata/portal-2.tar cannot be fetched"),
        (hashlib.sha256(BUNDLE).hexdigest(), "0" * 64, "does not have the SHA-256"),
        ("LOGICAL_ID=Nodes\n", "LOGICAL_ID=Nodes\nif true; then\n", "no bash script"),
        ("LOGICAL_ID=Nodes\n", f"LOGICAL_ID=Nodes\n# {'x' * 16384}\n", "EC2 takes 16384"),
        ("#!/bin/bash\n", "", "does not start with #!"),
    ],
)
def test_a_node_that_would_not_come_up_fails_the_stack(
    emulator: Emulator, name: str, header: str, old: str, new: str, complaint: str
) -> None:
    assert old in header
    outcome = emulator.create_stack(name, nodes(header.replace(old, new)))
    assert outcome.status == "ROLLBACK_COMPLETE" and complaint in outcome.reason
    emulator.delete_stack(name)
    assert left(emulator, name) == []


def test_an_interface_in_another_zone_cannot_be_launched_into(emulator: Emulator, name: str, header: str) -> None:
    body = nodes(header)
    body["Resources"]["Nodes"]["Properties"]["AvailabilityZones"] = [{"Fn::Sub": "${AWS::Region}b"}]
    assert "is in us-east-1a, the group is not" in emulator.create_stack(name, body).reason
    emulator.delete_stack(name)


# The stand-in of the ParallelCluster provider

PROVIDER = (
    "https://${AWS::Region}-aws-parallelcluster.s3.${AWS::Region}.${AWS::URLSuffix}/parallelcluster/3.16.1/templates"
)


def cluster(name: str, **changes: Any) -> Template:
    """A network, the provider and one small cluster."""
    queue = {
        "Name": "jobs",
        "ComputeResources": [{"Name": "nodes", "InstanceType": "c6i.2xlarge", "MinCount": "0", "MaxCount": "4"}],
        "Networking": {"SubnetIds": [ref("Subnet")], "AdditionalSecurityGroups": [ref("Group")]},
    }
    configuration = {
        "Region": ref("AWS::Region"),
        "Image": {"Os": "alinux2023"},
        "HeadNode": {
            "InstanceType": "m6i.xlarge",
            "Networking": {"SubnetId": ref("Subnet"), "AdditionalSecurityGroups": [ref("Group")]},
            "Imds": {"Secured": True},
        },
        "Scheduling": {
            "Scheduler": "slurm",
            "SlurmSettings": {"QueueUpdateStrategy": "DRAIN", "MungeKeySecretArn": ref("Munge")},
            "SlurmQueues": [queue],
        },
        **changes,
    }
    wish = {"PasswordLength": 128, "ExcludePunctuation": True}
    url = {"Fn::Sub": f"{PROVIDER}/custom_resource/cluster.yaml"}
    return template(
        {
            **network(),
            "Munge": resource("AWS::SecretsManager::Secret", GenerateSecretString=wish),
            "Provider": resource("AWS::CloudFormation::Stack", TemplateURL=url),
            "Cluster": resource(
                "Custom::PclusterCluster",
                ServiceToken=att("Provider", "Outputs.ServiceToken"),
                ClusterName=f"hpc-{name}",
                ClusterConfiguration=configuration,
            ),
        },
        Outputs={
            "Address": {"Value": att("Cluster", "headNode.privateIpAddress")},
            "Instance": {"Value": att("Cluster", "headNode.instanceId")},
            "Stack": {"Value": att("Cluster", "cloudformationStackArn")},
            "Version": {"Value": att("Cluster", "version")},
            "Name": {"Value": att("Cluster", "clusterName")},
        },
    )


def provider_log(items: list[str]) -> list[str]:
    """Without the log group that the provider retains by design."""
    return [item for item in items if not (item.startswith("AWS::Logs::LogGroup") and item.endswith("(retained)"))]


@pytest.mark.parametrize("region", REGIONS)
def test_the_provider_makes_updates_and_removes_a_cluster(emulator: Emulator, name: str, region: str) -> None:
    before = {str(item) for item in emulator.leftovers(region)}
    made = emulator.create_stack(name, cluster(name), region=region)
    assert made.complete, made.reason
    assert made.outputs["Address"] == "10.0.0.4" and made.outputs["Version"] == "3.16.1"
    assert made.outputs["Name"] == f"hpc-{name}" and made.outputs["Instance"].startswith("i-")
    assert made.outputs["Stack"].startswith(f"arn:{PARTITIONS[region]}:cloudformation:{region}:")
    larger = cluster(name)
    configuration = larger["Resources"]["Cluster"]["Properties"]["ClusterConfiguration"]
    configuration["Scheduling"]["SlurmQueues"][0]["ComputeResources"][0]["MaxCount"] = "8"
    updated = emulator.update_stack(name, larger, region=region)
    assert updated.complete, updated.reason
    configuration["HeadNode"]["InstanceType"] = "m6i.2xlarge"
    refused = emulator.update_stack(name, larger, region=region)
    assert refused.status == "UPDATE_ROLLBACK_COMPLETE" and "HeadNode.InstanceType" in refused.reason
    deleted = emulator.delete_stack(name, region=region)
    assert deleted.complete, deleted.reason
    after = {str(item) for item in emulator.leftovers(region)}
    assert provider_log(sorted(after - before)) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"Imagination": "none"}, "Unknown field"),
        ({"Image": {"Os": "alinux2"}}, "alinux2"),
        ({"SharedStorage": [{"Name": "e", "MountDir": "/efs", "StorageType": "Efs", "EfsSettings": {"FileSystemId": "fs-01234567"}}]}, "fs-01234567"),
        ({"Iam": {"PermissionsBoundary": "no arn"}}, "PermissionsBoundary"),
    ],
)  # fmt: skip
def test_the_provider_refuses_a_bad_configuration(
    emulator: Emulator, name: str, change: Template, complaint: str
) -> None:
    outcome = emulator.create_stack(name, cluster(name, **change))
    assert outcome.status == "ROLLBACK_COMPLETE" and complaint in outcome.reason
    emulator.delete_stack(name)


def test_the_provider_refuses_properties_that_it_does_not_know(emulator: Emulator, name: str) -> None:
    body = cluster(name)
    body["Resources"]["Cluster"]["Properties"]["ServiceTimeout"] = 60
    assert "unexpected arguments: ['ServiceTimeout']" in emulator.create_stack(name, body).reason
    emulator.delete_stack(name)


def test_a_name_collision_destroys_the_other_cluster_as_it_does_on_aws(emulator: Emulator, name: str) -> None:
    assert emulator.create_stack(name, cluster(name)).complete
    collision = emulator.create_stack(f"{name}-2", cluster(name))
    assert f"Cluster hpc-{name} already exists" in collision.reason
    with pytest.raises(ClientError, match="does not exist"):
        emulator.client("cloudformation").describe_stacks(StackName=f"hpc-{name}")
    for stack in (name, f"{name}-2"):
        assert emulator.delete_stack(stack).complete


def test_the_provider_demands_auto_expand(emulator: Emulator, name: str) -> None:
    outcome = emulator.create_stack(name, cluster(name), Capabilities=["CAPABILITY_NAMED_IAM"])
    assert "CAPABILITY_AUTO_EXPAND" in outcome.reason
    emulator.delete_stack(name)


# The client


def test_every_event_of_every_stack_is_told(emulator: Emulator, name: str) -> None:
    child = nested(emulator, template({"Topic": resource("AWS::SNS::Topic")}), "told.json")
    told: list[tuple[str, str]] = []

    def hear(event: Any) -> None:
        told.append((event["LogicalResourceId"], event["ResourceStatus"]))

    outcome: Outcome = emulator.create_stack(name, template({"Child": child}), on_event=hear)
    assert outcome.complete and told[0] == (name, "CREATE_IN_PROGRESS") and told[-1] == (name, "CREATE_COMPLETE")
    assert ("Topic", "CREATE_COMPLETE") in told and len(told) == len(emulator.events(name))
    told.clear()
    emulator.delete_stack(name, on_event=hear)
    assert told[0] == (name, "DELETE_IN_PROGRESS") and (name, "CREATE_COMPLETE") not in told


def test_the_emulator_ends_with_the_process_that_started_it() -> None:
    script = "import sys, os; from emulator.client import Emulator; e = Emulator().__enter__()\nprint(e._process.pid, e.home)"
    code = f"{script}\nsys.stdout.flush(); os._exit(1)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    group, home = ran.stdout.split()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(int(group), 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.killpg(int(group), 0)
    assert not Path(home).exists()


def test_another_ministack_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from emulator import patches

    monkeypatch.setattr("importlib.metadata.version", lambda package: "9.9.9")
    with pytest.raises(patches.Unpatchable, match=r"ministack 9.9.9 is installed, .* written for 1.5.33"):
        patches.check_version()


def test_a_patch_that_no_longer_fits_is_refused_with_a_sentence(tmp_path: Path) -> None:
    from emulator import patches

    module = tmp_path / "engine.py"
    module.write_text("x = 1\n")
    with pytest.raises(patches.Unpatchable, match="engine has 0 times what the emulator expects 3 times"):
        patches._Loader(patches.ENGINE, str(module), tmp_path).get_code(patches.ENGINE)


def test_boto3_reaches_fsx(emulator: Emulator) -> None:
    fsx = boto3.client(
        "fsx", region_name="us-east-1", endpoint_url=emulator.endpoint, aws_access_key_id="a", aws_secret_access_key="b"
    )
    assert fsx.describe_file_systems()["FileSystems"] == []
