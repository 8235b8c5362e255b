"""Fixtures that tests of several parts share."""

from collections.abc import Iterator

import pytest
from emulator.client import Emulator


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """A running emulator of AWS, one for the whole session (per worker, with pytest-xdist)."""
    with Emulator() as running:
        yield running
