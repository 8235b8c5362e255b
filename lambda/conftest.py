"""Fixtures of the functions' tests."""

import os
import urllib.request

import pytest

from testing.cloudformation import CloudFormation


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> CloudFormation:
    """Stand-in of CloudFormation; nothing leaves the machine."""
    service = CloudFormation()
    monkeypatch.setattr(urllib.request, "urlopen", service.urlopen)
    return service


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that open nothing, and a region."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
