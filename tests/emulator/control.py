"""What tests tell a running emulator, and what they ask it beside AWS's own APIs.

`/_emulator/faults` (PUT a list) makes resources fail: each fault names an operation (create, update, delete, or boot for
the stand-in node of an Auto Scaling group), a resource type, a regular expression for `stack name/logical id`, the
message and how often. `/_emulator/records?region=…` lists what is kept in memory only. FSx's DescribeFileSystems is
answered as well, since ministack has no FSx.
"""

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]


@dataclass
class Fault:
    """One failure to come; `times` counts down to zero."""

    operation: str
    resource_type: str
    message: str
    path: str = ""
    times: int = 1

    def strikes(self, operation: str, resource_type: str, path: str) -> bool:
        """Whether this fault meets the operation; if so, one of its times is used up."""
        meets = self.operation == operation and self.resource_type == resource_type and re.search(self.path, path)
        if not meets or self.times < 1:
            return False
        self.times -= 1
        return True


FAULTS: list[Fault] = []


def fault(operation: str, resource_type: str, stack: str | None, logical_id: str | None) -> str | None:
    """The message of the first injected fault that meets this operation, if any."""
    path = f"{stack}/{logical_id}"
    return next((f.message for f in FAULTS if f.strikes(operation, resource_type, path)), None)


def raise_fault(operation: str, resource_type: str, stack: str | None, logical_id: str | None) -> None:
    """Raise ValueError if a test has asked for this operation to fail."""
    message = fault(operation, resource_type, stack, logical_id)
    if message:
        raise ValueError(message)


def _records(region: str) -> list[str]:
    from ministack.core.responses import set_request_account_id, set_request_region

    from emulator import fsx, records

    set_request_account_id("")
    set_request_region(region)
    return sorted([f"AWS::FSx::FileSystem {name}" for name in fsx.FILE_SYSTEMS] + list(records.RECORDS))


def _file_systems(region: str, request: dict[str, Any]) -> dict[str, Any]:
    from emulator import fsx

    _records(region)
    wanted = request.get("FileSystemIds")
    answer = [fsx.described(name) for name in fsx.FILE_SYSTEMS if not wanted or name in wanted]
    return {"FileSystems": answer}


async def _body(receive: Callable[[], Awaitable[Any]]) -> bytes:
    text, more = b"", True
    while more:
        message = await receive()
        text += message.get("body", b"")
        more = message.get("more_body", False)
    return text


def with_control(app: App) -> App:
    """`app` with the control endpoint and the FSx API in front."""

    async def controlled(scope: Scope, receive: Any, send: Any) -> None:
        headers = {key.decode().lower(): value.decode("latin-1") for key, value in scope.get("headers", ())}
        target = headers.get("x-amz-target", "")
        path = scope.get("path", "")
        if path == "/_emulator/faults":
            FAULTS[:] = [Fault(**item) for item in json.loads(await _body(receive))]
            answer: Any = len(FAULTS)
        elif path == "/_emulator/records":
            answer = _records(parse_qs(scope["query_string"].decode())["region"][0])
        elif target == "AWSSimbaAPIService_v20180301.DescribeFileSystems":
            region = re.search(r"/\d{8}/([a-z0-9-]+)/", headers.get("authorization", ""))
            answer = _file_systems(region[1] if region else "us-east-1", json.loads(await _body(receive) or b"{}"))
        else:
            return await app(scope, receive, send)
        kind = (b"content-type", b"application/x-amz-json-1.1")
        await send({"type": "http.response.start", "status": 200, "headers": [kind]})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    return controlled
