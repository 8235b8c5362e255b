"""A stand-in of an AWS account: real clients, canned responses, both checked by botocore's models.

Like botocore's Stubber, but in any order and from any thread, as the checks come.
"""

from collections.abc import Callable
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

SESSION = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name="us-east-1")
CLIENTS: dict[tuple[str, str], Any] = {}
CURRENT: list["Account"] = []  # the account that the clients ask
Response = dict[str, Any] | str | Exception | Callable[[dict[str, Any]], Any]


class Account:
    """Looks like a boto3 session. `responses`: by operation a response, an error code, an exception or a function."""

    def __init__(self, responses: dict[str, Response], region: str = "us-east-1") -> None:
        self.responses, self.region_name = dict(responses), region
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        CURRENT[:] = [self]

    def get_partition_for_region(self, region: str) -> str:
        return str(SESSION.get_partition_for_region(region))

    def client(self, service: str, region_name: str, config: Config) -> Any:
        key = (service, region_name)
        if key not in CLIENTS:
            CLIENTS[key] = SESSION.client(service, region_name=region_name, config=config)
            CLIENTS[key].meta.events.register("before-parameter-build", _keep)
            CLIENTS[key].meta.events.register("before-call", _answer)
        return CLIENTS[key]

    def operations(self) -> set[str]:
        """Names of the operations that were called."""
        return {operation for _, operation, _ in self.calls}


def _keep(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context["asked"] = params


def _answer(model: Any, context: dict[str, Any], **_: Any) -> tuple[AWSResponse, Any]:
    account, name = CURRENT[0], model.name
    account.calls.append((model.service_model.service_name, name, context["asked"]))
    response = account.responses[name]
    if callable(response):
        response = response(context["asked"])
    if isinstance(response, Exception):
        raise response
    if isinstance(response, str):
        raise ClientError({"Error": {"Code": response, "Message": "as the test wants"}}, name)
    if name != "GetObject":
        validate_parameters(response, model.output_shape)
    return AWSResponse("", 200, {}, None), response
