"""The emulator refuses what AWS refuses: each test shows one thing that stock ministack gets wrong."""

import base64
import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.emulator.client import Emulator
from tests.support.small_templates import PARTITIONS, REGIONS, Template, att, network, ref, refusal, resource, template

FIXTURES = Path(__file__).parent / "fixtures"


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
