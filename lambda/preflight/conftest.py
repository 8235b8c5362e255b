"""Fixtures of preflight's tests."""

import pytest

from preflight import handler
from testing.account import Account
from testing.cloudformation import CloudFormation, Web
from testing.responses import good, vendors


@pytest.fixture(autouse=True)
def web(cloudformation: CloudFormation) -> Web:
    """The vendors' servers."""
    cloudformation.web.update(vendors())
    return cloudformation.web


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    """The account that the handler finds."""
    found = Account(good())
    monkeypatch.setattr(handler.boto3, "Session", lambda: found)
    return found
