"""The way back of a nested stack: what it is called, and what it goes by.

On AWS a parent that rolls back takes its nested stacks with it: each is UPDATE_ROLLBACK_IN_PROGRESS to anybody who
describes it, and ends as UPDATE_ROLLBACK_COMPLETE or UPDATE_ROLLBACK_FAILED. ministack knows no stack's rollback but
its own, so nested.py asks for an update to what the stack was before, under these words. It goes by the template that
the stack had: CloudFormation keeps it, and does not read TemplateURL again (no page says so, and none denies it).

A stack that is stuck is tried again only where somebody continues the rollback of its parent.

A failure on the way back is not taken back in turn.

patches.py calls `word`, `may_go_on` and `template` from within ministack.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

BEFORE = "_before_update"
GOES_BACK = "_goes_back"
STUCK = "UPDATE_ROLLBACK_FAILED"


def under_way(stack: dict[str, Any]) -> bool:
    """Whether its parent takes the stack back."""
    return GOES_BACK in stack


def word(stack: dict[str, Any], status: str) -> str:
    """The stack's status where an ordinary update would have this one."""
    return status.replace("UPDATE_", "UPDATE_ROLLBACK_", 1) if under_way(stack) else status


def template(stack: dict[str, Any]) -> tuple[str, None] | None:
    """The text that the stack goes back to, as ministack answers one, without a fault; nothing in an ordinary update."""
    return (stack[BEFORE], None) if under_way(stack) else None


def may_go_on(stack: dict[str, Any]) -> bool:
    """Whether a stack that is stuck is to be taken back once more."""
    return bool(stack.get(GOES_BACK))


def stuck_by_itself(stack: dict[str, Any]) -> bool:
    """Whether it is the stack's own rollback that failed, and is to be continued now; ministack keeps what is left."""
    return may_go_on(stack) and bool(stack.get("_rollback_failed"))


@contextmanager
def going_back(stack: dict[str, Any], parent: dict[str, Any]) -> Iterator[None]:
    """For as long as the parent takes the stack back; whether it does so once more is the value."""
    stack[GOES_BACK] = bool(parent.get("_rollback_failed") or parent.get(GOES_BACK))
    try:
        yield
    finally:
        del stack[GOES_BACK]
