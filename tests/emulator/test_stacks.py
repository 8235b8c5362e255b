"""Nested stacks and custom resources run on the emulator as they do on AWS, above all when they fail."""

import datetime
import json
import textwrap
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.emulator.client import Emulator, Fault
from tests.support.small_templates import Template, att, left, nested, network, ref, resource, template


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


def test_an_update_tells_of_what_it_touches_and_descends_into_children(emulator: Emulator, name: str) -> None:
    def parent(text: str) -> Template:
        child = nested(emulator, template({"Topic": resource("AWS::SNS::Topic", DisplayName=text)}), f"{name}.json")
        same, other = resource("AWS::S3::Bucket"), resource("AWS::SNS::Topic", DisplayName=text)
        return template({"Child": child, "Same": same, "Other": other})

    assert emulator.create_stack(name, parent("old")).complete
    touched: list[str] = []
    updated = emulator.update_stack(name, parent("new"), on_event=lambda e: touched.append(e["LogicalResourceId"]))
    assert updated.complete, updated.reason
    assert {"Child", "Other", "Topic"} <= set(touched) and "Same" not in touched
    assert emulator.delete_stack(name).complete


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


DATABASE = {
    "Engine": "aurora-mysql",
    "MasterUsername": "hpcadmin",
    "MasterUserPassword": "not-a-secret",
    "DeletionProtection": "true",
}


def test_a_protected_database_stays_until_it_is_not_protected(emulator: Emulator, name: str) -> None:
    database = {**resource("AWS::RDS::DBCluster", **DATABASE), "DeletionPolicy": "Snapshot"}
    assert emulator.create_stack(name, template({"Database": database})).complete
    refused = emulator.delete_stack(name)
    assert refused.status == "DELETE_FAILED" and "Cannot delete protected Cluster" in refused.reason
    assert not any("snapshot" in item for item in left(emulator, name))
    [cluster] = [item.split()[1] for item in left(emulator, name) if "DBCluster" in item]
    emulator.client("rds").modify_db_cluster(DBClusterIdentifier=cluster, DeletionProtection=False)
    assert emulator.delete_stack(name).complete
    [snapshot] = left(emulator, name)
    assert snapshot.startswith("AWS::RDS::DBClusterSnapshot") and snapshot.endswith("(retained)")


def test_a_database_comes_back_from_the_snapshot_that_its_stack_left(emulator: Emulator, name: str) -> None:
    def database(**more: str) -> Template:
        properties = {key: value for key, value in DATABASE.items() if key != "DeletionProtection"}
        return template(
            {"Database": {**resource("AWS::RDS::DBCluster", **properties, **more), "DeletionPolicy": "Snapshot"}}
        )

    emulator.create_stack(name, database())
    emulator.delete_stack(name)
    [snapshot] = [item.split()[1] for item in left(emulator, name)]
    assert "MasterUsername" in emulator.create_stack(name, database(SnapshotIdentifier=snapshot)).reason
    emulator.delete_stack(name)
    restored = database(SnapshotIdentifier=snapshot)
    del restored["Resources"]["Database"]["Properties"]["MasterUsername"]
    assert emulator.create_stack(name, restored).complete
    emulator.delete_stack(name)
    restored["Resources"]["Database"]["Properties"]["SnapshotIdentifier"] = "no-such-snapshot"
    assert "no-such-snapshot not found" in emulator.create_stack(name, restored).reason
    emulator.delete_stack(name)


def test_a_certificate_that_a_listener_uses_is_not_deleted(emulator: Emulator, name: str) -> None:
    body = network()
    zone = {"Fn::Sub": "${AWS::Region}b"}
    body["Second"] = resource("AWS::EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.0.1.0/24", AvailabilityZone=zone)
    subnets = [ref("Subnet"), ref("Second")]
    body["Balancer"] = resource("AWS::ElasticLoadBalancingV2::LoadBalancer", Scheme="internal", Subnets=subnets)
    body["Certificate"] = resource("AWS::CertificateManager::Certificate", DomainName="portal.example.org")
    body["Listener"] = resource(
        "AWS::ElasticLoadBalancingV2::Listener",
        LoadBalancerArn=ref("Balancer"),
        Port=443,
        Protocol="HTTPS",
        Certificates=[{"CertificateArn": ref("Certificate")}],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )
    made = emulator.create_stack(name, template(body, Outputs={"Arn": {"Value": ref("Certificate")}}))
    assert made.complete, made.reason
    acm = emulator.client("acm")
    with pytest.raises(acm.exceptions.ResourceInUseException):
        acm.delete_certificate(CertificateArn=made.outputs["Arn"])
    assert acm.describe_certificate(CertificateArn=made.outputs["Arn"])["Certificate"]["InUseBy"]
    assert emulator.delete_stack(name).complete


def test_an_imported_certificate_is_listed_under_its_own_names(emulator: Emulator) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.timezone.utc)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hpc.example.org")])
    names = x509.SubjectAlternativeName([x509.DNSName("hpc.example.org"), x509.DNSName("www.example.org")])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9))
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    acm = emulator.client("acm")
    arn = acm.import_certificate(Certificate=certificate.public_bytes(pem), PrivateKey=private)["CertificateArn"]
    [listed] = [c for c in acm.list_certificates()["CertificateSummaryList"] if c["CertificateArn"] == arn]
    acm.delete_certificate(CertificateArn=arn)
    assert (listed["Type"], listed["DomainName"]) == ("IMPORTED", "hpc.example.org")
    assert listed["SubjectAlternativeNameSummaries"] == ["hpc.example.org", "www.example.org"]


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
            boto3.client("ssm").put_parameter(Name="/NAME/" + kind, Type="String", Value=json.dumps(event))
            answer(event, "FAILED" if kind == "Create" else "SUCCESS", Reason="out of luck")
        """.replace("NAME", name),
        Number=1,
        Truth=True,
    )
    outcome = emulator.create_stack(name, body)
    assert outcome.status == "ROLLBACK_COMPLETE" and "out of luck" in outcome.reason
    # `make why` finds the function by the failed event's properties.
    [failed] = [e for e in emulator.events(name) if e["ResourceStatus"] == "CREATE_FAILED"]
    properties = json.loads(failed["ResourceProperties"])
    assert properties["ServiceToken"].startswith("arn:aws:lambda:") and properties["Number"] == 1
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
    ("code", "timeout", "complaint"),
    [
        ('def handler(event, context):\n    answer(event, "SUCCESS", Data={"x": "y" * 4096})', "120", "too long"),
        ("def handler(event, context):\n    return 'forgotten'", "2", "did not receive a response"),
    ],
)
def test_an_answer_that_cloudformation_would_not_take(
    emulator: Emulator, name: str, code: str, timeout: str, complaint: str
) -> None:
    outcome = emulator.create_stack(name, custom(code, ServiceTimeout=timeout))
    assert complaint in outcome.reason


def test_a_function_is_told_its_own_log_group(emulator: Emulator, name: str) -> None:
    body = custom(
        """
        def handler(event, context):
            status = "SUCCESS" if event["RequestType"] == "Delete" else "FAILED"
            answer(event, status, Reason=f"see {context.log_group_name}")
        """
    )
    body["Resources"]["Function"]["Properties"]["FunctionName"] = name
    assert f"see /aws/lambda/{name}" in emulator.create_stack(name, body).reason
    emulator.delete_stack(name)
    body["Resources"]["Logs"] = resource("AWS::Logs::LogGroup", LogGroupName=f"{name}/own")
    body["Resources"]["Function"]["Properties"]["LoggingConfig"] = {"LogGroup": ref("Logs")}
    assert f"see {name}/own" in emulator.create_stack(name, body).reason


def test_a_change_set_adds_and_removes_what_a_condition_switches(emulator: Emulator, name: str) -> None:
    topic = {**resource("AWS::SNS::Topic"), "Condition": "Wanted"}
    body = template(
        {"Always": resource("AWS::SNS::Topic"), "Sometimes": topic},
        Parameters={"Sometimes": {"Type": "String", "Default": "no"}},
        Conditions={"Wanted": {"Fn::Equals": [ref("Sometimes"), "yes"]}},
    )
    assert emulator.create_stack(name, body).complete
    cloudformation = emulator.client("cloudformation")
    for answer, action in (("yes", "Add"), ("no", "Remove")):
        preview = {"StackName": name, "ChangeSetName": f"to-{answer}"}
        parameters = {"Sometimes": answer}
        asked = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        cloudformation.create_change_set(**preview, UsePreviousTemplate=True, Parameters=asked)
        cloudformation.get_waiter("change_set_create_complete").wait(**preview, WaiterConfig={"Delay": 1})
        changes = [item["ResourceChange"] for item in cloudformation.describe_change_set(**preview)["Changes"]]
        assert [(change["Action"], change["LogicalResourceId"]) for change in changes] == [(action, "Sometimes")]
        assert emulator.update_stack(name, parameters=parameters).complete
    assert emulator.delete_stack(name).complete
