"""`make local` and `make local-down`: the whole stack, deployed to an emulator on this machine and deleted again.

    python -m tests.emulator.local up [--region eu-west-1] [--parameters FILE] [--port 4566] [--zones 3]
    python -m tests.emulator.local down

The emulator stays up for everybody who wants to look around. Exit status: 0; 1 after one sentence on standard error; 2
for a wrong command line; 130 for Ctrl-C and 143 for SIGTERM, after a sentence that says whether the emulator is up.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from generator.__main__ import Parser, explain
from tests.emulator import interruption

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "local"  # the build, the emulator's files, the state and the lock
PORTS = range(1, 65536)


def port(text: str) -> int:
    """A port number, for the option's parser."""
    if text.isdecimal() and int(text) in PORTS:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is no port: choose a number from {PORTS[0]} to {PORTS[-1]}")


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options; ends the program with 2 after a sentence if they are wrong."""
    parser = Parser(
        prog="python -m tests.emulator.local", description="Deploy the whole stack to an emulator, or delete it."
    )
    parser.add_argument("command", choices=("up", "down"))
    parser.add_argument("--region", default="us-east-1", help="default: %(default)s")
    parser.add_argument("--parameters", type=Path, default=ROOT / "parameters" / "minimal.json", metavar="FILE")
    parser.add_argument("--port", type=port, help="port of the emulator on 127.0.0.1 (default: a free one)")
    parser.add_argument("--zones", type=int, default=2, help="Availability Zones (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the deployment keeps its files")
    return parser.parse_args(arguments)


def whether_up(folder: Path) -> str:
    """What an interrupted command leaves behind, in a sentence."""
    from tests.emulator import state

    running = state.recorded(folder)
    if running and running.alive:
        return f"Interrupted: the emulator is still up, on port {running.port}: run `make local-down`."
    return "Interrupted: no emulator is running."


def main(arguments: list[str]) -> int:
    """The command line; returns the exit status."""
    interruption.catch()
    folder = FOLDER
    try:
        options = parse(arguments)
        folder = options.folder
        from tests.emulator import launch  # not before signals are caught: it takes a while

        return launch.up(options) if options.command == "up" else launch.down(folder)
    except interruption.Interrupted as interrupted:
        interruption.ignore()
        print(f"\n{whether_up(folder)}", file=sys.stderr)
        return interrupted.status
    except Exception as problem:
        print(explain(problem), file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
