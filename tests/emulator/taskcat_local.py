"""`make taskcat-local`: taskcat itself launches the scenarios of .taskcat.yml, on an emulator on this machine.

    python -m tests.emulator.taskcat_local [--tests minimal,govcloud] [--regions cn-north-1,us-east-1] [--zones 3]

Prints a line for each scenario and region. Exit status: 0 if all were created and deleted again; 1 after a sentence for
each that was not, and for other faults; 2 for a wrong command line; 130 for Ctrl-C, 143 for SIGTERM.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from generator.__main__ import Parser, explain
from tests.emulator import interruption

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "taskcat-local"
TASKCAT = [str(ROOT / ".venv" / "taskcat" / "bin" / "python"), str(ROOT / "tests" / "emulator" / "taskcat_run.py")]


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options; ends the program with 2 after a sentence if they are wrong."""
    parser = Parser(
        prog="python -m tests.emulator.taskcat_local",
        description="Launch taskcat's scenarios on an emulator on this machine.",
    )
    parser.add_argument("--tests", default="", help="comma-separated scenarios of .taskcat.yml (default: all)")
    parser.add_argument("--regions", default="", help="comma-separated regions (default: all of the scenarios)")
    parser.add_argument("--zones", type=int, default=2, help="Availability Zones (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where project, report and log go; emptied first")
    parser.add_argument("--taskcat", nargs="+", default=TASKCAT, help="command that takes taskcat's arguments")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """The command line; returns the exit status."""
    try:
        options = parse(arguments)
        from tests.emulator import taskcat_launch  # not before signals are caught: it takes a while

        chosen = taskcat_launch.launches(options.tests, options.regions)
        faults = taskcat_launch.launch_all(chosen, options.folder, options.taskcat, options.zones)
    except KeyboardInterrupt as interrupted:
        interruption.ignore()
        print("\nInterrupted: neither taskcat nor its emulator runs any more.", file=sys.stderr)
        return getattr(interrupted, "status", 130)
    except Exception as problem:
        faults = [explain(problem)]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    interruption.catch()
    sys.exit(main(sys.argv[1:]))
