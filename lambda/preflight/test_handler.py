"""Preflight as a function: launches, updates, rollbacks, deletes, the machine image, its code and its permissions."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.stack import build
from preflight.case import Case
from preflight.checks import CHECKS
from preflight.checks.image import held_image, hides_images
from preflight.handler import check_launch, handler, is_rolling_back
from preflight.verdicts import OK, judge, run
from testing.account import Account
from testing.answers import ANSWERS, NAMED, RESOLVED, VPC
from testing.cloudformation import CloudFormation, Context
from testing.responses import ENDED, database_offers, good, image, offerings, quotas

PROPERTIES = {"Answers": ANSWERS, "Resolved": RESOLVED, "Zones": "2", "ServiceToken": "arn", "ServiceTimeout": "120"}
HELD = {"PhysicalResourceId": "az:us-east-1c,us-east-1b"}


def launch(cloudformation: CloudFormation, request_type: str = "Create", answers: Any = None, **more: Any) -> Any:
    properties = {**PROPERTIES, "Answers": {**ANSWERS, **(answers or {})}}
    return cloudformation.send(handler, request_type, properties, ResourceType="Custom::Preflight", **more)


def update(cloudformation: CloudFormation, new: dict[str, str], old: dict[str, str] | None = None, **more: Any) -> Any:
    before = {**PROPERTIES, "Answers": {**ANSWERS, **(old or {})}}
    return launch(cloudformation, "Update", {**(old or {}), **new}, OldResourceProperties=before, **{**HELD, **more})


def test_a_launch_answers_with_zones_and_network(cloudformation: CloudFormation, account: Account) -> None:
    got = launch(cloudformation)
    assert (got["Status"], got["PhysicalResourceId"]) == ("SUCCESS", "az:us-east-1a,us-east-1b")
    assert got["Data"] == {
        "AvailabilityZone1": "us-east-1a",
        "AvailabilityZone2": "us-east-1b",
        "NetworkCidr": "10.0.0.0/16",
    }
    assert launch(cloudformation, answers=VPC)["Data"]["NetworkCidr"] == "10.9.0.0/16"


def test_a_launch_is_told_all_its_faults_at_once(cloudformation: CloudFormation, account: Account) -> None:
    got = launch(
        cloudformation,
        answers={"ComputeInstanceType": "c7gn.4xlarge", "ComputeMinNodes": "99", "VpcCidr": "10.0.0.0/26"},
    )
    assert got["Status"] == "FAILED" and got["PhysicalResourceId"] == "not-created"
    for number, word in enumerate(("not x86-64", "more than ComputeMaxNodes", "private addresses"), 1):
        assert f"({number}) " in got["Reason"] and word in got["Reason"]


def test_faults_that_do_not_fit_an_answer_are_counted(cloudformation: CloudFormation, account: Account) -> None:
    answers = dict.fromkeys(("PortalInstallerUrl", "JdbcDriverUrl"), "https://" + "x" * 3000)
    got = launch(cloudformation, answers=answers)
    assert got["Reason"].startswith("Faults found: 2, all in the log. (1) ")
    assert got["Reason"].endswith("[$LATEST]0123456789abcdef)")


def test_the_name_of_the_operator_s_stack_is_measured(cloudformation: CloudFormation, account: Account) -> None:
    stack = "arn:aws:cloudformation:us-east-1:123456789012:stack/{}-Preflight-1ABCDEFGHIJKL/0123-4567"
    assert launch(cloudformation, StackId=stack.format("s-" * 20))["Status"] == "SUCCESS"
    assert "has 41 characters" in launch(cloudformation, StackId=stack.format("s" * 41))["Reason"]


def test_an_update_holds_the_zones(cloudformation: CloudFormation, account: Account) -> None:
    got = update(cloudformation, {"PortalAmiId": "ami-0123456789abcdef0"})
    assert (got["Status"], got["PhysicalResourceId"]) == ("SUCCESS", HELD["PhysicalResourceId"])
    assert got["Data"]["AvailabilityZone1"] == "us-east-1c" and got["Data"]["AvailabilityZone2"] == "us-east-1b"


def test_an_update_runs_no_check_of_what_stayed(cloudformation: CloudFormation, account: Account) -> None:
    account.responses["GetServiceQuota"] = quotas(L_F678F1CE=0)  # its own VPC is in use by now
    account.responses["GetObject"] = "NoSuchKey"  # that version is not published any more, and runs on
    assert update(cloudformation, {"AlarmEmail": "a@example.com"})["Status"] == "SUCCESS"
    assert account.operations() == {"DescribeStacks", "DescribeStackResource", "DescribeImages"}


def test_an_update_runs_the_checks_of_what_changed(cloudformation: CloudFormation, account: Account) -> None:
    reason = update(cloudformation, {"ComputeInstanceType": "c7gn.4xlarge"})["Reason"]
    assert reason.startswith("Faults found: 1, all in the log. (1) ComputeInstanceType c7gn.4xlarge ")


def test_a_type_that_a_held_zone_lacks_is_refused(cloudformation: CloudFormation, account: Account) -> None:
    account.responses["DescribeInstanceTypeOfferings"] = offerings(c="r6i.large")
    reason = update(cloudformation, {"PortalInstanceType": "r6i.large"})["Reason"]
    assert "(1) AvailabilityZone1 (blank) is in us-east-1c, without r6i.large" in reason


def test_a_further_zone_is_added_to_those_held(cloudformation: CloudFormation, account: Account) -> None:
    more = {**PROPERTIES, "Zones": "3", "Answers": {**ANSWERS, "AvailabilityZone3": ""}}
    kind = {"ResourceType": "Custom::Preflight", "OldResourceProperties": PROPERTIES}
    got = cloudformation.send(handler, "Update", more, **kind, **HELD)
    assert got["PhysicalResourceId"] == "az:us-east-1c,us-east-1b,us-east-1a"


def test_an_update_that_loses_data_is_refused_and_the_zones_are_held(
    cloudformation: CloudFormation, account: Account
) -> None:
    got = update(cloudformation, {"VpcCidr": "10.1.0.0/16"})
    assert (got["Status"], got["PhysicalResourceId"]) == ("FAILED", HELD["PhysicalResourceId"])
    assert "(1) VpcCidr 10.1.0.0/16 cannot replace 10.0.0.0/16, since " in got["Reason"]


def test_another_meaning_of_auto_is_refused_too(cloudformation: CloudFormation, account: Account) -> None:
    before = {**PROPERTIES, "Resolved": {**RESOLVED, "LustreDeploymentType": "PERSISTENT_1"}}
    kind = {"ResourceType": "Custom::Preflight", "OldResourceProperties": before}
    got = cloudformation.send(handler, "Update", PROPERTIES, **kind, **HELD)
    assert "LustreDeploymentType SCRATCH_2 cannot replace PERSISTENT_1" in got["Reason"]


def test_a_rollback_returns_to_the_old_answers(cloudformation: CloudFormation, account: Account) -> None:
    account.responses.update(dict.fromkeys(good(), "InternalError"))
    status = {"StackName": "s", "CreationTime": ENDED, "StackStatus": "UPDATE_ROLLBACK_IN_PROGRESS"}
    account.responses["DescribeStacks"] = {"Stacks": [status]}
    got = update(cloudformation, {}, {"VpcCidr": "10.0.0.0/16", "KmsKeyArn": ""})
    assert got["Status"] == "SUCCESS"
    tried = {"VpcCidr": "10.1.0.0/16", "KmsKeyArn": NAMED["KmsKeyArn"]}
    before = {**PROPERTIES, "Answers": {**ANSWERS, **tried}}
    kind = {"ResourceType": "Custom::Preflight", "OldResourceProperties": before}
    got = cloudformation.send(handler, "Update", PROPERTIES, **kind, **HELD)
    assert (got["Status"], got["PhysicalResourceId"]) == ("SUCCESS", HELD["PhysicalResourceId"])
    assert got["Data"]["AvailabilityZone2"] == "us-east-1b"


def test_a_stack_that_may_not_be_looked_up_is_not_rolling_back(
    cloudformation: CloudFormation, account: Account
) -> None:
    account.responses["DescribeStacks"] = "AccessDenied"
    assert update(cloudformation, {"VpcCidr": "10.1.0.0/16"})["Status"] == "FAILED"


def test_a_launch_without_any_zone_is_refused(cloudformation: CloudFormation, account: Account) -> None:
    account.responses["DescribeAvailabilityZones"] = "UnauthorizedOperation"
    assert (
        "AWS does not list the zones of us-east-1: name one in each AvailabilityZone question."
        in launch(cloudformation)["Reason"]
    )
    named = {"AvailabilityZone1": "us-east-1a", "AvailabilityZone2": "us-east-1b"}
    assert launch(cloudformation, answers=named)["Status"] == "SUCCESS"


@pytest.mark.parametrize("kind", ["Custom::Preflight", "Custom::ParallelClusterImage", "Custom::Other", None])
@pytest.mark.parametrize("physical_id", ["not-created", "az:a,b", "ami-1", None])
def test_delete_makes_no_call(cloudformation: CloudFormation, account: Account, kind: Any, physical_id: Any) -> None:
    got = cloudformation.send(handler, "Delete", {}, ResourceType=kind, PhysicalResourceId=physical_id)
    assert got["Status"] == "SUCCESS" and not account.calls
    assert got["PhysicalResourceId"] == (physical_id or "not-created")


# The machine image.

WANTED = {"ParallelClusterVersion": "3.16.1", "PortalAmiId": "", "PortalImageRefresh": "1"}


def send_image(cloudformation: CloudFormation, request_type: str, properties: Any, **more: Any) -> Any:
    kind = {"ResourceType": "Custom::ParallelClusterImage"}
    return cloudformation.send(handler, request_type, properties, **kind, **more)


def test_the_newest_image_that_is_not_deprecated_is_taken(cloudformation: CloudFormation, account: Account) -> None:
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
        assert (
            send_image(cloudformation, "Update", WANTED, OldResourceProperties=before, **held)["PhysicalResourceId"]
            == "ami-new"
        )


def test_an_own_image_is_taken(cloudformation: CloudFormation, account: Account) -> None:
    assert send_image(cloudformation, "Create", {**WANTED, "PortalAmiId": "ami-mine"})["Data"] == {
        "ImageId": "ami-mine"
    }


def test_a_version_without_image_is_a_fault(cloudformation: CloudFormation, account: Account) -> None:
    account.responses["DescribeImages"] = {"Images": []}
    got = send_image(cloudformation, "Create", WANTED)
    assert got["Status"] == "FAILED" and got["Reason"].startswith("ParallelClusterVersion 3.16.1 has no image")


# What holds of the whole.


def test_a_rollback_is_seen_by_the_status_of_the_operator_s_stack_too() -> None:
    def stacks(asked: dict[str, Any]) -> dict[str, Any]:
        status = {"hpc": "UPDATE_ROLLBACK_IN_PROGRESS"}.get(asked["StackName"], "UPDATE_IN_PROGRESS")
        return {"Stacks": [{"StackName": "s", "CreationTime": ENDED, "StackStatus": status}]}

    account = Account({**good(), "DescribeStacks": stacks})
    assert is_rolling_back(Case({}, "us-east-1", account, stack="hpc", own_stack="hpc-PreflightStack-1A"))
    assert not is_rolling_back(Case({}, "us-east-1", account, stack="another", own_stack="another-PreflightStack-1A"))


def test_the_role_allows_what_launches_and_updates_call_and_nothing_else(cloudformation: CloudFormation) -> None:
    account = Account({**good(), "GetRole": "NoSuchEntity", "CreateServiceLinkedRole": "InvalidInput",
                       "GetServiceQuota": "NoSuchResourceException", "GetAWSDefaultServiceQuota": quotas(),
                       "DescribeOrderableDBInstanceOptions": database_offers()})  # fmt: skip
    for answers in (NAMED, {**NAMED, **VPC}):
        check_launch({**ANSWERS, **RESOLVED, **answers}, "us-east-1", account, may_make=True)
    case = Case({}, "us-east-1", account, own_stack="stack")
    is_rolling_back(case)
    assert run(held_image, case)[0].level == OK
    assert hides_images(case) is False
    old = {**ANSWERS, **RESOLVED}
    judge(Case({**old, "ComputeMaxNodes": "1"}, "us-east-1", account, old_answers=old, stack="hpc"), CHECKS)
    prefixes = {"elbv2": "elasticloadbalancing", "efs": "elasticfilesystem", "service-quotas": "servicequotas"}
    called = {f"{prefixes.get(service, service)}:{operation}" for service, operation, _ in account.calls}
    # Secrets Manager calls it.
    assert allowed_actions() == called | {"kms:Decrypt"}


def allowed_actions() -> set[str]:
    """What the stack's role allows, except writing its log."""
    role = build()["preflight.template.yaml"]["Resources"]["PreflightFunctionRole"]["Properties"]
    (policy,) = role["Policies"]
    statements = [
        statement["Fn::If"][1] if "Fn::If" in statement else statement
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    actions = {action for statement in statements for action in statement["Action"]}
    return {action for action in actions if not action.startswith("logs:")}


def test_no_function_knows_a_partition() -> None:
    folder = Path(__file__).parent.parent
    places = [
        path for name in ("preflight", "assets", "certificate", "common") for path in (folder / name).rglob("*.py")
    ]
    code = [path for path in places if not path.name.startswith("test_")]
    assert len(code) > 25 and [path for path in code if "arn:aws" in path.read_text()] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
ANY_ANSWERS = st.dictionaries(st.sampled_from([*ANSWERS, *NAMED, *VPC]), st.text()) | JSON
ANY_PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        "Answers": ANY_ANSWERS,
        "Resolved": st.dictionaries(st.sampled_from([*RESOLVED]), JSON) | JSON,
        "Zones": JSON | st.sampled_from(["2", "0", "-1"]),
        **dict.fromkeys(WANTED, JSON),
    },
)


@settings(max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
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
    handler(cloudformation.event(request_type, properties, **known, **more), Context())
    assert len(cloudformation.answers) == 1
    if request_type == "Delete":
        assert cloudformation.answers[0]["Status"] == "SUCCESS"
