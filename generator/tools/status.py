"""`make status`: a stack operation and its nested stacks as they go, until it ends."""

from __future__ import annotations

import time

from generator.errors import GeneratorError
from generator.tools.account import Account
from generator.tools.cause import causes
from generator.tools.follow import Follower
from generator.tools.progress import Progress, duration
from generator.tools.stacks import SUCCESSES, find, operations, own_events, tree

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
            # Asked first: whatever happened before the end is then among the news.
            status = cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
            for event in follower.news():
                progress(event)
                ended = max(ended, event["Timestamp"])
            if not status.endswith("_IN_PROGRESS"):
                break
            time.sleep(interval)
    print(f"{name}: {status} after {duration(progress.seconds(ended))}.")
    if status in SUCCESSES:
        return True
    if first := causes(tree(cloudformation, stack_id, last.began)).first:
        print(f"First cause: {first.where}: {first.event.get('ResourceStatusReason', '')}")
    print(f"More: make why STACK={name} REGION={account.region}")
    return False
