"""Fixtures of preflight's tests."""

import pytest

from preflight import handler
from preflight.checks import domain
from testing.account import Account
from testing.cloudformation import CloudFormation, Web
from testing.responses import SERVERS, good, vendors


@pytest.fixture(autouse=True)
def web(cloudformation: CloudFormation) -> Web:
    """The vendors' servers."""
    cloudformation.web.update(vendors())
    return cloudformation.web


@pytest.fixture(autouse=True)
def public_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The public DNS delegates every zone to Route 53."""
    monkeypatch.setattr(domain, "name_servers", lambda zone: {SERVERS[0]})


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    """The account that the handler finds."""
    found = Account(good())
    monkeypatch.setattr(handler.boto3, "Session", lambda: found)
    return found
