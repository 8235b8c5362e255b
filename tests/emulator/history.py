"""What CloudFormation tells about stacks and the stacks in them: events in order, and what failed first."""

from collections.abc import Mapping
from typing import Any

Event = Mapping[str, Any]
STACK = "AWS::CloudFormation::Stack"


def own_events(cloudformation: Any, stack: str) -> list[Event]:
    """A stack's own events, oldest first."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    found = [event for page in pages for event in page["StackEvents"]]
    return list(reversed(found))


def all_events(cloudformation: Any, stack: str) -> list[Event]:
    """The events of a stack and of the stacks in it, oldest first. A child's id is in its parent's later events."""
    found = own_events(cloudformation, stack)
    ids = {event.get("PhysicalResourceId", "") for event in found if event["ResourceType"] == STACK}
    for child in sorted(i for i in ids if i.startswith("arn:") and i != found[0]["StackId"]):
        found += all_events(cloudformation, child)
    return sorted(found, key=lambda event: event["Timestamp"])


def failures(cloudformation: Any, stack: str, seen: frozenset[str]) -> list[str]:
    """What failed first of all, then the rest: `Tier/Resource (type): reason` a line, across nested stacks.

    A nested stack's own failure is left out where something in it explains it, and so is what CloudFormation merely
    cancelled. Events whose ids are in `seen` are skipped.
    """
    lines = []
    for event in own_events(cloudformation, stack):
        reason, name = event.get("ResourceStatusReason", ""), event["LogicalResourceId"]
        own = event.get("PhysicalResourceId") == event["StackId"]
        if event["EventId"] in seen or not event["ResourceStatus"].endswith("_FAILED") or own or "cancelled" in reason:
            continue
        below: list[str] = []
        if event["ResourceType"] == STACK:
            children = [word for word in reason.split() if word.startswith("arn:") and ":stack/" in word]
            below = failures(cloudformation, children[0], seen) if children else []
        lines += [f"{name}/{line}" for line in below] or [f"{name} ({event['ResourceType']}): {reason}"]
    return lines


def retained(cloudformation: Any) -> set[str]:
    """The physical ids of all that some stack of the region, deleted ones too, kept by its DeletionPolicy."""
    pages = cloudformation.get_paginator("list_stacks").paginate()
    stacks = [summary["StackId"] for page in pages for summary in page["StackSummaries"]]
    kept = set()
    for stack in stacks:
        events = own_events(cloudformation, stack)
        kept |= {event["PhysicalResourceId"] for event in events if event["ResourceStatus"] == "DELETE_SKIPPED"}
    return kept
