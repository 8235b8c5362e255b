"""List what deleted deployments left in a region, with sizes and the commands that remove it. Deletes nothing."""

from __future__ import annotations

import argparse
import sys
from itertools import groupby

from botocore.exceptions import BotoCoreError, ClientError

from generator.aws import Account, account_arguments, explain_call
from generator.operate.inventory import stacks
from generator.operate.retained import FINDERS, Leftover


def found(account: Account, stack: str = "") -> tuple[list[Leftover], list[str]]:
    """The leftovers of one deployment or of all, and a sentence for each kind that could not be looked for.

    With `stack`, only those of that deployment, and those whose deployment is unknown.
    """
    left: list[Leftover] = []
    blind: list[str] = []
    known = stacks(account)
    for finder in FINDERS.values():
        try:
            left += finder(account, known)
        except (ClientError, BotoCoreError) as error:
            what = (finder.__doc__ or "").split(".")[0]
            blind.append(f"Not looked for: {what[0].lower()}{what[1:]}. {explain_call(error)}")
    wanted = [item for item in left if not stack or item.stack.lower() in (stack.lower(), "")]
    return sorted(wanted, key=lambda item: (not item.stack, item.stack.lower(), item.kind, item.name)), blind


def show(account: Account, stack: str = "") -> bool:
    """Print what is left; whether everything could be looked for. Deletes nothing."""
    left, blind = found(account, stack)
    of = f"the deleted deployment {stack}" if stack else "deleted deployments"
    if not left and not blind:
        print(f"Nothing is left of {of} in {account.region}.")
    for owner, group in groupby(left, key=lambda item: item.stack.lower()):
        print(f"\nLeft by {owner}" if owner else "\nShared, or of an unknown deployment", end="")
        print(f", in {account.region}:")
        for item in group:
            print(f"  {item.kind}: {item.name}, {item.size}{f' ({item.note})' if item.note else ''}")
            if item.remove:
                print(f"      {_in_region(item.remove, account.region)}")
    if left:
        print("\nNothing was deleted. A line under an item removes it for good: data in it cannot be brought back.")
    for complaint in blind:
        print(complaint, file=sys.stderr)
    return not blind


def _in_region(command: str, region: str) -> str:
    """The command for this region, independent of the reader's configuration."""
    return command.replace("aws ", f"aws --region {region} ") if command.startswith("aws ") else command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    account_arguments(parser)
    parser.add_argument("--stack", default="", help="name of the deleted deployment (default: all of them)")


def run(options: argparse.Namespace) -> int:
    """Print the list; returns 0, or 1 if something could not be looked for."""
    return 0 if show(Account(options.region, options.profile), options.stack) else 1
