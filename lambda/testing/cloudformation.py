"""A stand-in of CloudFormation that sends events to a handler and keeps its answers."""

import io
import json
import urllib.request
from email.message import Message
from typing import Any

URL = "https://cloudformation-custom-resource-response.example/answer?signature=TOPSECRET"


class Context:
    """A Lambda context that always has `seconds` left."""

    log_group_name = "/aws/lambda/tested"
    log_stream_name = "2026/01/01/[$LATEST]0123456789abcdef"

    def __init__(self, seconds: float = 60) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


class Page(io.BytesIO):
    """What a web server answers to a GET."""

    def __init__(self, content: bytes, kind: str = "application/java-archive", length: str = "") -> None:
        super().__init__(content)
        self.headers = Message()
        self.headers["Content-Type"] = kind
        self.headers["Content-Length"] = length or str(len(content))


Web = dict[str, Page | Exception]
"""What a GET of an address finds, or the exception that it raises."""


class CloudFormation:
    """Sends events to a handler and keeps what the handler PUT; the next `failures` PUTs are refused."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        self.web: Web = {}
        self.failures = 0

    def urlopen(self, request: urllib.request.Request | str, timeout: float) -> Any:
        if isinstance(request, str):
            found = self.web.get(request, OSError("Name or service not known"))
            if isinstance(found, Exception):
                raise found
            found.seek(0)
            return Page(found.read(), found.headers["Content-Type"], found.headers["Content-Length"])
        if self.failures:
            self.failures -= 1
            raise OSError(f"refused {request.full_url}")
        body = request.data
        assert isinstance(body, bytes) and len(body) <= 4096
        assert request.get_method() == "PUT" and timeout > 0
        self.answers.append(json.loads(body))
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None

    def event(self, request_type: str, properties: Any, **more: Any) -> dict[str, Any]:
        """An event as CloudFormation sends it."""
        stack = "arn:aws:cloudformation:us-east-1:123456789012:stack/hpc-PreflightStack-1ABCDEFGHIJKL/0123"
        names = {"StackId": stack, "RequestId": "request", "LogicalResourceId": "Tested", "ResponseURL": URL}
        return {"RequestType": request_type, "ResourceProperties": properties, **names, **more}

    def send(self, handler: Any, request_type: str, properties: Any, **more: Any) -> dict[str, Any]:
        """The answer of `handler` to an event."""
        before = len(self.answers)
        handler(self.event(request_type, properties, **more), Context())
        assert len(self.answers) == before + 1, "an event is answered exactly once"
        return self.answers[-1]
