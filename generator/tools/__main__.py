"""The command line of the operator's tools: `python -m generator.tools why --stack hpc-portal --region eu-west-1`.

Exit status: 0; 1 if `status` saw a failure or `leftovers` could not look everywhere; 2 after one sentence on standard
error that says why the tool could not do its work.
"""

from __future__ import annotations

import argparse
import sys

from botocore.exceptions import BotoCoreError, ClientError

from generator.commandline import Parser
from generator.errors import GeneratorError
from generator.tools import leftovers, status, why
from generator.tools.account import Account, sentence


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(prog="python -m generator.tools", description=__doc__)
    parser.add_argument("tool", choices=("why", "status", "leftovers"))
    parser.add_argument("--stack", default="", help="name or id of the parent stack (a nested one will do too)")
    parser.add_argument("--region", default="", help="default: that of the environment or the profile")
    parser.add_argument("--profile", default="", help="a profile of AWS's configuration files")
    parser.add_argument(
        "--interval",
        type=float,
        default=status.INTERVAL,
        help="status: seconds between two looks (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    if not options.stack and options.tool != "leftovers":
        raise GeneratorError(f"Say which stack, for example: make {options.tool} STACK=hpc-portal REGION=eu-west-1")
    return options


def main(arguments: list[str]) -> int:
    """Run a tool; returns the exit status."""
    try:
        options = _options(arguments)
        account = Account(options.region, options.profile)
        if options.tool == "status":
            return 0 if status.watch(account, options.stack, options.interval) else 1
        if options.tool == "leftovers":
            return 0 if leftovers.show(account, options.stack) else 1
        for line in why.explain(account, options.stack):
            print(line)
        return 0
    except KeyboardInterrupt:
        print("\nNo longer watching; the stack goes on.", file=sys.stderr)
        return 130
    except GeneratorError as problem:
        print(problem, file=sys.stderr)
    except (ClientError, BotoCoreError) as problem:
        print(sentence(problem), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
