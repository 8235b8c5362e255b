"""Which of the many failures in a tree of stacks came first and is no mere echo of another."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from generator.operate.stack_events import STACK, EventAt, is_own

CANCELLED = re.compile(r"Resource (creation|update|deletion|import) cancelled")
# A parent's words about a child, and a stack's about its resources.
ECHO = re.compile(r"^Embedded stack \S+ was not successfully|[Tt]he following resource\(s\) failed to")
# A stack's words about itself when no resource failed: a hook, a macro, a user who cancels.
TURNED = re.compile(r"ROLLBACK_IN_PROGRESS$|_FAILED$")
WITHOUT_WORDS = ("", "Rollback requested", "Rollback complete")
BACK = re.compile(r"ROLLBACK_IN_PROGRESS$")


@dataclass(frozen=True)
class Causes:
    """The failures, the first cause first; `afterwards` is the failure that then stopped a rollback."""

    first: EventAt | None
    all: tuple[EventAt, ...]
    afterwards: EventAt | None


def causes(tree: Iterable[EventAt]) -> Causes:
    """Judge the events of one operation, oldest first.

    A cause is a failed resource, unless it was only cancelled or is a nested stack that fails by something in it. Where
    there is none, a stack's own word counts, and in the end an echo: its child may have left no events.
    """
    events = list(tree)
    failed = [event for event in events if _failed(event)]
    leaves = [event for event in failed if not _echo(event)]
    own_words = [event for event in events if _turned(event)]
    found = leaves or own_words or failed
    # A rollback tries again: only what it could not do in the end counts.
    late = _while_going_back(events, leaves[1:]) if _last(events).endswith("ROLLBACK_FAILED") else []
    return Causes(found[0] if found else None, tuple(found), late[0] if late else None)


def _failed(event_at: EventAt) -> bool:
    """Whether a resource failed, and was not only cancelled."""
    return (
        event_at.event["ResourceStatus"].endswith("_FAILED")
        and not CANCELLED.search(_reason(event_at))
        and not is_own(event_at.event)
    )


def _turned(event_at: EventAt) -> bool:
    """Whether a stack says of itself, in words of its own, that it failed or goes back."""
    return is_own(event_at.event) and bool(TURNED.search(event_at.event["ResourceStatus"])) and _says(event_at)


def _while_going_back(events: list[EventAt], failures: list[EventAt]) -> list[EventAt]:
    """Those of the failures that came when their stack was on its way back."""
    turned: set[str] = set()
    late = []
    for event_at in events:
        if is_own(event_at.event) and BACK.search(event_at.event["ResourceStatus"]):
            turned.add(event_at.event["StackId"])
        elif event_at in failures and event_at.event["StackId"] in turned:
            late.append(event_at)
    return late


def _reason(event_at: EventAt) -> str:
    return str(event_at.event.get("ResourceStatusReason") or "")


def _echo(event_at: EventAt) -> bool:
    return event_at.event["ResourceType"] == STACK and bool(ECHO.search(_reason(event_at)))


def _says(event_at: EventAt) -> bool:
    return _reason(event_at) not in WITHOUT_WORDS and not ECHO.search(_reason(event_at))


def _last(events: list[EventAt]) -> str:
    """The root's last status."""
    own = [t.event["ResourceStatus"] for t in events if len(t.path) == 1 and is_own(t.event)]
    return str(own[-1]) if own else ""
