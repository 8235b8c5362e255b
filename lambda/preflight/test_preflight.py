"""Preflight as a Lambda: launches, updates, rollbacks, deletes, the machine image, its text and its permissions."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from account import (
    ANSWERS,
    ENDED,
    NAMED,
    RESOLVED,
    VPC,
    Account,
    database_offers,
    good,
    image,
    offerings,
    quotas,
    vendors,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import CloudFormation, Context, load

from generator.text.sources import Sources

preflight = load("preflight")


def said(answers: dict[str, str]) -> list[str]:
    """Answers as the template hands them over: in texts of lines."""
    lines = [f"{name}={answer}" for name, answer in answers.items()]
    return ["\n".join(lines[:9]), "\n".join(lines[9:])]


PROPERTIES = {
    "Answers": said(ANSWERS),
    "Resolved": RESOLVED,
    "Zones": "2",
    "ServiceToken": "arn",
    "ServiceTimeout": "120",
}
HELD = {"PhysicalResourceId": "az:us-east-1c,us-east-1b"}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, cloudformation: CloudFormation) -> Account:
    """The account that the handler finds."""
    cloudformation.web.update(vendors())
    found = Account(good())
    monkeypatch.setattr(preflight.boto3, "Session", lambda: found)
    return found


def launch(cloudformation: CloudFormation, request_type: str = "Create", answers: Any = None, **more: Any) -> Any:
    properties = {**PROPERTIES, "Answers": said({**ANSWERS, **(answers or {})})}
    return cloudformation.send(preflight.handler, request_type, properties, ResourceType="Custom::Preflight", **more)


def update(cloudformation: CloudFormation, new: dict[str, str], old: dict[str, str] | None = None, **more: Any) -> Any:
    before = {**PROPERTIES, "Answers": said({**ANSWERS, **(old or {})})}
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


def test_all_faults_of_a_launch_come_at_once(cloudformation: CloudFormation, account: Account) -> None:
    got = launch(
        cloudformation,
        answers={"ComputeInstanceType": "c7gn.4xlarge", "ComputeMinNodes": "99", "VpcCidr": "10.0.0.0/26"},
    )
    assert got["Status"] == "FAILED" and got["PhysicalResourceId"] == "not-created"
    for number, word in enumerate(("not x86-64", "more than ComputeMaxNodes", "private addresses"), 1):
        assert f"({number}) " in got["Reason"] and word in got["Reason"]


def test_too_many_faults_are_counted(cloudformation: CloudFormation, account: Account) -> None:
    answers = dict.fromkeys(("PortalInstallerUrl", "JdbcDriverUrl"), "https://" + "x" * 3000)
    got = launch(cloudformation, answers=answers)
    assert got["Reason"].startswith("Faults found: 2, all in the log. (1) ")
    assert got["Reason"].endswith("[$LATEST]0123456789abcdef)")


def test_the_parent_stack_name_is_measured(cloudformation: CloudFormation, account: Account) -> None:
    stack = "arn:aws:cloudformation:us-east-1:123456789012:stack/{}-Preflight-1ABCDEFGHIJKL/0123-4567"
    assert launch(cloudformation, StackId=stack.format("s-" * 20))["Status"] == "SUCCESS"
    assert "has 41 characters" in launch(cloudformation, StackId=stack.format("s" * 41))["Reason"]


def test_an_update_holds_the_zones_and_checks_what_changed(cloudformation: CloudFormation, account: Account) -> None:
    account.responses["GetServiceQuota"] = quotas(L_F678F1CE=0)  # its own VPC is in use by now
    account.responses["HeadObject"] = "404"  # that version has gone, which does not matter to what runs
    got = update(cloudformation, {"AlarmEmail": "a@example.com"})
    assert (got["Status"], got["PhysicalResourceId"]) == ("SUCCESS", HELD["PhysicalResourceId"])
    assert got["Data"]["AvailabilityZone1"] == "us-east-1c" and got["Data"]["AvailabilityZone2"] == "us-east-1b"
    assert account.operations() == {"DescribeStacks"}
    account.responses["DescribeKey"] = "NotFoundException"
    assert update(cloudformation, {"ComputeInstanceType": "c7gn.4xlarge"})["Reason"].startswith(
        "Faults found: 1, all in the log. (1) ComputeInstanceType"
    )
    lacking = offerings(c="r6i.large")
    account.responses["DescribeInstanceTypeOfferings"] = lacking
    assert (
        "is in us-east-1c, without r6i.large" in update(cloudformation, {"PortalInstanceType": "r6i.large"})["Reason"]
    )


def test_a_further_zone_is_added_to_those_held(cloudformation: CloudFormation, account: Account) -> None:
    more = {**PROPERTIES, "Zones": "3", "Answers": said({**ANSWERS, "AvailabilityZone3": ""})}
    kind = {"ResourceType": "Custom::Preflight", "OldResourceProperties": PROPERTIES}
    got = cloudformation.send(preflight.handler, "Update", more, **kind, **HELD)
    assert got["PhysicalResourceId"] == "az:us-east-1c,us-east-1b,us-east-1a"


REFUSED = {
    "AvailabilityZone1": "us-east-1a",
    "VpcCidr": "10.1.0.0/16",
    "KmsKeyArn": NAMED["KmsKeyArn"],
    "DatabaseSnapshotArn": NAMED["DatabaseSnapshotArn"],
    "ExistingFileSystemId": NAMED["ExistingFileSystemId"],
    "ParallelClusterVersion": "3.17.0",
    "HeadNodeInstanceType": "m5.large",
    "KeyName": "mine",
    "BalancerScheme": "internal",
    "PortalFlavor": "EFPortal",
    "LustreStorageCapacity": "1200",
    "DatabaseEngineVersion": "8.0.mysql_aurora.3.10.2",
    "VpcId": "vpc-2",
    "PrivateSubnetId2": "subnet-9",
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_update_that_loses_data_is_refused(cloudformation: CloudFormation, account: Account, name: str) -> None:
    old = {"LustreStorageCapacity": "2400", **{key: "" for key in NAMED if key != "SpotMaxNodes"}}
    if name.startswith(("VpcId", "Private")):
        old |= VPC
    got = update(cloudformation, {name: REFUSED[name]}, old)
    assert got["Status"] == "FAILED" and got["PhysicalResourceId"] == HELD["PhysicalResourceId"]
    assert f"{name} {REFUSED[name]} " in got["Reason"] and "Put the old answer back" in got["Reason"]


def test_giving_up_a_key_is_refused_too(cloudformation: CloudFormation, account: Account) -> None:
    got = update(cloudformation, {"KmsKeyArn": ""}, {"KmsKeyArn": NAMED["KmsKeyArn"]})
    assert f"KmsKeyArn (blank) cannot take the place of {NAMED['KmsKeyArn']}" in got["Reason"]


ALLOWED = {
    "AvailabilityZone1": "us-east-1c",  # the one that is held
    "LustreStorageCapacity": "4800",
    "LustreDeploymentType": "SCRATCH_2",  # what auto came to
    "DatabaseEngineVersion": "8.0.mysql_aurora.3.10.10",
    "BalancerSubnetId1": "subnet-4",
    "ComputeMaxNodes": "4",
    "PortalInstanceType": "m5.large",
    "PortalAmiId": "ami-0123456789abcdef0",
    "CertificateArn": NAMED["CertificateArn"],
}


@pytest.mark.parametrize("name", ALLOWED)
def test_an_update_that_loses_nothing_passes(cloudformation: CloudFormation, account: Account, name: str) -> None:
    old = {"LustreStorageCapacity": "2400", "DomainName": "hpc.example.com"}
    if name.startswith("BalancerSubnet"):
        old |= {**VPC, "BalancerSubnetId2": "subnet-3"}
    assert update(cloudformation, {name: ALLOWED[name]}, old)["Status"] == "SUCCESS"


def test_a_changed_lustre_type_is_refused_however_it_came(cloudformation: CloudFormation, account: Account) -> None:
    before = {**PROPERTIES, "Resolved": {**RESOLVED, "LustreDeploymentType": "PERSISTENT_1"}}
    kind = {"ResourceType": "Custom::Preflight", "OldResourceProperties": before}
    got = cloudformation.send(preflight.handler, "Update", PROPERTIES, **kind, **HELD)
    assert "LustreDeploymentType SCRATCH_2 cannot take the place of PERSISTENT_1" in got["Reason"]


def test_a_rollback_returns_to_the_old_answers(cloudformation: CloudFormation, account: Account) -> None:
    account.responses.update(dict.fromkeys(good(), "InternalError"))
    status = {"StackName": "s", "CreationTime": ENDED, "StackStatus": "UPDATE_ROLLBACK_IN_PROGRESS"}
    account.responses["DescribeStacks"] = {"Stacks": [status]}
    got = update(cloudformation, {}, {"VpcCidr": "10.0.0.0/16", "KmsKeyArn": ""})
    assert got["Status"] == "SUCCESS"
    tried = {"VpcCidr": "10.1.0.0/16", "KmsKeyArn": NAMED["KmsKeyArn"]}
    before = {**PROPERTIES, "Answers": said({**ANSWERS, **tried})}
    kind = {"ResourceType": "Custom::Preflight", "OldResourceProperties": before}
    got = cloudformation.send(preflight.handler, "Update", PROPERTIES, **kind, **HELD)
    assert (got["Status"], got["PhysicalResourceId"]) == ("SUCCESS", HELD["PhysicalResourceId"])
    assert got["Data"]["AvailabilityZone2"] == "us-east-1b"


def test_who_may_not_look_up_the_stack_does_not_roll_back(cloudformation: CloudFormation, account: Account) -> None:
    account.responses["DescribeStacks"] = "AccessDenied"
    assert update(cloudformation, {"VpcCidr": "10.1.0.0/16"})["Status"] == "FAILED"


def test_without_any_zone_the_launch_says_so(cloudformation: CloudFormation, account: Account) -> None:
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
    got = cloudformation.send(preflight.handler, "Delete", {}, ResourceType=kind, PhysicalResourceId=physical_id)
    assert got["Status"] == "SUCCESS" and not account.calls
    assert got["PhysicalResourceId"] == (physical_id or "not-created")


# The machine image.

WANTED = {"ParallelClusterVersion": "3.16.1", "PortalAmiId": "", "PortalImageRefresh": "1"}


def send_image(cloudformation: CloudFormation, request_type: str, properties: Any, **more: Any) -> Any:
    kind = {"ResourceType": "Custom::ParallelClusterImage"}
    return cloudformation.send(preflight.handler, request_type, properties, **kind, **more)


def test_the_newest_image_that_is_not_deprecated(cloudformation: CloudFormation, account: Account) -> None:
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


def test_the_docstring_lists_the_permissions(cloudformation: CloudFormation) -> None:
    """Every call of a launch with all answers is in the list, and nothing else is."""
    account = Account({**good(), "GetRole": "NoSuchEntity", "CreateServiceLinkedRole": "InvalidInput",
                       "GetServiceQuota": "NoSuchResourceException", "GetAWSDefaultServiceQuota": quotas(),
                       "DescribeOrderableDBInstanceOptions": database_offers()})  # fmt: skip
    for answers in (NAMED, {**NAMED, **VPC}):
        preflight.check({**ANSWERS, **RESOLVED, **answers}, "us-east-1", account, make=True)
    preflight.rolling_back(preflight.Case({}, "us-east-1", account), "stack")
    prefixes = {"efs": "elasticfilesystem", "service-quotas": "servicequotas"}
    called = {f"{prefixes.get(service, service)}:{operation}" for service, operation, _ in account.calls}
    called = called - {"s3:HeadObject"} | {"kms:Decrypt"}  # the one is anonymous, the other Secrets Manager's to call
    assert (
        set(re.findall(r"[a-z0-9]+:[A-Z]\w+", preflight.__doc__.split("IAM")[1] + preflight.__doc__.split("IAM")[2]))
        == called
    )


def test_the_text_knows_no_partition() -> None:
    folder = Path(__file__).parent.parent
    texts = [(folder / name).read_text() for name in ("preflight/handler.py", "common/answer.py")]
    assert all("arn:aws" not in text for text in texts)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
ANY_ANSWERS = st.dictionaries(st.sampled_from([*ANSWERS, *NAMED, *VPC]), st.text()).map(said) | JSON
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
    preflight.handler(cloudformation.event(request_type, properties, **known, **more), Context())
    assert len(cloudformation.answers) == 1
    if request_type == "Delete":
        assert cloudformation.answers[0]["Status"] == "SUCCESS"


def test_the_inlined_text_keeps_its_checks_titles_and_no_other_docstring() -> None:
    """A check is named by its docstring; what else documents the code is left out of the template, for its size."""
    tree = ast.parse(Sources().inline_function("preflight"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    kept = {ast.get_docstring(node) for node in functions if node.decorator_list}
    titles = {function.__doc__ for _, _, function in preflight.CHECKS if hasattr(function, "__name__")}
    assert len(titles) > 20 and titles <= kept
    assert not [node.name for node in functions if not node.decorator_list and ast.get_docstring(node)]
