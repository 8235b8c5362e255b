"""taskcat's own command line, with what it needs to be of use here: `.venv/taskcat/bin/python tests/taskcat_run.py …`.

Runs in taskcat's environment. HPC_PORTAL_TASKCAT_LOCAL=1, which taskcat_local.py sets, adds what a run on the emulator
needs. Every replaced name is one of taskcat 0.9.58: another version without it ends this program with an AttributeError.
"""

from __future__ import annotations

import os
import time
import warnings
from datetime import timedelta
from types import SimpleNamespace

warnings.filterwarnings("ignore", message="pkg_resources is deprecated")

from taskcat import _cli, _generate_reports, _tui  # noqa: E402
from taskcat._cfn import stack, template  # noqa: E402

POLL = 1  # seconds


def parameters(read: template.Template) -> dict[str, str | None]:
    """A template's parameters with their defaults. taskcat's own leaves out those whose default is a number, and with
    them the scenario's answers to them, without a word."""
    asked = read.template.get("Parameters", {}).items()
    return {str(name): str(body["Default"]) if "Default" in body else None for name, body in asked}


def seconds_at_most(seconds: float) -> timedelta:
    """timedelta, as taskcat uses it for the time between two looks at a stack: 60 s, or 10 s."""
    return timedelta(seconds=min(seconds, POLL))


def go_local() -> None:
    """Nothing from the internet (a style sheet for the report, the newest version's number), and a look every second."""
    for module, name in (
        (_generate_reports, "requests"),
        (_cli, "check_for_update"),
        (_tui, "time"),
        (stack, "timedelta"),
    ):
        getattr(module, name)
    _generate_reports.requests = SimpleNamespace(get=lambda *_, **__: SimpleNamespace(text=""))
    _cli.check_for_update = lambda: None
    _tui.time = SimpleNamespace(sleep=lambda seconds: time.sleep(min(seconds, POLL)))
    stack.timedelta = seconds_at_most


if __name__ == "__main__":
    template.Template.parameters  # noqa: B018
    template.Template.parameters = parameters
    if os.environ.get("HPC_PORTAL_TASKCAT_LOCAL"):
        go_local()
    _cli.main()
