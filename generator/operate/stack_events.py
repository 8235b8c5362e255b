"""Events and operations of a stack and of the stacks in it, deleted ones included.

Stacks in a stack are nested ones, and the stack that ParallelCluster makes for a cluster. A deleted stack can be asked by
its id for 90 days (AWS CloudFormation API reference, DescribeStackEvents and ListStacks).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from generator.aws import Account, error_code
from generator.errors import GeneratorError

Event = Mapping[str, Any]
STACK = "AWS::CloudFormation::Stack"
CLUSTER = "Custom::PclusterCluster"
BEGINNINGS = {
    "CREATE_IN_PROGRESS": "launch",
    "UPDATE_IN_PROGRESS": "update",
    "IMPORT_IN_PROGRESS": "import",
    "DELETE_IN_PROGRESS": "delete",
}
SUCCESSES = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE")
NAMED = 5  # stacks that are named when one is not found


def newest_first(cloudformation: Any, stack: str, since: datetime | None = None) -> Iterator[Event]:
    """A stack's own events, back to `since`; pages that reach further back are not asked for."""
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack):
        for event in page["StackEvents"]:
            if since and event["Timestamp"] < since:
                return
            yield event


def own_events(cloudformation: Any, stack: str, since: datetime | None = None) -> list[Event]:
    """A stack's own events, oldest first."""
    return list(newest_first(cloudformation, stack, since))[::-1]


def is_own(event: Event) -> bool:
    """Whether the event is about its stack and not about a resource in it."""
    return bool(event.get("PhysicalResourceId") == event["StackId"])


def child(event: Event) -> str:
    """The id of the nested stack that the event is about; empty if it is about something else, or has no id yet."""
    nested = event["ResourceType"] == STACK and not is_own(event)
    return event.get("PhysicalResourceId") or "" if nested and "/" in event.get("PhysicalResourceId", "") else ""


def cluster_prefix(stack_id: str) -> str:
    """How the names of clusters begin that this stack makes (generator/tiers/clusters.py says why)."""
    return f"hpc-{stack_id.rsplit('/', 1)[-1].split('-')[0]}-az"


def clusters(cloudformation: Any, stack_id: str, *, deleted: bool) -> dict[str, str]:
    """Names by id of the stacks that ParallelCluster made for the cluster of a stack; on demand deleted ones too."""
    prefix = cluster_prefix(stack_id)
    return {
        summary["StackId"]: summary["StackName"]
        for page in cloudformation.get_paginator("list_stacks").paginate()
        for summary in page["StackSummaries"]
        if summary["StackName"].startswith(prefix) and (deleted or summary["StackStatus"] != "DELETE_COMPLETE")
    }


@dataclass(frozen=True)
class EventAt:
    """An event, and the way to it: the stack's name, then the logical ids of the stacks in it."""

    path: tuple[str, ...]
    event: Event

    @property
    def where(self) -> str:
        """The way to the resource, in a form that people read."""
        own = () if is_own(self.event) else (self.event["LogicalResourceId"],)
        return " / ".join((*self.path, *own))


def tree(cloudformation: Any, stack: str, since: datetime | None = None) -> list[EventAt]:
    """The events of a stack and of all stacks in it, oldest first."""
    return sorted(_walk(cloudformation, stack, (), since), key=lambda at: at.event["Timestamp"])


def _walk(cloudformation: Any, stack: str, path: tuple[str, ...], since: datetime | None) -> Iterator[EventAt]:
    below: dict[str, tuple[str, ...]] = {}
    for event in own_events(cloudformation, stack, since):
        path = path or (event["StackName"],)
        yield EventAt(path, event)
        name = event["LogicalResourceId"]
        if child(event):
            below[child(event)] = (*path, name)
        elif event["ResourceType"] == CLUSTER and name not in [way[len(path)] for way in below.values()]:
            found = clusters(cloudformation, event["StackId"], deleted=True)
            below |= {id_: (*path, name, cluster) for id_, cluster in found.items()}
    for id_, way in below.items():
        yield from _walk(cloudformation, id_, way, since)


def all_events(cloudformation: Any, stack: str) -> list[Event]:
    """The events of a stack and of all stacks in it, oldest first."""
    return [at.event for at in tree(cloudformation, stack)]


@dataclass(frozen=True)
class Operation:
    """A launch, update, import or delete: `status` is what the stack came to, `end` when the next one began."""

    kind: str
    began: datetime
    status: str
    end: datetime | None = None

    @property
    def running(self) -> bool:
        """True while in progress. An operation that was followed by another has ended."""
        return self.end is None and self.status.endswith("_IN_PROGRESS")

    @property
    def succeeded(self) -> bool:
        """Whether it did what it was asked to do."""
        return self.status in SUCCESSES


def operations(events: list[Event]) -> list[Operation]:
    """The operations of a stack, oldest first, from the stack's own events."""
    found: list[Operation] = []
    for event in filter(is_own, events):
        status, when = event["ResourceStatus"], event["Timestamp"]
        if status in BEGINNINGS:
            if found:
                found[-1] = Operation(found[-1].kind, found[-1].began, found[-1].status, when)
            found.append(Operation(BEGINNINGS[status], when, status))
        elif found:
            found[-1] = Operation(found[-1].kind, found[-1].began, status)
    return found


def find(account: Account, name: str) -> Mapping[str, Any]:
    """The stack's description; of a name whose stack is gone, the last one that had it. Raises GeneratorError if none."""
    cloudformation = account.client("cloudformation")
    stack = name
    try:
        [described] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error_code(error) != "ValidationError":
            raise
        pages = cloudformation.get_paginator("list_stacks").paginate()
        every = [summary for page in pages for summary in page["StackSummaries"]]
        gone = [summary for summary in every if name in (summary["StackName"], summary["StackId"])]
        if not gone:
            raise GeneratorError(_unknown(name, account.region, every)) from None
        stack = max(gone, key=lambda summary: summary["CreationTime"])["StackId"]
        [described] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    found: Mapping[str, Any] = described
    return found


def _unknown(name: str, region: str, every: list[Mapping[str, Any]]) -> str:
    parents = [s for s in every if s["StackStatus"] != "DELETE_COMPLETE" and not s.get("ParentId")]
    alive = [s["StackName"] for s in parents]
    rest = f" and {len(alive) - NAMED} more" if len(alive) > NAMED else ""
    there = f"There are: {', '.join(alive[:NAMED])}{rest}." if alive else "There is no stack at all."
    return (
        f"{region} has no stack {name}, and none of that name was deleted there within 90 days. {there} If the region or "
        "the account is the wrong one: REGION=…, PROFILE=…."
    )
