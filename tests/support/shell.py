"""What tests of commands that talk to AWS share: an environment that leads to the emulator, and what AWS may refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.emulator.client import Emulator

Call = Callable[[], Any]
Watch = Callable[[str, Mapping[str, Any], Call], Any]


def point_to(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let boto3 talk to the emulator alone, with nothing of the user's own configuration."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)


def watch(monkeypatch: pytest.MonkeyPatch, watcher: Watch) -> None:
    """Have every call of boto3 made by `watcher(operation, arguments, call)`."""
    real = BaseClient._make_api_call

    def made(self: BaseClient, operation: str, arguments: Mapping[str, Any]) -> Any:
        return watcher(operation, arguments, lambda: real(self, operation, arguments))

    monkeypatch.setattr(BaseClient, "_make_api_call", made)


def refuse(monkeypatch: pytest.MonkeyPatch, refused: str, code: str, message: str = "No.") -> None:
    """Have AWS answer the operation `refused` with an error."""

    def watcher(operation: str, arguments: Mapping[str, Any], call: Call) -> Any:
        if operation == refused:
            raise ClientError({"Error": {"Code": code, "Message": message}}, operation)
        return call()

    watch(monkeypatch, watcher)
