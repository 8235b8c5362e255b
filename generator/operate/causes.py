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
    told = list(tree)
    failed = [t for t in told if t.event["ResourceStatus"].endswith("_FAILED") and not _cancelled(t)]
    leaves = [t for t in failed if not is_own(t.event) and not _echo(t)]
    words = [t for t in told if is_own(t.event) and TURNED.search(t.event["ResourceStatus"]) and _says(t)]
    echoes = [t for t in failed if not is_own(t.event) and _echo(t)]
    found = leaves or words or echoes
    turned: set[str] = set()  # stacks that are on their way back
    late = []
    for t in told:
        if is_own(t.event) and BACK.search(t.event["ResourceStatus"]):
            turned.add(t.event["StackId"])
        elif t in leaves[1:] and t.event["StackId"] in turned:
            late.append(t)
    # A rollback tries again: only what it could not do in the end counts.
    stuck = _last(told).endswith("ROLLBACK_FAILED")
    return Causes(found[0] if found else None, tuple(found), late[0] if late and stuck else None)


def _reason(told: EventAt) -> str:
    return str(told.event.get("ResourceStatusReason") or "")


def _cancelled(told: EventAt) -> bool:
    return bool(CANCELLED.search(_reason(told)))


def _echo(told: EventAt) -> bool:
    return told.event["ResourceType"] == STACK and bool(ECHO.search(_reason(told)))


def _says(told: EventAt) -> bool:
    return _reason(told) not in WITHOUT_WORDS and not ECHO.search(_reason(told))


def _last(told: list[EventAt]) -> str:
    """The root's last status."""
    own = [t.event["ResourceStatus"] for t in told if len(t.path) == 1 and is_own(t.event)]
    return str(own[-1]) if own else ""
