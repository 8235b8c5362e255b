"""What tests tell a running emulator, and what they ask it beside AWS's own APIs.

`/_emulator/faults` (PUT a list) makes resources fail: each fault names an operation (create, update, delete, or boot
for the stand-in node of an Auto Scaling group), a resource type, a regular expression for `stack name/logical id`,
the message and how often. `/_emulator/instances` (PUT true) leaves booting to the asker: Auto Scaling groups wait for
the signals of machines that are not the emulator's, and GET lists what they have launched. `/_emulator/quotas` (PUT
{code: value}) sets service quotas, `/_emulator/account` (PUT {name: value}) settings of the account (account.py),
`/_emulator/records?region=…` lists what is kept in memory only, `/_emulator/home` tells which emulator this is. FSx's
DescribeFileSystems and Service Quotas are answered here, since ministack has neither.

`/_emulator/alarms` (PUT seconds) evaluates all alarms of a region that much later and answers their states by name.
`/_emulator/waiting` (PUT [seconds, bool]) says how long a minute of TimeoutInMinutes is, and whether certificates wait for
the validation of zones that nobody delegates to.
"""

import json
import os
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
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


@dataclass
class Instances:
    """What Auto Scaling groups have launched; `real` if somebody outside boots it, and the emulator must not."""

    real: bool = False
    launched: list[dict[str, str]] = field(default_factory=list)


INSTANCES = Instances()


@dataclass
class Clock:
    """How long a minute of TimeoutInMinutes takes, in seconds, and whether nobody delegates to the hosted zones."""

    minute: float = 60.0
    undelegated: bool = False


CLOCK = Clock()


def fault(operation: str, resource_type: str, stack: str | None, logical_id: str | None) -> str | None:
    """The message of the first injected fault that meets this operation, if any."""
    path = f"{stack}/{logical_id}"
    return next((f.message for f in FAULTS if f.strikes(operation, resource_type, path)), None)


def raise_fault(operation: str, resource_type: str, stack: str | None, logical_id: str | None) -> None:
    """Raise ValueError if a test has asked for this operation to fail."""
    message = fault(operation, resource_type, stack, logical_id)
    if message:
        raise ValueError(message)


def _enter(region: str) -> None:
    """Read and write the default account's records of `region` from here on, in this request."""
    from ministack.core.responses import set_request_account_id, set_request_region

    set_request_account_id("")
    set_request_region(region)


def _set_faults(region: str, faults: Any) -> Any:
    FAULTS[:] = [Fault(**fault) for fault in faults]
    return len(FAULTS)


def _set_quotas(region: str, quotas: Any) -> Any:
    from tests.emulator import catalog

    catalog.QUOTAS.clear()
    catalog.QUOTAS.update(quotas)
    return quotas


def _set_account(region: str, settings: Any) -> Any:
    from tests.emulator import account

    return account.set_settings(region, settings)


def _records(region: str, nothing: Any) -> Any:
    from tests.emulator import fsx, records

    return sorted([f"AWS::FSx::FileSystem {name}" for name in fsx.FILE_SYSTEMS] + list(records.RECORDS))


def _file_systems(region: str, request: Any) -> Any:
    from tests.emulator import fsx

    wanted = request.get("FileSystemIds")
    return {"FileSystems": [fsx.described(name) for name in fsx.FILE_SYSTEMS if not wanted or name in wanted]}


def _quota(region: str, request: Any) -> Any:
    from tests.emulator import catalog

    return catalog.service_quota(request)


def _instances(region: str, real: Any) -> Any:
    if real is not None:
        INSTANCES.real = real
    return INSTANCES.launched


def _alarms(region: str, ahead: Any) -> Any:
    from tests.emulator import alarms

    return alarms.evaluate_all(ahead)


def _waiting(region: str, how: Any) -> Any:
    CLOCK.minute, CLOCK.undelegated = how
    return how


def _home(region: str, nothing: Any) -> Any:
    return os.environ["TMPDIR"]


PATHS = {
    "/_emulator/alarms": _alarms,
    "/_emulator/waiting": _waiting,
    "/_emulator/home": _home,
    "/_emulator/faults": _set_faults,
    "/_emulator/quotas": _set_quotas,
    "/_emulator/account": _set_account,
    "/_emulator/records": _records,
    "/_emulator/instances": _instances,
}
TARGETS = {
    "AWSSimbaAPIService_v20180301.DescribeFileSystems": _file_systems,
    "ServiceQuotasV20190624.GetAWSDefaultServiceQuota": _quota,
    "ServiceQuotasV20190624.GetServiceQuota": _quota,
}


async def _body(receive: Callable[[], Awaitable[Any]]) -> bytes:
    text, more = b"", True
    while more:
        message = await receive()
        text += message.get("body", b"")
        more = message.get("more_body", False)
    return text


def with_control(app: App) -> App:
    """`app` with the control endpoint and the two services that ministack lacks in front."""

    async def controlled(scope: Scope, receive: Any, send: Any) -> None:
        headers = {key.decode().lower(): value.decode("latin-1") for key, value in scope.get("headers", ())}
        answer = PATHS.get(scope.get("path", "")) or TARGETS.get(headers.get("x-amz-target", ""))
        if answer is None:
            return await app(scope, receive, send)
        signed = re.search(r"/\d{8}/([a-z0-9-]+)/", headers.get("authorization", ""))
        asked = parse_qs(scope["query_string"].decode()).get("region", ["us-east-1"])
        region = signed[1] if signed else asked[0]
        _enter(region)
        said = answer(region, json.loads(await _body(receive) or b"null"))
        kind = (b"content-type", b"application/x-amz-json-1.1")
        await send({"type": "http.response.start", "status": 200, "headers": [kind]})
        await send({"type": "http.response.body", "body": json.dumps(said).encode()})

    return controlled
