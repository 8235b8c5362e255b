"""Waits for an operation on a stack and says how it ended."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.operate.follow import Follower
from tests.emulator import history

POLL = 0.05  # seconds between two looks at a stack
PATIENCE = 40  # looks come slower with time, by this part of it, so that many who wait leave the emulator time to work
SUCCESSES = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE")
Listener = Callable[[history.Event], None]


@dataclass(frozen=True)
class Outcome:
    """How an operation on a stack ended. `reason` is the first real cause of a failure, empty after a success."""

    name: str
    stack_id: str
    region: str
    status: str
    reason: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether the operation did what it was asked to do."""
        return self.status in SUCCESSES


def wait(
    cloudformation: Any, stack: str, region: str, on_event: Listener | None, seen: frozenset[str] = frozenset()
) -> Outcome:
    """Wait until nothing is in progress in a stack.

    Events of the stack and the stacks in it go to `on_event` as they come, but for those whose ids are in `seen`: what
    happened before the operation began.
    """
    follower = Follower(cloudformation, stack, seen=seen)
    began = time.monotonic()
    while True:
        described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        over = not described["StackStatus"].endswith("_IN_PROGRESS")
        if on_event:
            for event in follower.news():
                on_event(event)
        if over:
            break
        time.sleep(max(POLL, (time.monotonic() - began) / PATIENCE))
    status, reason = described["StackStatus"], ""
    if status not in SUCCESSES:
        causes = history.failures(cloudformation, stack, seen)
        reason = causes[0] if causes else described.get("StackStatusReason", "no event says why")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    return Outcome(described["StackName"], described["StackId"], region, status, reason, outputs)
