"""A stack that is deleted while it is created, rolled back or updated ends as it does on AWS; so does the product's own."""

import json
import random
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.client import Emulator, Fault
from tests.support.commands import thing
from tests.support.deployment import Deployment
from tests.support.deployment import left as left_of_product
from tests.support.small_templates import Template, left, nested, resource, template

CANCELLED = "Resource creation cancelled"
LIMIT = 120  # seconds for a moment to come
SLOW = 5  # seconds that a custom resource takes; what happens in its creation happens within them


def begin(emulator: Emulator, name: str, body: Template) -> str:
    """Ask for a stack and do not wait for it; returns its id."""
    cloudformation = emulator.client("cloudformation")
    asked = {"StackName": name, "TemplateBody": json.dumps(body), "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    return str(cloudformation.create_stack(**asked)["StackId"])


def until(emulator: Emulator, stack: str, logical_id: str, status: str) -> None:
    """Wait for an event of the resource `logical_id`, in whichever nested stack."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        events = emulator.events(stack)
        if any((e["LogicalResourceId"], e["ResourceStatus"]) == (logical_id, status) for e in events):
            return
    raise AssertionError(f"{logical_id} was never {status}")


def cancelled(emulator: Emulator, stack: str) -> set[str]:
    """The logical ids of all resources whose creation was cancelled."""
    events = emulator.events(stack)
    return {e["LogicalResourceId"] for e in events if e.get("ResourceStatusReason") == CANCELLED}


# The product's own stack


def launch(emulator: Emulator, name: str) -> str:
    """Ask for the product's stack; returns its id."""
    product = Deployment(emulator, name)
    request = emulator.request("", product.url(), product.answers(), {})
    capabilities = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
    created = product.cloudformation.create_stack(StackName=name, Capabilities=capabilities, **request)
    return str(created["StackId"])


def assert_that_a_delete_ends_well(emulator: Emulator, stack: str, before: set[Any]) -> None:
    """Delete the stack: nothing fails, and nothing is left but what is retained."""
    outcome = emulator.delete_stack(stack)
    assert outcome.status == "DELETE_COMPLETE", outcome.reason
    failed = [e for e in emulator.events(stack) if e["ResourceStatus"].endswith("_FAILED")]
    assert [e for e in failed if e["ResourceStatusReason"] != CANCELLED] == []
    assert left_of_product(emulator, "us-east-1", before)[1] == []


@pytest.fixture
def before(emulator: Emulator) -> set[Any]:
    """What is there before the launch."""
    return set(emulator.leftovers())


@pytest.mark.parametrize("moment", ["Checks", "Copy", "DatabaseInstance1", "SelfSignedCertificate", "Cluster1"])
def test_the_product_is_deleted_while_it_creates(emulator: Emulator, name: str, before: set[Any], moment: str) -> None:
    stack = launch(emulator, name)
    until(emulator, stack, moment, "CREATE_IN_PROGRESS")
    assert_that_a_delete_ends_well(emulator, stack, before)


@pytest.mark.parametrize("seed", range(3))
def test_the_product_is_deleted_at_any_moment_of_its_creation(
    emulator: Emulator, name: str, before: set[Any], seed: int
) -> None:
    stack, moment = launch(emulator, name), random.Random(seed).randrange(380)
    while len(emulator.events(stack)) < moment and emulator.status(stack) == "CREATE_IN_PROGRESS":
        time.sleep(0.01)
    assert_that_a_delete_ends_well(emulator, stack, before)


# Small stacks


def slow(**properties: Any) -> Template:
    """A template with a custom resource that takes its time."""
    return thing(Wait=str(SLOW), **properties)


def test_what_is_in_flight_is_cancelled_in_every_nested_stack(emulator: Emulator, name: str) -> None:
    child = nested(emulator, slow(), "slow.json")
    middle = nested(emulator, template({"Child": child}), "slow-middle.json")
    stack = begin(emulator, name, template({"Middle": middle}))
    until(emulator, stack, "Thing", "CREATE_IN_PROGRESS")
    assert emulator.delete_stack(stack).status == "DELETE_COMPLETE"
    assert cancelled(emulator, stack) == {"Middle", "Child", "Thing"}
    assert left(emulator, name) == []


def test_nothing_is_begun_after_the_delete(emulator: Emulator, name: str) -> None:
    body = slow()
    body["Resources"]["Later"] = {**resource("AWS::SNS::Topic"), "DependsOn": "Thing"}
    stack = begin(emulator, name, body)
    until(emulator, stack, "Thing", "CREATE_IN_PROGRESS")
    emulator.delete_stack(stack)
    assert "Later" not in {event["LogicalResourceId"] for event in emulator.events(stack)}


def test_a_cancelled_custom_resource_is_deleted_under_an_id_that_its_function_never_gave(
    emulator: Emulator, name: str
) -> None:
    stack = begin(emulator, name, slow())
    until(emulator, stack, "Thing", "CREATE_IN_PROGRESS")
    emulator.delete_stack(stack)
    events = [e for e in emulator.events(stack) if e["LogicalResourceId"] == "Thing"]
    [deleted] = {e["PhysicalResourceId"] for e in events if e["ResourceStatus"] == "DELETE_COMPLETE"}
    assert deleted.startswith(f"{name}-Thing-")  # the function answers "thing"


def test_a_wait_for_signals_is_cancelled(emulator: Emulator, name: str) -> None:
    handle, wait = "AWS::CloudFormation::WaitConditionHandle", "AWS::CloudFormation::WaitCondition"
    body = {"Handle": resource(handle), "Wait": resource(wait, Handle={"Ref": "Handle"}, Timeout="600")}
    stack = begin(emulator, name, template(body))
    until(emulator, stack, "Wait", "CREATE_IN_PROGRESS")
    assert emulator.delete_stack(stack).status == "DELETE_COMPLETE"
    assert cancelled(emulator, stack) == {"Wait"}


def test_a_second_delete_changes_nothing(emulator: Emulator, name: str) -> None:
    stack = begin(emulator, name, slow())
    until(emulator, stack, "Thing", "CREATE_IN_PROGRESS")
    emulator.client("cloudformation").delete_stack(StackName=stack)
    assert emulator.delete_stack(stack).status == "DELETE_COMPLETE"
    began = [e["LogicalResourceId"] for e in emulator.events(stack) if e["ResourceStatus"] == "DELETE_IN_PROGRESS"]
    assert sorted(began) == sorted(set(began))


def test_a_rollback_gives_way_to_a_delete(faults: Emulator, name: str) -> None:
    body = slow()
    body["Resources"]["Later"] = {**resource("AWS::SNS::Topic"), "DependsOn": "Thing"}
    faults.inject(Fault("create", "AWS::SNS::Topic", "no more topics", name))
    stack = begin(faults, name, body)
    until(faults, stack, "Thing", "DELETE_IN_PROGRESS")
    assert faults.delete_stack(stack).status == "DELETE_COMPLETE"
    statuses = [e["ResourceStatus"] for e in faults.events(stack) if e["LogicalResourceId"] == name]
    assert statuses == ["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_a_rollback_that_failed_leaves_its_resources_to_the_delete(faults: Emulator, name: str) -> None:
    body = template({"First": resource("AWS::S3::Bucket"), "Later": resource("AWS::SNS::Topic")})
    body["Resources"]["Later"]["DependsOn"] = "First"
    faults.inject(
        Fault("create", "AWS::SNS::Topic", "no more topics", name),
        Fault("delete", "AWS::S3::Bucket", "still in use", name),
    )
    assert faults.create_stack(name, body).status == "ROLLBACK_FAILED"
    assert faults.delete_stack(name).status == "DELETE_COMPLETE"
    assert left(faults, name) == []


def test_an_update_must_end_before_a_delete(emulator: Emulator, name: str) -> None:
    stack = emulator.create_stack(name, thing(Wait="0")).stack_id
    cloudformation = emulator.client("cloudformation")
    cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(slow()), Capabilities=["CAPABILITY_NAMED_IAM"])
    with pytest.raises(ClientError, match=f"{stack}. cannot be deleted while in status UPDATE_IN_PROGRESS"):
        cloudformation.delete_stack(StackName=stack)
    assert emulator.wait(stack).status == "UPDATE_COMPLETE"
    assert emulator.delete_stack(stack).complete
