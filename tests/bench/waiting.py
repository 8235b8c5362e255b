"""Waiting on machines of a host that may be busy: until something is so, not for a number of seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

# s. More than all that waits by itself: Slurm keeps a job that could not be started for two minutes, the nodes' timers
# tick every minute. A limit that nobody reaches costs nothing.
PATIENCE = 300


def until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Wait until `condition` returns something true, and return that; fails with `what` after `seconds`.

    A condition that cannot even be asked (its assertion fails) is not met yet.
    """
    deadline = time.monotonic() + seconds
    told = ""
    while True:
        try:
            found = condition()
        except AssertionError as problem:
            found, told = None, f": {problem}"
        if found:
            return found
        if time.monotonic() >= deadline:
            raise AssertionError(f"after {seconds} s: {what}{told}")
        time.sleep(0.2)
