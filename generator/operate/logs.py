"""The last lines of the log that belongs to a failed resource: a function's, a portal node's, a head node's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from json import loads
from typing import Any

from botocore.exceptions import ClientError

from generator.aws import REFUSED, Account, error_code, explain_call
from generator.operate.stack_events import CLUSTER, Event, EventAt

LINES = 15
# How much later than the failure a line of its log may be: a node's agent takes its time. A function has logged before it
# answers, and what it logs next may be about the rollback.
NODES_LATER, FUNCTIONS_LATER = timedelta(minutes=2), timedelta(milliseconds=1)
GROUP = "AWS::Logs::LogGroup"
FUNCTION = "AWS::Lambda::Function"
NODE = "AWS::AutoScaling::AutoScalingGroup"
SIGNAL = "AWS::CloudFormation::WaitCondition"
MISSING = ("ResourceNotFoundException", "ResourceNotFound")
# The end of a reason of this project's functions (lambda/common/answer.py), and of AWS's own helpers.
NAMED = re.compile(r"log group (\S+?),? stream ([^\s)]+)")
STREAM = re.compile(r"[Ll]og [Ss]tream:? ([^\s)]+)")
INSTANCE = re.compile(r"\bi-[0-9a-f]{8,17}\b")
BOOTSTRAP = "/bootstrap"  # stream `<instance>/bootstrap`: userdata/portal/steps/20-logs.sh
CLUSTER_NAME = re.compile(r"^hpc-[0-9a-f]{8}-az\d+$")
HEAD_NODE = ("cfn-init", "chef-client", "bootstrap_error_msg")  # ends of a head node's streams
PROVIDER = "pcluster-cfn-"
NOISE = re.compile(r"^(START|END|REPORT|INIT_START)\b")
GONE = "The log group {group} is gone: it was removed with the rest of the stack."
KEEP = (
    " To keep it, try once more and preserve what was made (in the console 'Preserve successfully provisioned "
    "resources', on the command line --disable-rollback)."
)


@dataclass(frozen=True)
class Log:
    """Where a resource logs to, with its last lines; `note` says why there are none."""

    group: str
    stream: str = ""
    lines: tuple[str, ...] = ()
    note: str = ""


def of(account: Account, failure: EventAt, tree: list[EventAt]) -> Log | None:
    """The log of what failed; None if such a resource has none. `tree` are the events of the whole deployment."""
    kind = failure.event["ResourceType"]
    if kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource":
        return _function(account, failure, tree)
    if kind == NODE:
        return _node(account, failure, tree)
    if kind == SIGNAL and (cluster := next((part for part in failure.path if CLUSTER_NAME.match(part)), "")):
        return _newest(account, failure, _groups(account, f"/aws/parallelcluster/{cluster}"), HEAD_NODE)
    return None


def _function(account: Account, failure: EventAt, tree: list[EventAt]) -> Log | None:
    reason = failure.event.get("ResourceStatusReason") or ""
    named, stream = NAMED.search(reason), STREAM.search(reason)
    log = _read(account, failure, named[1], named[2]) if named else None
    if log and log.lines:
        return log
    for function in _functions(account, failure, tree):
        group = f"/aws/lambda/{function}"
        with suppress(ClientError):  # a function that is gone may have left its log
            settings = account.client("lambda").get_function_configuration(FunctionName=function)
            group = settings.get("LoggingConfig", {}).get("LogGroup") or group
        found = _read(account, failure, group, stream[1]) if stream else _newest(account, failure, [group], ("",))
        return found if found.lines else log or found
    return log


def _functions(account: Account, failure: EventAt, tree: list[EventAt]) -> Iterator[str]:
    """Names of functions that may be behind a custom resource, the likeliest first."""
    with suppress(ValueError):
        properties = loads(failure.event.get("ResourceProperties") or "{}")
        if token := properties.get("ServiceToken"):
            yield token.rsplit(":", 1)[-1]
    made = [t.event for t in tree if t.event["ResourceType"] == FUNCTION and t.event.get("PhysicalResourceId")]
    if failure.event["ResourceType"] == CLUSTER:
        yield from (e["PhysicalResourceId"] for e in made if e["PhysicalResourceId"].startswith(PROVIDER))
    else:
        stack = failure.event["StackId"]
        own = [e["PhysicalResourceId"] for e in made if e["StackId"] == stack]
        yield from own or _made_before(account, stack, FUNCTION)


def _node(account: Account, failure: EventAt, tree: list[EventAt]) -> Log | None:
    """The bootstrap of the node that signalled, or of the newest one."""
    stack = failure.event["StackId"]
    siblings = [at.event for at in tree if at.event["StackId"] == stack]
    group = _node_group(account, stack, siblings)
    if not group:
        return None
    if nodes := _signalled(siblings, failure.event["LogicalResourceId"]):
        return _read(account, failure, group, nodes[-1] + BOOTSTRAP)
    return _newest(account, failure, [group], (BOOTSTRAP,))


def _node_group(account: Account, stack: str, siblings: list[Event]) -> str:
    """The log group of a stack's nodes; blank if it is not known."""
    groups = [event.get("PhysicalResourceId") for event in siblings if event["ResourceType"] == GROUP]
    return next(iter([*filter(None, groups)] or _made_before(account, stack, GROUP)), "")


def _signalled(siblings: list[Event], group: str) -> list[str]:
    """Ids of the instances of an Auto Scaling group that signalled a failure, in order."""
    reasons = [event.get("ResourceStatusReason") or "" for event in siblings if event["LogicalResourceId"] == group]
    return [node for reason in reasons if "FAILURE" in reason for node in INSTANCE.findall(reason)]


def _made_before(account: Account, stack: str, kind: str) -> list[str]:
    """Ids of a stack's resources of one type, which an earlier operation made: this one's events do not name them."""
    with suppress(ClientError):
        found = account.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        return [r["PhysicalResourceId"] for r in found if r["ResourceType"] == kind and r.get("PhysicalResourceId")]
    return []


def _groups(account: Account, prefix: str) -> list[str]:
    found = account.client("logs").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    return [group["logGroupName"] for group in found] or [prefix]


def _newest(account: Account, failure: EventAt, groups: list[str], ends: tuple[str, ...]) -> Log:
    """The log in the streams that end so and were written to last before the failure."""
    group = groups[-1]
    until = _milliseconds(failure)
    try:
        asked = {"logGroupName": group, "orderBy": "LastEventTime", "descending": True}
        streams = account.client("logs").describe_log_streams(**asked)["logStreams"]
    except ClientError as error:
        return _unreadable(error, failure, group)
    early = [s["logStreamName"] for s in streams if s.get("firstEventTimestamp", until) <= until]
    for end in ends:
        for stream in (name for name in early if name.endswith(end)):
            return _read(account, failure, group, stream)
    return Log(group, note=f"The log group {group} is empty: the node or function ended before it wrote.")


def _milliseconds(failure: EventAt) -> int:
    """The moment up to which lines count."""
    later = NODES_LATER if failure.event["ResourceType"] in (NODE, SIGNAL) else FUNCTIONS_LATER
    return int((failure.event["Timestamp"] + later).timestamp() * 1000)


def _read(account: Account, failure: EventAt, group: str, stream: str) -> Log:
    """The last lines of a stream that are not later than the failure."""
    asked: dict[str, Any] = {"logGroupName": group, "logStreamName": stream, "limit": LINES * 3, "startFromHead": False}
    try:
        events = account.client("logs").get_log_events(**asked, endTime=_milliseconds(failure))["events"]
    except ClientError as error:
        return _unreadable(error, failure, group, stream)
    written = [line.rstrip() for event in events for line in event["message"].splitlines()]
    lines = [line for line in written if line and not NOISE.match(line)]
    return Log(group, stream, tuple(lines[-LINES:]), "" if lines else f"The stream {stream} of {group} is empty.")


def _unreadable(error: ClientError, failure: EventAt, group: str, stream: str = "") -> Log:
    message = error.response.get("Error", {}).get("Message", "")
    if error_code(error) in MISSING and "stream" in message.lower():
        note = f"The log group {group} has no stream {stream}: the node or function wrote nothing before it ended."
    elif error_code(error) in MISSING:
        deleting = failure.event["ResourceStatus"] == "DELETE_FAILED"
        note = GONE.format(group=group) + ("" if deleting else KEEP)
    elif error_code(error) in REFUSED:
        note = f"The log group {group} holds more, but: {explain_call(error)}"
    else:
        raise error
    return Log(group, stream, note=note)
