"""Which of the many failures in a tree of stacks came first and is no mere echo of another."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from generator.operate.stack_events import STACK, EventAt, is_own

CANCELLED = re.compile(r"Resource (creation|update|deletion|import) cancelled")
# What a parent says about a child, and a stack about its resources.
ECHO = re.compile(r"^Embedded stack \S+ was not successfully|[Tt]he following resource\(s\) failed to")
# What a stack says of itself when it is not a resource that failed: a hook, a macro, a user who cancels.
TURNED = re.compile(r"ROLLBACK_IN_PROGRESS$|_FAILED$")
WITHOUT_WORDS = ("", "Rollback requested", "Rollback complete")
BACK = re.compile(r"ROLLBACK_IN_PROGRESS$")


@dataclass(frozen=True)
class Causes:
    """What failed, the first cause first; `afterwards` is what then kept a stack from going back."""

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


def _failed(told: EventAt) -> bool:
    """Whether a resource failed, and was not only cancelled."""
    return (
        told.event["ResourceStatus"].endswith("_FAILED")
        and not CANCELLED.search(_reason(told))
        and not is_own(told.event)
    )


def _turned(told: EventAt) -> bool:
    """Whether a stack says of itself, in words of its own, that it failed or goes back."""
    return is_own(told.event) and bool(TURNED.search(told.event["ResourceStatus"])) and _says(told)


def _while_going_back(events: list[EventAt], failures: list[EventAt]) -> list[EventAt]:
    """Those of the failures that came when their stack was on its way back."""
    turned: set[str] = set()
    late = []
    for told in events:
        if is_own(told.event) and BACK.search(told.event["ResourceStatus"]):
            turned.add(told.event["StackId"])
        elif told in failures and told.event["StackId"] in turned:
            late.append(told)
    return late


def _reason(told: EventAt) -> str:
    return str(told.event.get("ResourceStatusReason") or "")


def _echo(told: EventAt) -> bool:
    return told.event["ResourceType"] == STACK and bool(ECHO.search(_reason(told)))


def _says(told: EventAt) -> bool:
    return _reason(told) not in WITHOUT_WORDS and not ECHO.search(_reason(told))


def _last(told: list[EventAt]) -> str:
    """The root's last status."""
    own = [t.event["ResourceStatus"] for t in told if len(t.path) == 1 and is_own(t.event)]
    return str(own[-1]) if own else ""
