"""Custom resources as CloudFormation runs them: what a Lambda must answer, and what happens when it does not.

ministack waits the whole ServiceTimeout (an hour unless set) for an answer that cannot come any more, takes answers of
any size, and forgets a resource whose creation failed. CloudFormation deletes it in the rollback.
"""

import contextvars
import json
import threading
import time
from typing import Any

from ministack.core.responses import get_region, new_uuid
from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource as stock

from tests.emulator import cancellation
from tests.emulator.handlers import Failed, Made, Properties

ANSWER_BYTES = 4096
GRACE = 10.0  # seconds for an answer after the invocation has ended: handlers may have called another function
NO_ANSWER = (
    "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId "
    "[{request}]. If you are using the Python cfn-response module, you may need to update your Lambda function code so "
    "that CloudFormation can attach the updated version. (The function {outcome}.)"
)


def _wait(answered: threading.Event, call: threading.Thread, timeout: float, creating: str) -> None:
    """Wait for an answer, or until none can come any more; raises Cancelled when the stack `creating` it is deleted."""
    began = time.monotonic()
    while not answered.wait(0.05) and time.monotonic() - began < timeout:
        cancellation.check(creating)
        if not call.is_alive():
            answered.wait(min(GRACE, timeout))
            break


def _invoke(function: str, event: dict[str, Any], timeout: float, creating: str) -> dict[str, Any]:
    """Run the function and wait for what it puts to the ResponseURL; raises ValueError where nothing comes.

    CloudFormation does not wait for the function of a creation that is cancelled: the Delete goes out two seconds later,
    and what the function answers is lost. Here it has as long as a function may need on a busy machine.
    """
    record, configuration, _ = lambda_svc._get_func_record_for_ref(function)
    if not function.startswith("arn:") or function.split(":")[3] != get_region() or record is None:
        raise ValueError(f"the ServiceToken {function} is no Lambda function of {get_region()}")
    token = event["ResponseURL"].rsplit("/", 1)[-1]
    answered = stock.register_token(token)
    outcome = "ended without an answer"

    def run() -> None:
        nonlocal outcome
        result = lambda_svc._execute_function_with_config_scope(
            lambda_svc._execution_record_for_config(record, configuration), event
        )
        if isinstance(result, dict) and result.get("error"):
            outcome = f"failed: {str(result.get('body'))[:500]}"

    call = threading.Thread(target=with_context(run), daemon=True)
    call.start()
    try:
        _wait(answered, call, timeout, creating)
    finally:
        call.join(GRACE)  # its last log lines must not come after its log group is deleted
        with stock._lock:
            entry = stock._pending.pop(token, None)
    if not entry or entry["result"] is None:
        raise ValueError(NO_ANSWER.format(request=event["RequestId"], outcome=outcome))
    result: dict[str, Any] = entry["result"]
    return result


def with_context(function: Any) -> Any:
    """`function`, to be run on another thread in the account and region of this one."""
    context = contextvars.copy_context()
    return lambda: context.run(function)


def invoke(
    request_type: str,
    logical_id: str,
    properties: Properties,
    stack_name: str,
    stack_id: str,
    resource_type: str,
    physical_id: str | None = None,
    old_props: Properties | None = None,
) -> Made:
    """One request to a custom resource's function; the physical id and the data it answers.

    Raises Failed (Create) or ValueError with the function's reason, or CloudFormation's where the answer is unusable.
    """
    token, request = new_uuid(), new_uuid()
    event = {
        "RequestType": request_type,
        "ServiceToken": properties["ServiceToken"],
        "ResponseURL": stock._response_url(token),
        "StackId": stack_id,
        "RequestId": request,
        "LogicalResourceId": logical_id,
        "ResourceType": resource_type,
        "ResourceProperties": stock._normalise_resource_properties(properties),
    }
    if physical_id is not None:
        event["PhysicalResourceId"] = physical_id
    if old_props is not None:
        event["OldResourceProperties"] = stock._normalise_resource_properties(old_props)
    # Without an answer CloudFormation makes an id up, and deletes the resource under it.
    known = physical_id or f"{stack_name}-{logical_id}-{new_uuid()[:8].upper()}"
    try:
        creating = stack_name if request_type == "Create" else ""
        answer = _invoke(properties["ServiceToken"], event, float(properties.get("ServiceTimeout", 3600)), creating)
        if len(json.dumps(answer)) > ANSWER_BYTES:
            raise ValueError("Response object is too long.")
        known = answer.get("PhysicalResourceId") or known
        if answer.get("Status") not in ("SUCCESS", "FAILED"):
            raise ValueError("Invalid response: Status must be SUCCESS or FAILED.")
        if not answer.get("PhysicalResourceId"):
            raise ValueError("Invalid PhysicalResourceId")
        for name in ("StackId", "RequestId", "LogicalResourceId"):
            if answer.get(name) != event[name]:
                raise ValueError(f"Invalid response: {name} must be the request's.")
        if answer["Status"] == "FAILED":
            reason = answer.get("Reason") or "the answer gives no Reason"
            raise ValueError(f"Received response status [FAILED] from custom resource. Message returned: {reason}")
    except ValueError as problem:
        if request_type == "Create":
            raise Failed(str(problem), known) from None
        raise
    return known, answer.get("Data") or {}


def install() -> None:
    """Replace ministack's way of calling custom resources."""
    stock.invoke_custom_resource = invoke
