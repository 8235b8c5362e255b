"""What CloudFormation tells about stacks and the stacks in them: what failed first, and what was kept.

Events and causes are read by the code of `make why`.
"""

from typing import Any

from generator.operate.causes import causes
from generator.operate.stack_events import Event, all_events, own_events, tree

__all__ = ["Event", "all_events", "failures", "own_events", "retained"]


def failures(cloudformation: Any, stack: str, seen: frozenset[str]) -> list[str]:
    """What failed first of all, then the rest: `Tier/Resource (type): reason` a line, across nested stacks.

    What only repeats another failure or was cancelled is left out. Events whose ids are in `seen` are skipped.
    """
    fresh = [told for told in tree(cloudformation, stack) if told.event["EventId"] not in seen]
    return [
        f"{'/'.join((*told.path[1:], event['LogicalResourceId']))} ({event['ResourceType']}): "
        f"{event.get('ResourceStatusReason', '')}"
        for told in causes(fresh).all
        for event in [told.event]
    ]


def retained(cloudformation: Any) -> set[str]:
    """The physical ids of all that some stack of the region, deleted ones too, kept by its DeletionPolicy."""
    pages = cloudformation.get_paginator("list_stacks").paginate()
    stacks = [summary["StackId"] for page in pages for summary in page["StackSummaries"]]
    kept = set()
    for stack in stacks:
        events = own_events(cloudformation, stack)
        kept |= {event["PhysicalResourceId"] for event in events if event["ResourceStatus"] == "DELETE_SKIPPED"}
    return kept
