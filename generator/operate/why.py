"""Tell the first real cause of a failure, out of a stack and all the stacks in it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from generator.aws import Account, account_arguments, stack_argument
from generator.operate import logs
from generator.operate.causes import Causes, causes
from generator.operate.progress import duration
from generator.operate.stack_events import CLUSTER, STACK, EventAt, Operation, find, operations, own_events, tree

GUIDE = "What to do about it: docs/operations.md, 'When something fails'."
# CloudFormation's words about a TemplateURL that it cannot read.
UNREADABLE = "S3 error: "
GONE = "The release's templates cannot be read where AssetsBucket says: docs/operations.md, 'The release is gone'."
KEPT = "CloudFormation keeps the events of a deleted stack for 90 days."
ENDINGS = {
    "ROLLBACK_COMPLETE": "was rolled back",
    "UPDATE_ROLLBACK_COMPLETE": "was rolled back: the stack is as it was before",
    "DELETE_COMPLETE": "everything was deleted again",
    "ROLLBACK_FAILED": "could not be rolled back",
    "UPDATE_ROLLBACK_FAILED": "could not be rolled back: the stack is stuck between old and new",
    "DELETE_FAILED": "the rest of the stack is still there",
}


def moment(when: datetime) -> str:
    """A time as events show it, to the second."""
    return when.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def explain(account: Account, name: str) -> Iterator[str]:
    """Lines that tell why the stack's last operation failed, or that it did not.

    For a stack that was deleted after a failure, they explain the failure. Raises GeneratorError if there is no such stack.
    """
    cloudformation = account.client("cloudformation")
    stack = find(account, name)
    done = operations(own_events(cloudformation, stack["StackId"]))
    if not done:
        yield f"{stack['StackName']} has done nothing yet (it is {stack['StackStatus']}): a change set waits to be executed."
        return
    operation = _to_explain(done)
    if operation is not done[-1]:
        yield f"{stack['StackName']} is deleted. Before that:"
    events = tree(cloudformation, stack["StackId"], operation.began)
    events = [t for t in events if operation.end is None or t.event["Timestamp"] < operation.end]
    found = causes(events)
    yield from _verdict(stack["StackName"], account.region, operation, found)
    first = None if operation.succeeded else found.first
    if first:
        yield from _cause(account, first, events, operation)
    if found.afterwards:
        yield f"The rollback failed too, at {found.afterwards.where} ({found.afterwards.event['ResourceType']}):"
        yield f"  {found.afterwards.event.get('ResourceStatusReason', '')}"
    yield from _way_out(stack, account.region, events)
    if first:
        yield _guide(operation, first)


def _guide(operation: Operation, first: EventAt) -> str:
    """Where the guide says what to do."""
    event = first.event
    unreadable = event["ResourceType"] == STACK and UNREADABLE in (event.get("ResourceStatusReason") or "")
    return GONE if unreadable and operation.kind == "update" else GUIDE


def _way_out(stack: Mapping[str, Any], region: str, events: list[EventAt]) -> Iterator[str]:
    """The command that ends a rollback which clusters keep from ending, where there is such a rollback."""
    if stack["StackStatus"] != "UPDATE_ROLLBACK_FAILED":
        return
    failed = [each.event for each in events if each.event["ResourceType"] == CLUSTER]
    last = {(event["StackName"], event["LogicalResourceId"]): event["ResourceStatus"] for event in failed}
    skip = [f"{name}.{title}" for (name, title), status in sorted(last.items()) if status == "UPDATE_FAILED"]
    if skip:
        yield "These clusters refuse the way back (docs/operations.md, 'A cluster's update failed'). To skip them:"
        yield (
            f"  aws cloudformation continue-update-rollback --region {region} --stack-name {stack['StackName']} "
            f"--resources-to-skip {' '.join(skip)}"
        )


def _to_explain(done: list[Operation]) -> Operation:
    """The last operation or, of a stack that was deleted after it had failed, the one that failed."""
    operation, before = done[-1], done[-2] if len(done) > 1 else done[-1]
    deleted = operation.kind == "delete" and operation.succeeded
    return before if deleted and before.kind != "delete" and not before.succeeded else operation


def _verdict(name: str, region: str, operation: Operation, found: Causes) -> Iterator[str]:
    """How the operation stands, in a sentence."""
    subject = f"{name} ({region}): the {operation.kind} of {moment(operation.began)}"
    if operation.succeeded:
        yield f"{subject} did not fail: {operation.status}."
    elif operation.running and "ROLLBACK" not in operation.status:
        failed = "something has failed already" if found.first else "nothing has failed so far"
        yield f"{subject} is still running ({operation.status}), and {failed}. To watch it: make status STACK={name}"
    else:
        ending = ENDINGS.get(operation.status, "is being rolled back" if operation.running else "was abandoned")
        yield f"{subject} failed and {ending} ({operation.status})."
    if not operation.succeeded and not operation.running and not found.first:
        yield f"No event says why. {KEPT}"


def _cause(account: Account, first: EventAt, events: list[EventAt], operation: Operation) -> Iterator[str]:
    """The first cause, and the log that belongs to it."""
    event = first.event
    after = duration((event["Timestamp"] - operation.began).total_seconds())
    yield ""
    yield f"  first cause  {first.where}"
    yield f"  resource     {event['ResourceType']}, {event['ResourceStatus']}"
    if event.get("PhysicalResourceId"):
        yield f"  its id       {event['PhysicalResourceId']}"
    yield f"  when         {moment(event['Timestamp'])}, {after} after the beginning"
    yield f"  reason       {event.get('ResourceStatusReason') or 'CloudFormation gives none'}"
    yield ""
    log = logs.of(account, first, events)
    if log and log.lines:
        yield f"  The last lines of its log (log group {log.group}, stream {log.stream}):"
        yield from (f"  | {line}" for line in log.lines)
        yield ""
    elif log:
        yield f"  {log.note}"
        yield ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    account_arguments(parser)
    stack_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Print the explanation; returns 0."""
    for line in explain(Account(options.region, options.profile), options.stack):
        print(line)
    return 0
