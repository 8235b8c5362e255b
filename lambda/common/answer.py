"""Answers CloudFormation's custom-resource events: exactly once, in time, whatever the event holds.

`@custom_resource` turns `work(event) -> (physical id, data)` into a Lambda handler. `work` raises Fault for what it
expects to go wrong; any other exception is answered too. An alarm ends the work before the Lambda's own time is up, so
the function never times out and Lambda never repeats an event that was answered.
Nothing of an event is logged but its request type, logical id and the names of its properties: properties may be
private, and ResponseURL is a credential. Needs no IAM action, and nothing but the standard library.
"""

import functools
import json
import logging
import signal
import time
import traceback
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Protocol

LOG = logging.getLogger()
LOG.setLevel(logging.INFO)
LIMIT = 4096  # bytes of an answer
REASON = 900  # of these are left for the reason, which names the log
PHYSICAL_ID = 1024  # bytes of a physical id
MARGIN = 8  # seconds that are left for the answer
ATTEMPTS = 6  # to send the answer
PATIENCE = 10  # seconds for each
NOT_CREATED = "not-created"  # physical id of a resource whose Create failed

Event = dict[str, Any]
"""CloudFormation's request: its type, ResourceType and ResourceProperties, and for an update OldResourceProperties."""

Result = tuple[str | None, Mapping[str, object]]
"""The physical id (None: the one that the event names) and the attributes."""


class Context(Protocol):
    """What Lambda tells a function of its run."""

    log_group_name: str
    log_stream_name: str

    def get_remaining_time_in_millis(self) -> int:
        """Time until Lambda ends the run."""


class Fault(Exception):
    """An expected fault: a sentence for the operator, what is wrong and what to do."""


class Late(BaseException):
    """The work took too long. No library's `except Exception` swallows it."""


def custom_resource(work: Callable[[Event], Result]) -> Callable[[object, Context], None]:
    """Decorator: a Lambda handler that answers each event with what `work(event)` returns or raises.

    The event's RequestType is then one of the three and its ResourceProperties are a dict; nothing else is sure.
    """

    @functools.wraps(work)
    def answer_event(event: object, context: Context) -> None:
        if not isinstance(event, dict) or not is_web_address(event.get("ResponseURL")):
            LOG.error("This event has no ResponseURL, so there is nobody to answer.")
            return
        names = ("StackId", "RequestId", "LogicalResourceId")
        answer: dict[str, object] = {name: clip(event.get(name), 600) for name in names}
        answer["PhysicalResourceId"] = clip(event.get("PhysicalResourceId"), 600) or NOT_CREATED
        fault: str | None = None
        try:
            physical_id, data = in_time(work, event, context)
            result = {"PhysicalResourceId": physical_id or answer["PhysicalResourceId"]}
            values = {name: str(value) for name, value in data.items()}
            check_size({**answer, **result, "Data": values})
            answer.update(result, Data=values)
        except BaseException as error:  # CloudFormation waits for an answer even where a library calls sys.exit
            fault = explain(error)
            LOG.error("%a", fault)  # ASCII: a log takes no lone surrogates
        answer["Status"] = "SUCCESS" if fault is None else "FAILED"
        send(event["ResponseURL"], encode(answer, fault or "Done.", context), context)

    return answer_event


def explain(error: BaseException) -> str:
    """What the operator reads of an error."""
    if isinstance(error, Fault):
        return str(error)
    if isinstance(error, Late):
        return "The work did not end in time: see the log, and try again."
    LOG.error("%s", "".join(traceback.format_tb(error.__traceback__)))  # lines of code, no values
    return f"Unexpected {type(error).__name__}: {error}; see the log."


def is_web_address(value: object) -> bool:
    """Whether the value is a URL that can be sent to."""
    return isinstance(value, str) and value.lower().startswith(("https://", "http://"))


def in_time(work: Callable[[Event], Result], event: Event, context: Context) -> Result:
    """The result of `work`. Raises Late when there is only the time left to say so."""
    set_alarm(context.get_remaining_time_in_millis() / 1000 - MARGIN)
    try:
        return work(checked(event))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def checked(event: Event) -> Event:
    """`event` with ResourceProperties that are a dict, if its request type is known."""
    properties = event.get("ResourceProperties")
    properties = properties if isinstance(properties, dict) else {}
    LOG.info("%a %a %a", clip(event.get("RequestType"), 99), clip(event.get("LogicalResourceId"), 300), [*properties])
    if event.get("RequestType") not in ("Create", "Update", "Delete"):
        raise Fault("RequestType is none of Create, Update and Delete: let CloudFormation alone call this function.")
    return {**event, "ResourceProperties": properties}


def set_alarm(seconds: float) -> None:
    """Raises Late after `seconds`, and again each second should it be swallowed."""

    def ring(*_: object) -> NoReturn:
        raise Late

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), 1)


def clip(value: object, size: int) -> str:
    """The text `value` cut to `size` bytes of JSON, quotes included; of anything but text, nothing."""
    text = value[:size] if isinstance(value, str) else ""
    while text and len(json.dumps(text)) > size:
        text = text[: len(text) * 9 // 10 - 1]
    return text


def check_size(answer: Mapping[str, object]) -> None:
    """Raises Fault for an answer, without its reason, that CloudFormation would not take."""
    sizes = {"physical id": len(json.dumps(answer["PhysicalResourceId"])) - 2, "answer": len(json.dumps(answer))}
    for what, most in (("physical id", PHYSICAL_ID), ("answer", LIMIT - REASON)):
        if sizes[what] > most:
            raise Fault(
                f"The {what} has {sizes[what]} bytes, more than CloudFormation takes: shorten what it is made of."
            )


def encode(answer: Mapping[str, object], reason: str, context: Context) -> bytes:
    """`answer` and `reason` as JSON of at most LIMIT bytes; what is cut is the reason, never the way to the log."""
    log = f" (log group {context.log_group_name}, stream {context.log_stream_name})"
    room = LIMIT - len(json.dumps({**answer, "Reason": log}))
    return json.dumps({**answer, "Reason": clip(reason, room + 2) + log}).encode()


def send(url: str, body: bytes, context: Context) -> None:
    """PUTs `body`, again and again while there is time. The URL is a credential: it is neither logged nor raised."""
    for attempt in range(ATTEMPTS):
        left = context.get_remaining_time_in_millis() / 1000 - 1
        if left <= 0:
            break
        try:
            request = urllib.request.Request(url, body, {"Content-Type": ""}, method="PUT")
            with urllib.request.urlopen(request, timeout=min(PATIENCE, left)):
                return
        except Exception as error:  # refused, timed out, malformed: whatever it was may pass
            LOG.warning("The answer did not get through: %s %s", type(error).__name__, getattr(error, "code", ""))
        if context.get_remaining_time_in_millis() < (2**attempt + 1) * 1000:
            break
        time.sleep(2**attempt)
    LOG.error("The answer could not be sent: CloudFormation waits until ServiceTimeout.")
