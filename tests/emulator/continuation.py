"""ContinueUpdateRollback through nested stacks: it is asked of the root, and skips resources of the stacks below it.

In ResourcesToSkip a resource of a nested stack is `NestedStackName.LogicalId` (API reference, ContinueUpdateRollback).
ministack knows the stack's own resources alone.
"""

from typing import Any

from ministack.services.cloudformation import handlers

ACTION = "ContinueUpdateRollback"
MEMBER = "ResourcesToSkip.member."
TO_SKIP = "_to_skip"  # of a stack whose rollback is continued: what to skip in the stacks below it


def to_skip(parent: dict[str, Any], child: str) -> list[str]:
    """What to skip in the nested stack `child`, in ResourcesToSkip's words, now that its parent's rollback goes on."""
    return [name.removeprefix(f"{child}.") for name in parent.get(TO_SKIP, [])]


def install() -> None:
    """Put the names of nested stacks aside before ministack reads the request."""
    stock = handlers._ACTION_HANDLERS[ACTION]

    def continued(params: dict[str, Any]) -> Any:
        named = [str(handlers._p(params, key)) for key in params if key.startswith(MEMBER)]
        own = [name for name in named if "." not in name]
        rest = {key: value for key, value in params.items() if not key.startswith(MEMBER)}
        if stack := handlers._resolve_stack(handlers._p(params, "StackName")):
            stack[TO_SKIP] = [name for name in named if "." in name]
        return stock({**rest, **{f"{MEMBER}{number}": [name] for number, name in enumerate(own, 1)}})

    handlers._ACTION_HANDLERS[ACTION] = continued
