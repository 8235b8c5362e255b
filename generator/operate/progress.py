"""Shows a deployment's tiers as they go: a live table on a terminal, else a line for each that has ended."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone

from rich.live import Live
from rich.markup import escape
from rich.table import Table

from generator.operate.causes import CANCELLED
from generator.operate.stack_events import STACK, Event, child, cluster_prefix, is_own
from generator.operate.waiting import waits_for

ENDS = ("COMPLETE", "FAILED", "SKIPPED")
MARKS = {"IN_PROGRESS": "[cyan]…[/]", "FAILED": "[red]✗[/]", "COMPLETE": "[green]✓[/]", "SKIPPED": "[yellow]-[/]"}
REASON = 200  # characters of a failure's reason in a table
PATIENCE = 120  # seconds after which a resource in progress is said to be waited for


def words(status: str) -> str:
    """A status as people write it."""
    return status.replace("_", " ").lower()


def duration(seconds: float) -> str:
    """Seconds in the form that suits their number: `8.3 s`, `12 min 5 s`, `1 h 3 min`."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


@dataclass
class Working:
    """A resource in progress: its type, since when, and whether its wait has been reported."""

    type: str
    since: datetime
    reported: bool = False


@dataclass
class TierState:
    """State of a nested stack; `working` are the resources in progress in it and in the stacks below."""

    status: str
    began: datetime
    ended: datetime
    working: dict[tuple[str, str], Working] = field(default_factory=dict)
    done: int = 0


class Progress:
    """States of the tiers of the parent stack `name`. Call the object with every event of an operation.

    Times count from `began`, or else from the first event.
    """

    def __init__(self, name: str, began: datetime | None = None) -> None:
        self.name = name
        self.began = began
        self.tiers: dict[str, TierState] = {}
        self._tier_of: dict[str, str] = {}  # id of a nested stack, at any depth -> tier
        self._failed: dict[str, str] = {}  # resource -> reason
        self._live = False

    def __call__(self, event: Event) -> None:
        self.began = self.began or event["Timestamp"]
        if event["StackName"] != self.name:
            self._inside(event)
        elif event["ResourceType"] == STACK and not is_own(event):
            self._tier(event)
        elif not is_own(event):
            self._failure(event, "")

    def seconds(self, until: datetime | None = None) -> float:
        """Seconds from the beginning until a moment, or until now. Clocks may differ: never less than none."""
        until = until or datetime.now(timezone.utc)
        return max((until - (self.began or until)).total_seconds(), 0.0)

    def _tier(self, event: Event) -> None:
        name, status, now = event["LogicalResourceId"], event["ResourceStatus"], event["Timestamp"]
        known = self.tiers.get(name)
        if known is None or (status.endswith("IN_PROGRESS") and not known.status.endswith("IN_PROGRESS")):
            self.tiers[name] = TierState(status, now, now)  # begins, or begins to go back
        tier = self.tiers[name]
        tier.status, tier.ended = status, now
        if child(event):
            self._tier_of[child(event)] = name
        if status.endswith(ENDS):
            tier.working.clear()
            self._say(now, name.removesuffix("Stack"), words(status))

    def _inside(self, event: Event) -> None:
        """An event of a stack in a tier."""
        name = self._where(event)
        if child(event):
            self._tier_of[child(event)] = name
        tier = self.tiers.get(name)
        if tier is None or is_own(event):
            return
        key = (event["StackId"], event["LogicalResourceId"])
        if event["ResourceStatus"].endswith("IN_PROGRESS"):
            tier.working.setdefault(key, Working(event["ResourceType"], event["Timestamp"]))
        elif tier.working.pop(key, None):
            tier.done += 1
        self._failure(event, f"{name.removesuffix('Stack')} / ")

    def _where(self, event: Event) -> str:
        """The tier that an event of another stack belongs to: by the stack's id, its name, or its cluster's name."""
        name = event["StackName"]
        of = self._tier_of.get(event["StackId"])
        of = of or next((tier for tier in self.tiers if name.startswith(f"{self.name}-{tier}-")), None)
        of = of or next((tier for id_, tier in self._tier_of.items() if name.startswith(cluster_prefix(id_))), "")
        return self._tier_of.setdefault(event["StackId"], of) if of else ""

    def _failure(self, event: Event, where: str) -> None:
        reason = event.get("ResourceStatusReason") or ""
        failed = event["ResourceStatus"].endswith("_FAILED") and event["ResourceType"] != STACK
        if failed and not CANCELLED.search(reason):
            name = f"{where}{event['LogicalResourceId']}"
            self._failed.setdefault(name, reason)
            self._say(event["Timestamp"], name, f"{words(event['ResourceStatus'])}: {reason}")

    def _say(self, when: datetime, what: str, status: str) -> None:
        if not self._live:
            print(f"{duration(self.seconds(when)):>9}  {what:<16} {status}", flush=True)

    def remind(self, now: datetime | None = None) -> None:
        """Report, each once, what has been waited for too long at a moment, or now."""
        now = now or datetime.now(timezone.utc)
        for name, tier in self.tiers.items():
            for (_, resource), work in tier.working.items():
                what = waits_for(work.type)
                if what and not work.reported and (now - work.since).total_seconds() >= PATIENCE:
                    work.reported = True
                    self._say(now, f"{name.removesuffix('Stack')} / {resource}", f"waits for {what}")

    def table(self) -> Table:
        """The tiers so far, each with what it is at, and under them what has failed."""
        table = Table(box=None, pad_edge=False, show_header=False)
        for name, tier in self.tiers.items():
            running = tier.status.endswith("IN_PROGRESS")
            mark = next((mark for end, mark in MARKS.items() if tier.status.endswith(end)), "")
            taken = (datetime.now(timezone.utc) if running else tier.ended) - tier.began
            doing = ", ".join(_doing(*item) for item in tier.working.items()) if running else words(tier.status)
            table.add_row(mark, name, duration(max(taken.total_seconds(), 0)), f"[dim]{escape(doing)}[/]")
        for name, reason in self._failed.items():
            table.add_row("[red]![/]", f"[red]{name.rsplit(' / ', 1)[-1]}[/]", "", escape(reason[:REASON]))
        return table

    @contextlib.contextmanager
    def shown(self) -> Iterator[Progress]:
        """While a stack operation runs."""
        if not sys.stdout.isatty():
            yield self
            return
        with Live(get_renderable=self.table, refresh_per_second=8):
            self._live = True
            try:
                yield self
            finally:
                self._live = False


def _doing(key: tuple[str, str], work: Working) -> str:
    """A resource in progress as the table has it."""
    what = waits_for(work.type)
    return f"{key[1]} waits for {what}" if what else key[1]
