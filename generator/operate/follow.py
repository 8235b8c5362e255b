"""Reads the events of a running operation as they come, of a stack and of the stacks in it, each event once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from generator.aws import error_code
from generator.operate.stack_events import CLUSTER, Event, child, clusters, is_own, newest_first


class Follower:
    """Follows the stack `stack`, from `since` on, without the events whose ids are in `seen`.

    A stack in it is asked as long as its parent says that it is in progress, and once more at its end: that keeps the
    requests few. With `with_clusters` the stacks that ParallelCluster makes are followed too.
    """

    def __init__(
        self,
        cloudformation: Any,
        stack: str,
        *,
        since: datetime | None = None,
        seen: Collection[str] = (),
        with_clusters: bool = False,
    ) -> None:
        self._cloudformation = cloudformation
        self._since = since
        self._seen = set(seen)
        self._with_clusters = with_clusters
        self._newest: dict[str, str] = {}  # stack -> id of the newest event that was read
        self._working: dict[str, bool] = {stack: True}  # stack -> whether its parent says that it is in progress
        self._root = stack

    def news(self) -> list[Event]:
        """The events since the last call, oldest first."""
        found: list[Event] = []
        asked: set[str] = set()
        while waiting := [stack for stack in self._working if stack not in asked]:
            for stack in waiting:
                asked.add(stack)
                fresh = self._fresh(stack)
                found += fresh
                for event in fresh:
                    self._descend(event)
        self._working = {stack: True for stack, works in self._working.items() if works}
        return sorted(found, key=lambda event: event["Timestamp"])

    def _fresh(self, stack: str) -> list[Event]:
        found: list[Event] = []
        try:
            for event in newest_first(self._cloudformation, stack, self._since):
                if event["EventId"] == self._newest.get(stack) or event["EventId"] in self._seen:
                    break
                found.append(event)
        except ClientError as error:
            # A cluster's stack may be gone a moment after it was listed; the root is asked by its id and is not.
            if stack == self._root or error_code(error) != "ValidationError":
                raise
        if found:
            self._newest[stack] = found[0]["EventId"]
        return found[::-1]

    def _descend(self, event: Event) -> None:
        """Take up the stack that the event is about, or note that its parent is done with it."""
        works = event["ResourceStatus"].endswith("_IN_PROGRESS")
        if child(event):
            self._working[child(event)] = works
        elif event["ResourceType"] == CLUSTER and self._with_clusters and not is_own(event):
            for stack in clusters(self._cloudformation, event["StackId"], deleted=False):
                self._working[stack] = works
