"""Fixtures that tests of several parts share."""

import uuid
from collections.abc import Iterator

import pytest

from tests.emulator.client import Emulator


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """A running emulator of AWS, one for each module, so that what is left in it is that module's."""
    with Emulator() as running:
        yield running


@pytest.fixture
def name() -> str:
    """A stack name that no other test uses."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture
def faults(emulator: Emulator) -> Iterator[Emulator]:
    """The emulator, on which no fault is left afterwards."""
    yield emulator
    emulator.inject()
