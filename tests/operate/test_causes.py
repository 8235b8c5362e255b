"""Which failure counts, by events in CloudFormation's own words; which log belongs to it; what AWS's refusals become."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from generator.aws import explain_call
from generator.operate import logs
from generator.operate.causes import causes
from generator.operate.stack_events import EventAt, clusters, operations
from tests.emulator.client import Emulator
from tests.support.commands import Tools

ROOT, CHILD = ("portal",), ("portal", "DatabaseStack")
STACK = "AWS::CloudFormation::Stack"
BEGAN = datetime.now(timezone.utc).replace(microsecond=0)
CANCELLED = "Resource creation cancelled"
ECHO = "Embedded stack stack/x was not successfully created: The following resource(s) failed to create: [DatabaseCluster]."
FAILED = "The following resource(s) failed to create: [DatabaseStack]. Rollback requested by user."


def event(path: tuple[str, ...], resource: str, status: str, reason: str = "", kind: str = "AWS::EC2::VPC") -> EventAt:
    """An event of the stack at the end of `path`; "" as the resource is the stack itself."""
    stack = f"stack/{'-'.join(path)}/01234567-89ab"
    return EventAt(
        path,
        {
            "StackId": stack,
            "StackName": "-".join(path),
            "LogicalResourceId": resource or path[-1],
            "PhysicalResourceId": "" if resource else stack,
            "ResourceType": kind if resource else STACK,
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
            "Timestamp": BEGAN,
        },
    )


LEAF = event(CHILD, "DatabaseCluster", "CREATE_FAILED", "No capacity.")
LATER = event(CHILD, "DatabaseInstance1", "CREATE_FAILED", "No more capacity.")
NOISE = [
    event(CHILD, "DatabaseSubnets", "CREATE_FAILED", CANCELLED),
    event(ROOT, "NetworkStack", "CREATE_FAILED", CANCELLED, STACK),
    event(ROOT, "DatabaseStack", "CREATE_FAILED", ECHO, STACK),
    event(ROOT, "", "ROLLBACK_IN_PROGRESS", FAILED),
]
HOOK = event(ROOT, "", "CREATE_FAILED", "The following hook(s) failed: [My::Hook]")
REFUSED = event(ROOT, "DatabaseStack", "CREATE_FAILED", "Parameters: [X] must have values", STACK)
STOPPED = event(ROOT, "", "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")


@pytest.mark.parametrize(
    ("events", "cause"),
    [
        ([NOISE[0], LEAF, LATER, *NOISE[1:]], LEAF),
        ([*NOISE, LEAF], LEAF),
        ([NOISE[0], REFUSED, NOISE[3]], REFUSED),
        ([HOOK], HOOK),
        ([NOISE[0], STOPPED], STOPPED),
        (NOISE, NOISE[2]),
        ([NOISE[0], NOISE[1]], None),
        ([], None),
    ],
)
def test_the_first_cause_is_no_echo(events: list[EventAt], cause: EventAt | None) -> None:
    assert causes(events).first is cause


def test_what_fails_in_a_rollback_counts_beside_the_cause_if_the_rollback_fails() -> None:
    stuck = event(CHILD, "DatabaseCluster", "DELETE_FAILED", "Cannot delete protected cluster.")
    back = event(CHILD, "", "ROLLBACK_IN_PROGRESS", FAILED)
    found = causes([LATER, back, stuck, event(ROOT, "", "ROLLBACK_FAILED", FAILED)])
    assert (found.first, found.afterwards) == (LATER, stuck)
    assert causes([LATER, back, stuck, event(ROOT, "", "ROLLBACK_COMPLETE")]).afterwards is None


def test_operations_are_told_apart() -> None:
    words = ["REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE", "UPDATE_IN_PROGRESS"]
    words += ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS"]
    found = operations([event(ROOT, "", word).event for word in words])
    assert [(o.kind, o.succeeded, o.running) for o in found] == [
        ("launch", True, False),
        ("update", False, False),
        ("delete", False, True),
    ]
    assert [o.end is None for o in found] == [False, False, True]


@pytest.fixture
def tools(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tools:
    """The tools, looking at the emulator."""
    return Tools(emulator, monkeypatch, capsys, "us-east-1")


def write(emulator: Emulator, group: str, stream: str, *lines: str, late: timedelta = timedelta()) -> None:
    """Log lines, `late` after the failure."""
    client = emulator.client("logs")
    if not client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName=stream)
    when = int((BEGAN + late).timestamp() * 1000)
    events = [{"timestamp": when, "message": line} for line in lines]
    client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def failing(path: tuple[str, ...], kind: str, reason: str, **more: Any) -> EventAt:
    """A failed resource of this type."""
    found = event(path, "It", "CREATE_FAILED", reason, kind)
    return EventAt(path, {**found.event, **more})


def test_the_log_of_parallelclusters_provider_is_found(tools: Tools, emulator: Emulator, name: str) -> None:
    write(emulator, f"/aws/lambda/pcluster-cfn-{name}", "2026/01/02/[$LATEST]ab", "START RequestId: 1", "refused: why")
    write(emulator, f"/aws/lambda/pcluster-cfn-{name}", "later", "another day", late=timedelta(days=1))
    made = event(("portal", "ProviderStack"), "Function", "CREATE_COMPLETE", kind=logs.FUNCTION)
    made = EventAt(made.path, {**made.event, "PhysicalResourceId": f"pcluster-cfn-{name}"})
    failed = failing(("portal", "ClustersStack1"), "Custom::PclusterCluster", "it failed")
    found = logs.of(tools.account, failed, [made, failed])
    assert found and found.lines == ("refused: why",)
    named = failing(
        ROOT,
        "Custom::X",
        "See CloudWatch Log Stream: later",
        ResourceProperties=f'{{"ServiceToken": "a:pcluster-cfn-{name}"}}',
    )
    found = logs.of(tools.account, named, [named])
    assert found and found.stream == "later" and found.note.endswith("is empty.")


def test_the_log_of_a_head_node_is_found(tools: Tools, emulator: Emulator) -> None:
    cluster = "hpc-0a1b2c3d-az1"
    for stream in ("cfn-init", "slurmctld"):
        write(
            emulator, f"/aws/parallelcluster/{cluster}-202601020304", f"ip-10-0-0-4.i-0123.{stream}", f"{stream} says"
        )
    path = ("portal", "ClustersStack1", "Cluster", cluster)
    found = logs.of(tools.account, failing(path, logs.SIGNAL, "Received 1 FAILURE signal(s)"), [])
    assert found and found.lines == ("cfn-init says",)
    assert logs.of(tools.account, failing(ROOT, logs.SIGNAL, "timed out"), []) is None
    assert logs.of(tools.account, LEAF, [LEAF]) is None


def test_a_node_that_never_signalled_leads_to_its_log_group(tools: Tools, emulator: Emulator, name: str) -> None:
    logs_of = event(("portal", "PortalStack"), "PortalLogs", "CREATE_COMPLETE", kind=logs.GROUP)
    group = EventAt(logs_of.path, {**logs_of.event, "PhysicalResourceId": f"portal-{name}"})
    failed = failing(("portal", "PortalStack"), logs.NODE, "Failed to receive 1 resource signal(s) within the duration")
    emulator.client("logs").create_log_group(logGroupName=f"portal-{name}")
    found = logs.of(tools.account, failed, [group, failed])
    assert found and found.note.startswith("The log group ")
    write(emulator, f"portal-{name}", "i-0123456789abcdef0/bootstrap", "==> 40-storage")
    write(emulator, f"portal-{name}", "i-0123456789abcdef0/munged", "munged")
    found = logs.of(tools.account, failed, [group, failed])
    assert found and found.lines == ("==> 40-storage",)
    broken = failing(("portal", "PortalStack"), logs.NODE, "Received FAILURE signal with UniqueId i-00000000000000001")
    found = logs.of(tools.account, broken, [group, broken])
    assert found and "has no stream i-00000000000000001/bootstrap" in found.note


def test_a_clusters_stack_is_found_by_its_name(tools: Tools, emulator: Emulator) -> None:
    body = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
    emulator.create_stack("hpc-9f8e7d6c-az2", body)
    emulator.delete_stack("hpc-9f8e7d6c-az2")
    client = tools.account.client("cloudformation")
    parent = "stack/portal-ClustersStack2-X/9f8e7d6c-1111-2222"
    assert list(clusters(client, parent, deleted=True).values()) == ["hpc-9f8e7d6c-az2"]
    assert clusters(client, parent, deleted=False) == {}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDenied", "These credentials may not call DescribeStacks: take others (PROFILE=…)"),
        ("AccessDeniedException", "AWS says: no, said AWS."),
        ("ExpiredToken", "the credentials have expired; sign in again."),
        ("Throttling", "AWS refuses DescribeStacks: no, said AWS."),
    ],
)
def test_a_refusal_is_a_sentence(code: str, words: str) -> None:
    assert words in explain_call(ClientError({"Error": {"Code": code, "Message": "no, said AWS."}}, "DescribeStacks"))


def test_a_region_that_does_not_answer_is_a_sentence() -> None:
    words = explain_call(EndpointConnectionError(endpoint_url="https://cloudformation.nowhere-1.example"))
    assert "nowhere-1" in words and "check network, proxy and REGION" in words
