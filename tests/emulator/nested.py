"""AWS::CloudFormation::Stack as a stack of its own, made, changed and removed through CloudFormation's API.

ministack deploys children inline: a failed child leaks its resources, DeletionPolicy does not reach into children, and
a child that cannot be deleted is reported as gone. Here a child has events, a rollback and a delete like any stack.
"""

import math
import time
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services.cloudformation import _stacks
from ministack.services.cloudformation.stacks import _add_event

from tests.emulator import cancellation, continuation, control, ways_back
from tests.emulator.handlers import HANDLERS, Failed, Made, Properties, api, handles

POLL = 0.02  # seconds


class TimedOut(Exception):
    """A child's creation has taken longer than its TimeoutInMinutes."""


def _settled(stack: str, parent: str = "", minutes: float = math.inf) -> dict[str, Any]:
    """The stack's description, once nothing is in progress; raises Cancelled when the `parent` that creates it is deleted,
    and TimedOut after so many minutes, of which control.CLOCK says how long they are here.

    Between two questions it looks at ministack's own record: hundreds may wait at once, and each question costs a while.
    """
    end = time.monotonic() + minutes * control.CLOCK.minute
    while True:
        described: dict[str, Any] = api("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        if not described["StackStatus"].endswith("_IN_PROGRESS"):
            return described
        while _stacks[described["StackName"]]["StackStatus"].endswith("_IN_PROGRESS"):
            cancellation.check(parent)
            if time.monotonic() > end:
                raise TimedOut
            time.sleep(POLL)


def _why(stack: str) -> str:
    """What went wrong in a child, in its own words: the reasons of its failed resources, first one first."""
    pages = api("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
    events = [event for page in pages for event in page["StackEvents"]]  # a rollback alone may fill the first page
    failed = [e for e in events if e["ResourceStatus"].endswith("_FAILED") and e["LogicalResourceId"] != e["StackName"]]
    reasons = [f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason', '')}" for e in reversed(failed)]
    return "; ".join(dict.fromkeys(reasons)) or "no resource failed"


def _request(properties: Properties, parent: str) -> Properties:
    """The arguments of CreateStack and UpdateStack for a child with these properties."""
    for name, value in properties.get("Parameters", {}).items():
        if isinstance(value, (list, dict)):
            raise ValueError(
                f"Value of property Parameters must be an object with String (or simple type) properties, but {name} is "
                f"{value!r}"
            )
    return {
        "TemplateURL": properties["TemplateURL"],
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": str(value)}
            for name, value in properties.get("Parameters", {}).items()
        ],
        "Tags": [tag for tag in properties.get("Tags", []) if not tag["Key"].startswith("aws:")],
        "Capabilities": _stacks[parent].get("Capabilities", []),
        "DisableRollback": bool(_stacks[parent].get("DisableRollback")),
    }


def _made(described: dict[str, Any]) -> Made:
    outputs = {f"Outputs.{o['OutputKey']}": o["OutputValue"] for o in described.get("Outputs", [])}
    return described["StackId"], outputs


def _updated(child: str, request: Properties) -> Made:
    """Update a child and wait; raises ValueError where that fails."""
    cloudformation = api("cloudformation")
    try:
        cloudformation.update_stack(StackName=child, **request)
    except cloudformation.exceptions.ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
        # Also when the parent rolls back a child that has rolled itself back already.
        return _made(_settled(child))
    return _ended_well(child)


def _ended_well(child: str) -> Made:
    """What a child has made, once its update or its way back is over; raises ValueError where that failed."""
    described = _settled(child)
    if described["StackStatus"] != ways_back.word(_stacks[described["StackName"]], "UPDATE_COMPLETE"):
        # Its events reach back to the beginning: those of the last update say why.
        raise ValueError(f"Embedded stack {child} was not successfully updated: {_why(child)}")
    return _made(described)


del HANDLERS["AWS::CloudFormation::Stack"]


@handles("AWS::CloudFormation::Stack")
class NestedStack:
    """A child's failure is the parent's: its first cause is in the parent's event."""

    @staticmethod
    def create(logical_id: str, properties: Properties, parent: str) -> Made:
        name = f"{parent}-{logical_id}-{new_uuid().replace('-', '')[:12].upper()}"
        child = api("cloudformation").create_stack(StackName=name, **_request(properties, parent))["StackId"]
        above = _stacks[parent]
        root = above.get("RootId") or above["StackId"]
        _stacks[name].update(ParentId=above["StackId"], RootId=root, _parent_stack_name=parent)
        # CloudFormation tells the child's id as soon as there is one: whoever watches the parent can follow the child.
        initiated = ("CREATE_IN_PROGRESS", "Resource creation Initiated", child)
        _add_event(above["StackId"], parent, logical_id, "AWS::CloudFormation::Stack", *initiated)
        try:
            described = _settled(child, parent, float(properties.get("TimeoutInMinutes", math.inf)))
        except cancellation.Cancelled as cancelled:
            raise Failed(str(cancelled), child) from None
        except TimedOut:
            told = "Stack creation time exceeded the specified timeout"
            raise Failed(f"Embedded stack {child} was not successfully created: {told}", child) from None
        if described["StackStatus"] != "CREATE_COMPLETE":
            raise Failed(f"Embedded stack {child} was not successfully created: {_why(child)}", child)
        return _made(described)

    @staticmethod
    def update(physical_id: str, old: Properties, new: Properties, parent: str) -> Made:
        stack, above = _stacks[physical_id.split("/")[1]], _stacks[parent]
        if not above["StackStatus"].startswith("UPDATE_ROLLBACK_"):
            stack[ways_back.BEFORE] = stack["_template_body"]
            return _updated(physical_id, _request(new, parent))
        with ways_back.going_back(stack, above):
            if ways_back.stuck_by_itself(stack):
                return NestedStack.continued(physical_id, continuation.to_skip(above, stack["StackName"]))
            return _updated(physical_id, {**_request(new, parent), "DisableRollback": True})

    @staticmethod
    def continued(physical_id: str, skip: list[str]) -> Made:
        """Go on with the rollback of a nested stack, as somebody goes on with its parent's."""
        own = {name for name in skip if "." in name or _stacks[physical_id.split("/")[1]]["_rollback_failed"].get(name)}
        api("cloudformation").continue_update_rollback(
            StackName=physical_id, **({"ResourcesToSkip": sorted(own)} if own else {})
        )
        return _ended_well(physical_id)

    @staticmethod
    def delete(physical_id: str, properties: Properties) -> None:
        api("cloudformation").delete_stack(StackName=physical_id)
        described = _settled(physical_id)
        if described["StackStatus"] != "DELETE_COMPLETE":
            raise ValueError(f"Embedded stack {physical_id} was not successfully deleted: {_why(physical_id)}")
