"""Fixtures that tests of several parts share."""

import uuid
from collections.abc import Iterator

import pytest
from emulator.client import Emulator


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """A running emulator of AWS, one for the whole session (per worker, with pytest-xdist)."""
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
