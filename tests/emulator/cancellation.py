"""DeleteStack while another operation is under way, as CloudFormation takes it.

A creation is cancelled, and so is the rollback of one: no further resource is begun, a resource in flight ends or, where
it is only waited for, fails as "Resource creation cancelled"; then what exists is deleted. An update, and the rollback of
one, must end first: the delete is refused. A second delete changes nothing. ministack deletes beside whatever runs.

patches.py calls `under_way`, `creation_has_stopped` and `check` from within ministack.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from ministack.services.cloudformation import changesets, handlers, helpers, stacks
from ministack.services.cloudformation import wait_conditions as signals

CANCELLED = "Resource creation cancelled"
DELETING = "DELETE_IN_PROGRESS"
CREATIONS: dict[str, asyncio.Event] = {}  # stack id: set when its creation, rollback included, has stopped


class Cancelled(ValueError):
    """The resource that is waited for is not wanted any more."""

    def __init__(self) -> None:
        super().__init__(CANCELLED)


def under_way(stack: dict[str, Any]) -> bool:
    """Whether a stack is being deleted."""
    return bool(stack["StackStatus"] == DELETING)


def check(stack_name: str) -> None:
    """Raise Cancelled if the stack is being deleted: for whatever waits while it creates a resource."""
    from ministack.services.cloudformation import _stacks

    stack = _stacks.get(stack_name)
    if stack and under_way(stack):
        raise Cancelled


async def creation_has_stopped(stack_id: str) -> None:
    """Wait for the creation of a stack that has just begun to be deleted."""
    with signals._changed:
        signals._changed.notify_all()
    if creation := CREATIONS.get(stack_id):
        await creation.wait()


def install() -> None:
    """Keep track of creations, and look at a stack's status before it is deleted."""
    deploy, delete = stacks._deploy_stack_async, handlers._delete_stack

    async def tracked(operation: Coroutine[Any, Any, None], stack_id: str, ended: asyncio.Event) -> None:
        try:
            await operation
        finally:
            ended.set()
            CREATIONS.pop(stack_id, None)

    def deployed(stack_name: str, stack_id: str, *rest: Any, **options: Any) -> Coroutine[Any, Any, None]:
        ended = CREATIONS[stack_id] = asyncio.Event()
        return tracked(deploy(stack_name, stack_id, *rest, **options), stack_id, ended)

    def refused(params: dict[str, Any]) -> Any:
        stack = handlers._resolve_stack(helpers._p(params, "StackName")) or {}
        status = stack.get("StackStatus", "")
        if status == DELETING:
            return helpers._xml(200, "DeleteStackResponse", "")
        if status.startswith("UPDATE_") and status.endswith("_IN_PROGRESS"):
            told = f"Stack [{stack['StackId']}] cannot be deleted while in status {status}"
            return helpers._error("ValidationError", told)
        return delete(params)

    for module in (handlers, changesets):
        module._deploy_stack_async = deployed
    handlers._ACTION_HANDLERS["DeleteStack"] = refused
