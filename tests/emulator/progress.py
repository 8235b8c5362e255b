"""Shows a deployment's tiers as they go: a live table on a terminal, else a line for each that has ended."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

from emulator.history import STACK, Event

SHOWN = ("COMPLETE", "FAILED", "SKIPPED")


class Progress:
    """What the tiers of the parent stack `name` are at; give it to create_stack and delete_stack as `on_event`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.began = time.monotonic()
        self.tiers: dict[str, tuple[str, float, float]] = {}  # status, begin, end
        self.working: dict[str, str] = {}  # nested stack's name -> resource in progress
        self.ids: dict[str, str] = {}  # tier -> nested stack's name
        self.live: Any = None

    def __call__(self, event: Event) -> None:
        status, name = event["ResourceStatus"], event["LogicalResourceId"]
        if event["StackName"] != self.name:
            if name != event["StackName"]:
                self.working[event["StackName"]] = name
        elif event["ResourceType"] == STACK and name != self.name:
            now = time.monotonic() - self.began
            begun = now if status.endswith("IN_PROGRESS") else self.tiers.get(name, ("", now, now))[1]
            self.tiers[name] = (status, begun, now)
            if event.get("PhysicalResourceId"):
                self.ids[name] = event["PhysicalResourceId"].split("/")[1]
            if self.live is None and status.endswith(SHOWN):
                print(f"{now:6.1f} s  {name.removesuffix('Stack'):<16} {status.replace('_', ' ').lower()}", flush=True)

    def table(self) -> Any:
        """The tiers so far, each with what it is at."""
        from rich.table import Table

        table = Table(box=None, pad_edge=False, show_header=False)
        for name, (status, begun, ended) in self.tiers.items():
            running = status.endswith("IN_PROGRESS")
            mark = "[cyan]…[/]" if running else "[red]✗[/]" if "FAILED" in status else "[green]✓[/]"
            seconds = (time.monotonic() - self.began if running else ended) - begun
            child = next((c for c in self.working if f"-{name}-" in c), self.ids.get(name, ""))
            doing = self.working.get(child, "") if running else ""
            table.add_row(mark, name, f"{seconds:.1f} s", f"[dim]{doing}[/]")
        return table

    @contextlib.contextmanager
    def shown(self) -> Iterator["Progress"]:
        """While a stack operation runs."""
        if not sys.stdout.isatty():
            yield self
            return
        from rich.live import Live

        with Live(get_renderable=self.table, refresh_per_second=8) as self.live:
            yield self
