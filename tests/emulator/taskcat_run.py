"""taskcat's own command line, with what it needs to be of use here: `.venv/taskcat/bin/python tests/taskcat_run.py …`.

Runs in taskcat's environment. HPC_PORTAL_TASKCAT_LOCAL=1, which taskcat_local.py sets, adds what makes a run on the
emulator quick. Every replaced name is one of taskcat 0.9.58: another version that lacks it ends this program with an
AttributeError.
"""

from __future__ import annotations

import os
import time
import warnings
from datetime import timedelta
from types import SimpleNamespace
from unittest import mock

warnings.filterwarnings("ignore", message="pkg_resources is deprecated")

from taskcat import _cli, _generate_reports, _tui  # noqa: E402
from taskcat._cfn import stack, template  # noqa: E402

POLL = 1  # seconds


def parameters(read: template.Template) -> dict[str, str | None]:
    """A template's parameters with their defaults. taskcat's own leaves out those whose default is a number, and with
    them the scenario's answers to them, without a word."""
    asked = read.template.get("Parameters", {}).items()
    return {str(name): str(body["Default"]) if "Default" in body else None for name, body in asked}


ALWAYS = (
    (template.Template, "parameters", parameters),
    # The report's style sheet lies on GitHub: a run in which all went well fails where that cannot be reached, as in China.
    (_generate_reports, "requests", SimpleNamespace(get=lambda *_, **__: SimpleNamespace(text=""))),
)
LOCAL = (
    (_cli, "check_for_update", lambda: None),  # asks the package index
    # It looks at a stack every 60 s, and at what it knows of all stacks every 10 s.
    (stack, "timedelta", lambda seconds: timedelta(seconds=min(seconds, POLL))),
    (_tui, "time", SimpleNamespace(sleep=lambda seconds: time.sleep(min(seconds, POLL)))),
)


def main() -> None:
    """taskcat's command line, with its replacements in place."""
    local = "HPC_PORTAL_TASKCAT_LOCAL" in os.environ
    for place, name, stand_in in (*ALWAYS, *(LOCAL if local else ())):
        mock.patch.object(place, name, stand_in).start()
    _cli.main()


if __name__ == "__main__":
    main()
