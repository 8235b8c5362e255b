"""A stack on its way back: what nested stacks and functions see of a rollback, and updates of nothing but tags."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.client import Emulator, Fault
from tests.support.small_templates import Template, att, nested, ref, resource, template

EVERYTHING = (Path(__file__).parent / "fixtures" / "everything.yaml").read_text()
# Writes each request, and the status of the stack that it is in, to the parameter that the properties name.
WITNESS = """
import boto3, json, urllib.request

def handler(event, context):
    stack = boto3.client("cloudformation").describe_stacks(StackName=event["StackId"])["Stacks"][0]
    seen = {**event, "StackStatus": stack["StackStatus"]}
    ssm, name = boto3.client("ssm"), event["ResourceProperties"]["Log"]
    if event["RequestType"] == "Update":
        number = len(ssm.get_parameters_by_path(Path=name)["Parameters"])
        ssm.put_parameter(Name=f"{name}/{number}", Type="String", Value=json.dumps(seen))
    refused = [item["Value"] for item in ssm.get_parameters(Names=[name + "-refused"])["Parameters"]]
    failed = event["ResourceProperties"]["Answer"] in refused
    body = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body |= {"Status": "FAILED" if failed else "SUCCESS", "Reason": "as asked", "PhysicalResourceId": "thing"}
    request = urllib.request.Request(event["ResponseURL"], data=json.dumps(body).encode(), method="PUT")
    urllib.request.urlopen(request).close()
"""
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
MAY = {"Effect": "Allow", "Action": ["cloudformation:DescribeStacks", "ssm:*"], "Resource": "*"}


def child(**properties: Any) -> Template:
    """A nested stack with a witness, which has the stack's parameter `Answer` among its properties."""
    role = resource(
        "AWS::IAM::Role",
        AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": [TRUST]},
        Policies=[{"PolicyName": "Inline", "PolicyDocument": {"Version": "2012-10-17", "Statement": [MAY]}}],
    )
    function = resource(
        "AWS::Lambda::Function",
        Runtime="python3.13",
        Handler="index.handler",
        Timeout=20,
        Role=att("Role", "Arn"),
        Code={"ZipFile": WITNESS},
    )
    witness = resource("Custom::Witness", ServiceToken=att("Function", "Arn"), Answer=ref("Answer"), **properties)
    return template({"Role": role, "Function": function, "Witness": witness}, Parameters={"Answer": {"Type": "String"}})


def parent(emulator: Emulator, name: str, inner: Template) -> Template:
    """A stack with the child, and a topic that is made and changed after it."""
    stack = nested(emulator, inner, f"{name}.json", Parameters={"Answer": ref("Answer")})
    topic = resource("AWS::SNS::Topic", DisplayName=ref("Answer"))
    return template(
        {"Child": stack, "Later": {**topic, "DependsOn": "Child"}}, Parameters={"Answer": {"Type": "String"}}
    )


def requests(emulator: Emulator, log: str) -> list[Mapping[str, Any]]:
    """The updates that the witness has seen, oldest first."""
    found = emulator.client("ssm").get_parameters_by_path(Path=log)["Parameters"]
    return [json.loads(item["Value"]) for item in sorted(found, key=lambda item: str(item["Name"]))]


def child_statuses(emulator: Emulator, stack: str) -> list[str]:
    """The statuses of the nested stack itself since its creation was complete."""
    own = [
        e for e in emulator.events(stack) if e["LogicalResourceId"] == e["StackName"] and "-Child-" in e["StackName"]
    ]
    statuses = [event["ResourceStatus"] for event in own]
    return statuses[statuses.index("CREATE_COMPLETE") + 1 :]


@pytest.fixture
def rolled_back(faults: Emulator, name: str) -> list[Mapping[str, Any]]:
    """What the witness saw of an update that failed after its nested stack had been updated."""
    body = parent(faults, name, child(Log=f"/{name}", Numbers=[1, True, {"Deep": 2.5}]))
    assert faults.create_stack(name, body, parameters={"Answer": "old"}).complete
    faults.inject(Fault("update", "AWS::SNS::Topic", "no such name", name))
    assert faults.update_stack(name, parameters={"Answer": "new"}).status == "UPDATE_ROLLBACK_COMPLETE"
    return requests(faults, f"/{name}")


def test_a_function_in_a_nested_stack_sees_the_rollback(rolled_back: list[Mapping[str, Any]]) -> None:
    assert [seen["StackStatus"] for seen in rolled_back] == ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"]


def test_a_rollback_names_the_newer_properties_as_the_old_ones(rolled_back: list[Mapping[str, Any]]) -> None:
    answers = [(s["OldResourceProperties"]["Answer"], s["ResourceProperties"]["Answer"]) for s in rolled_back]
    assert answers == [("old", "new"), ("new", "old")]


@pytest.mark.parametrize("side", ["ResourceProperties", "OldResourceProperties"])
def test_every_scalar_is_a_text_on_both_sides(rolled_back: list[Mapping[str, Any]], side: str) -> None:
    assert [seen[side]["Numbers"] for seen in rolled_back] == [["1", "true", {"Deep": "2.5"}]] * 2


def test_a_nested_stack_that_went_forward_comes_back_under_its_own_words(faults: Emulator, name: str) -> None:
    body = parent(faults, name, child(Log=f"/{name}"))
    stack = faults.create_stack(name, body, parameters={"Answer": "old"}).stack_id
    faults.inject(Fault("update", "AWS::SNS::Topic", "no such name", name))
    faults.update_stack(name, parameters={"Answer": "new"})
    assert child_statuses(faults, stack) == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]


def test_a_way_back_needs_no_template_at_its_old_place(faults: Emulator, name: str) -> None:
    body = parent(faults, name, child(Log=f"/{name}"))
    assert faults.create_stack(name, body, parameters={"Answer": "old"}).complete
    moved = json.loads(json.dumps(body))
    faults.publish({f"moved-{name}.json": json.dumps(child(Log=f"/{name}", More="yes")).encode()}, "templates-test")
    moved["Resources"]["Child"]["Properties"]["TemplateURL"] = faults.url("templates-test", f"moved-{name}.json")
    faults.client("s3").delete_object(Bucket="templates-test", Key=f"{name}.json")
    faults.inject(Fault("update", "AWS::SNS::Topic", "no such name", name))
    changed = faults.update_stack(name, moved, parameters={"Answer": "new"})
    assert changed.status == "UPDATE_ROLLBACK_COMPLETE", changed.reason
    forth, back = requests(faults, f"/{name}")
    assert "More" in forth["ResourceProperties"] and "More" not in back["ResourceProperties"]


def test_a_nested_stack_that_cannot_come_back_does_so_once_the_cause_is_gone(faults: Emulator, name: str) -> None:
    ssm, cloudformation = faults.client("ssm"), faults.client("cloudformation")
    stack = faults.create_stack(
        name, parent(faults, name, child(Log=f"/{name}")), parameters={"Answer": "old"}
    ).stack_id
    ssm.put_parameter(Name=f"/{name}-refused", Type="String", Value="old")
    faults.inject(Fault("update", "AWS::SNS::Topic", "no such name", name))
    assert faults.update_stack(name, parameters={"Answer": "new"}).status == "UPDATE_ROLLBACK_FAILED"
    assert child_statuses(faults, stack)[-1] == "UPDATE_ROLLBACK_FAILED"
    ssm.delete_parameter(Name=f"/{name}-refused")
    cloudformation.continue_update_rollback(StackName=name)
    assert faults.wait(stack).status == "UPDATE_ROLLBACK_COMPLETE"
    assert child_statuses(faults, stack)[-1] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_nested_stack_whose_own_rollback_fails_is_continued_with_its_parent(faults: Emulator, name: str) -> None:
    ssm, cloudformation = faults.client("ssm"), faults.client("cloudformation")
    inner = child(Log=f"/{name}")
    last = resource("AWS::SQS::Queue", DelaySeconds={"Fn::If": ["Old", 1, 2]})
    inner["Resources"]["Last"] = {**last, "DependsOn": "Witness"}
    inner["Conditions"] = {"Old": {"Fn::Equals": [ref("Answer"), "old"]}}
    stack = faults.create_stack(name, parent(faults, name, inner), parameters={"Answer": "old"}).stack_id
    ssm.put_parameter(Name=f"/{name}-refused", Type="String", Value="old")
    faults.inject(Fault("update", "AWS::SQS::Queue", "no such delay", name))
    assert faults.update_stack(name, parameters={"Answer": "new"}).status == "UPDATE_ROLLBACK_FAILED"
    assert len(requests(faults, f"/{name}")) == 2  # the parent did not try once more by itself
    ssm.delete_parameter(Name=f"/{name}-refused")
    cloudformation.continue_update_rollback(StackName=name)
    assert faults.wait(stack).status == "UPDATE_ROLLBACK_COMPLETE"
    assert child_statuses(faults, stack)[-1] == "UPDATE_ROLLBACK_COMPLETE"


def test_tags_alone_reach_every_type(emulator: Emulator, name: str) -> None:
    made = emulator.create_stack(name, EVERYTHING, tags={"CostCenter": "42"})
    assert made.complete, made.reason
    before = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources(emulator, made.stack_id)}
    changed = emulator.update_stack(name, tags={"CostCenter": "43"})
    assert changed.complete, changed.reason
    assert {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources(emulator, made.stack_id)} == before


def resources(emulator: Emulator, stack: str) -> list[Mapping[str, str]]:
    """What a stack holds."""
    found: list[Mapping[str, str]] = emulator.client("cloudformation").describe_stack_resources(StackName=stack)[
        "StackResources"
    ]
    return found
