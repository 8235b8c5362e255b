"""Watch a stack operation and its nested stacks until it ends."""

from __future__ import annotations

import argparse
import sys
import time

from generator.aws import Account, account_arguments, stack_argument
from generator.errors import GeneratorError
from generator.operate.causes import causes
from generator.operate.follow import Follower
from generator.operate.progress import Progress, duration
from generator.operate.stack_events import SUCCESSES, find, operations, own_events, tree

INTERVAL = 5.0  # seconds between two looks: CloudFormation throttles those who look more often


def watch(account: Account, name: str, interval: float = INTERVAL) -> bool:
    """Show the stack's last operation until it has ended; whether it did what it was asked to do.

    Raises GeneratorError if there is no such stack, or nothing was ever done with it.
    """
    cloudformation = account.client("cloudformation")
    stack = find(account, name)
    name, stack_id = stack["StackName"], stack["StackId"]
    done = operations(own_events(cloudformation, stack_id))
    if not done:
        raise GeneratorError(
            f"{name} is {stack['StackStatus']}: a change set waits, so execute it, or delete the stack."
        )
    last = done[-1]
    print(f"{name} in {account.region}: {last.kind}")
    follower = Follower(cloudformation, stack_id, since=last.began, with_clusters=True)
    ended = last.began
    with Progress(name, last.began).shown() as progress:
        while True:
            # Asked first: the news then include everything that happened before the end.
            status = cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
            for event in follower.news():
                progress(event)
                ended = max(ended, event["Timestamp"])
            if not status.endswith("_IN_PROGRESS"):
                break
            progress.remind()
            time.sleep(interval)
    print(f"{name}: {status} after {duration(progress.seconds(ended))}.")
    if status in SUCCESSES:
        return True
    if first := causes(tree(cloudformation, stack_id, last.began)).first:
        print(f"First cause: {first.where}: {first.event.get('ResourceStatusReason', '')}")
    print(f"More: make why STACK={name} REGION={account.region}")
    return False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    account_arguments(parser)
    stack_argument(parser)
    parser.add_argument(
        "--interval", type=float, default=INTERVAL, help="seconds between two looks (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Watch; returns 0, 1 if the operation failed, 130 if it was no longer to be watched."""
    try:
        return 0 if watch(Account(options.region, options.profile), options.stack, options.interval) else 1
    except KeyboardInterrupt:
        print("\nNo longer watching; the stack goes on.", file=sys.stderr)
        return 130
