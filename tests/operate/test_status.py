"""`make status` on the emulator: what it shows while an operation runs, when it ends, and how."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from rich.console import Console

from generator.operate.follow import Follower
from generator.operate.progress import Progress, duration
from generator.operate.waiting import WAITS
from tests.emulator.client import Emulator
from tests.support.built import resources
from tests.support.commands import Tools, thing
from tests.support.small_templates import Template, nested, resource, template

PAUSE = ("--interval", "0.1")
BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


@pytest.fixture
def tools(faults: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tools:
    """The tools, looking at the emulator."""
    return Tools(faults, monkeypatch, capsys, "us-east-1")


def begin(emulator: Emulator, name: str, **properties: Any) -> None:
    """Begin a launch that takes a second, and do not wait for it."""
    slow = nested(emulator, thing(Wait="1", **properties), f"{name}.json")
    body = template({"SlowStack": slow, "Topic": resource("AWS::SNS::Topic")})
    request = emulator.request(body, None, {}, {})
    emulator.client("cloudformation").create_stack(StackName=name, Capabilities=["CAPABILITY_IAM"], **request)


def test_it_watches_a_launch_to_its_end(tools: Tools, emulator: Emulator, name: str) -> None:
    begin(emulator, name)
    assert (
        f"is still running (CREATE_IN_PROGRESS), and nothing has failed so far. To watch it: make status STACK={name}"
        in (tools("why", name).out)
    )
    said = tools("status", name, *PAUSE)
    assert (said.status, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == f"{name} in us-east-1: launch"
    assert re.fullmatch(r" +\d\.\d s  Slow +create complete", lines[1])
    assert re.fullmatch(rf"{name}: CREATE_COMPLETE after \d\.\d s\.", lines[-1])


def test_it_ends_with_the_cause_of_a_failure(tools: Tools, emulator: Emulator, name: str) -> None:
    begin(emulator, name, Fail="Create")
    said = tools("status", name, *PAUSE)
    assert said.status == 1
    assert re.search(r"^ +\d\.\d s  Slow / Thing +create failed: .*Mend the thing\.$", said.out, re.MULTILINE)
    assert said.out.endswith(f"Mend the thing.\nMore: make why STACK={name} REGION=us-east-1\n")
    emulator.delete_stack(name)
    said = tools("status", name)
    assert said.status == 0 and f"{name}: DELETE_COMPLETE after" in said.out


def told(
    stack: str, resource_: str, status: str, seconds: int = 0, id_: str = "", kind: str = "", why: str = ""
) -> Template:
    """An event as CloudFormation describes it."""
    return {
        "EventId": f"{stack}-{resource_}-{status}-{seconds}",
        "StackId": f"stack/{stack}/01234567-89ab",
        "StackName": stack,
        "LogicalResourceId": resource_,
        "PhysicalResourceId": id_,
        "ResourceType": kind or ("AWS::CloudFormation::Stack" if "Stack" in resource_ else "AWS::EC2::VPC"),
        "ResourceStatus": status,
        "ResourceStatusReason": why,
        "Timestamp": BEGAN + timedelta(seconds=seconds),
    }


def test_the_table_shows_a_row_for_each_tier_and_each_failure(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("portal", BEGAN)
    child = "stack/portal-NetworkStack-X1/01234567-89ab"
    below = "stack/portal-ProviderStack-X2-ParallelCluster-X3/01234567-89ab"
    for event in (
        told("portal", "NetworkStack", "CREATE_IN_PROGRESS", 1, child),
        told("portal-NetworkStack-X1", "Vpc[red]", "CREATE_IN_PROGRESS", 2),
        told("portal", "SecretsStack", "CREATE_IN_PROGRESS", 1),
        told("portal", "SecretsStack", "CREATE_COMPLETE", 9, "stack/portal-SecretsStack-X4/01234567-89ab"),
        told("portal", "ProviderStack", "CREATE_IN_PROGRESS", 1, "stack/portal-ProviderStack-X2/01234567-89ab"),
        told(
            "portal-ProviderStack-X2", "ParallelCluster", "CREATE_IN_PROGRESS", 2, below, "AWS::CloudFormation::Stack"
        ),
        told("portal-ProviderStack-X2-ParallelCluster-X3", "Function", "CREATE_FAILED", 3, why="no [red] memory"),
        told("portal", "ClustersStack1", "CREATE_IN_PROGRESS", 1, "stack/portal-ClustersStack1-X5/fedcba98-0"),
        told("hpc-fedcba98-az1", "HeadNode", "CREATE_IN_PROGRESS", 4),
        told("portal", "PortalStack", "CREATE_FAILED", 5, why="Resource creation cancelled"),
    ):
        progress(event)
    capsys.readouterr()
    console = Console(width=150, file=None, record=True)
    with console.capture() as capture:
        console.print(progress.table())
    rows = [row.split() for row in capture.get().splitlines()]
    assert [row[:2] for row in rows] == [
        ["…", "NetworkStack"],
        ["✓", "SecretsStack"],
        ["…", "ProviderStack"],
        ["…", "ClustersStack1"],
        ["✗", "PortalStack"],
        ["!", "Function"],
    ]
    assert rows[0][-1] == "Vpc[red]" and rows[3][-1] == "HeadNode"
    assert rows[1][2:] == ["8.0", "s", "create", "complete"] and rows[5][2:] == ["no", "[red]", "memory"]


def test_a_wait_is_named_once_with_what_may_be_amiss(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("portal", BEGAN)
    child, kind = "stack/portal-HttpsStack-X1/01234567-89ab", "AWS::CertificateManager::Certificate"
    progress(told("portal", "HttpsStack", "CREATE_IN_PROGRESS", 1, child))
    progress(told("portal-HttpsStack-X1", "DomainValidatedCertificate", "CREATE_IN_PROGRESS", 5, kind=kind))
    progress(told("portal-HttpsStack-X1", "HttpListener", "CREATE_IN_PROGRESS", 5))
    for seconds in (60, 130, 140):
        progress.remind(BEGAN + timedelta(seconds=seconds))
    told_ = capsys.readouterr().out.splitlines()
    assert len(told_) == 1, "neither too early nor again, and nothing of a resource that is itself what is waited for"
    assert re.fullmatch(r" *2 min 10 s  Https / DomainValidatedCertificate waits for ACM, .*hosted zone", told_[0])
    progress(told("portal-HttpsStack-X1", "DomainValidatedCertificate", "CREATE_COMPLETE", 150, kind=kind))
    progress.remind(BEGAN + timedelta(seconds=900))
    assert capsys.readouterr().out == ""


def test_what_takes_long_in_the_templates_is_known_to_the_command() -> None:
    types = {body["Type"] for _, body in resources()}
    custom = {kind for kind in types if kind.startswith("Custom::")}
    assert custom <= set(WAITS)
    assert set(WAITS) - types == {"AWS::CloudFormation::WaitCondition"}, "that is in a cluster's own stack"


def test_durations_read_well() -> None:
    assert [duration(s) for s in (0, 8.26, 99.9, 100, 725, 3780)] == [
        "0.0 s",
        "8.3 s",
        "99.9 s",
        "1 min 40 s",
        "12 min 5 s",
        "1 h 3 min",
    ]


class Events:
    """A CloudFormation that has `events` of each stack, newest first, and counts who asks."""

    def __init__(self) -> None:
        self.events: dict[str, list[Template]] = {}
        self.asked: list[str] = []

    def get_paginator(self, operation: str) -> Events:
        return self

    def paginate(self, StackName: str) -> list[Template]:
        self.asked.append(StackName)
        return [{"StackEvents": self.events.get(StackName, [])[::-1]}]


def test_every_event_is_read_once_and_only_stacks_at_work_are_asked() -> None:
    fake, child = Events(), "stack/portal-NetworkStack-X1/01234567-89ab"
    begun = told("portal", "NetworkStack", "CREATE_IN_PROGRESS", 1, child)
    fake.events = {"portal": [told("portal", "Old", "CREATE_COMPLETE", -9), begun], child: [told("n", "Vpc", "X", 2)]}
    follower = Follower(fake, "portal", since=BEGAN)
    assert [event["LogicalResourceId"] for event in follower.news()] == ["NetworkStack", "Vpc"]
    fake.events[child].append(told("n", "Vpc", "CREATE_COMPLETE", 3))
    fake.events["portal"].append(told("portal", "NetworkStack", "CREATE_COMPLETE", 4, child))
    assert [event["LogicalResourceId"] for event in follower.news()] == ["Vpc", "NetworkStack"]
    fake.asked.clear()
    assert follower.news() == [] and fake.asked == ["portal"]
    fake.events["portal"].append(told("portal", "NetworkStack", "DELETE_IN_PROGRESS", 5, child))
    fake.events[child].append(told("n", "Vpc", "DELETE_IN_PROGRESS", 6))
    assert [event["ResourceStatus"] for event in follower.news()] == ["DELETE_IN_PROGRESS"] * 2
