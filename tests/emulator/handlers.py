"""How a resource handler is written and registered, and what handlers share.

ministack keeps one dictionary of handlers by resource type. A handler here is a small class of static methods under
`@handles("AWS::…")`:

* `create(logical_id, properties, stack_name) -> (physical id, attributes)`; what Ref answers is the physical id;
* `update(physical_id, old, new, stack_name) -> (physical id, attributes)`, optional: without it a change that does not
  demand a replacement (see schemas.replacing) is accepted and leaves no trace;
* `delete(physical_id, properties)`.

Properties arrive coerced to the types of the registry schema. An exception's text becomes the stack event's reason. All
handlers registered here run on a thread of their own, so they may call the emulator's own API (`api`) and wait.
"""

import functools
import os
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config
from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import provisioners, stacks

Properties = dict[str, Any]
Made = tuple[str, Properties]
HANDLERS: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS
ON_THREAD: set[str] = set()


class Failed(ValueError):
    """A resource that exists but did not come up; the rollback will delete it by `physical_id`."""

    def __init__(self, reason: str, physical_id: str) -> None:
        super().__init__(reason)
        self.physical_id = physical_id


def handles(resource_type: str) -> Callable[[type], type]:
    """Class decorator: register the class's static methods as the handler of a type that ministack does not know."""

    def register(cls: type) -> type:
        if resource_type in HANDLERS:
            raise RuntimeError(f"ministack has a handler of {resource_type} by now: remove this one or use @wraps.")
        methods = {name: getattr(cls, name) for name in ("create", "update", "delete") if hasattr(cls, name)}
        HANDLERS[resource_type] = methods
        ON_THREAD.add(resource_type)
        return cls

    return register


def _with_logical_id(update: Callable[..., Made], takes: bool) -> Callable[..., Made]:
    """An update handler that takes the logical id last, made of one that `takes` it or does not."""
    return update if takes else lambda *arguments: update(*arguments[:-1])


def wraps(resource_type: str) -> Callable[[type], type]:
    """Class decorator: put the class's static methods in front of ministack's own handler of the type.

    Each method gets ministack's as its first argument and decides whether and how to call it. Some of ministack's
    updates take the logical id, some do not: every `update` here does, and so does the one that it calls.
    """

    def register(cls: type) -> type:
        stock = HANDLERS[resource_type]
        if hasattr(cls, "update"):
            stock["update"] = _with_logical_id(stock["update"], stock.get("update_with_logical_id", False))
            stock["update_with_logical_id"] = True
        for name in ("create", "update", "delete"):
            if hasattr(cls, name):
                stock[name] = functools.partial(getattr(cls, name), stock.get(name))
        ON_THREAD.add(resource_type)
        return cls

    return register


def run_on_threads() -> None:
    """Make ministack run the types registered here on threads, so that they may call the emulator and wait."""
    stock = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda resource_type: resource_type in ON_THREAD or stock(resource_type)


@functools.cache
def _client(service: str, region: str, account: str) -> Any:
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        aws_access_key_id=account,
        aws_secret_access_key="emulator",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=3600, s3={"addressing_style": "path"}),
    )


def api(service: str) -> Any:
    """A boto3 client of the emulator itself, in the account and region of the stack being worked on."""
    return _client(service, get_region(), get_account_id())


def only(properties: Mapping[str, Any], *names: str) -> Properties:
    """Those of `properties` that `names` name: for API calls that spell them as CloudFormation does."""
    return {name: properties[name] for name in names if name in properties}


def tags(properties: Mapping[str, Any], resource: str) -> Properties:
    """`TagSpecifications` of an EC2 call that makes a `resource` (natgateway, …) with the template's Tags."""
    given = properties.get("Tags")
    return {"TagSpecifications": [{"ResourceType": resource, "Tags": given}]} if given else {}
