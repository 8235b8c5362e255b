"""Fixtures that tests of several parts share."""

import signal
import uuid
from collections.abc import Iterator

import pytest

from tests.emulator import process
from tests.emulator.client import Emulator

NEEDS = "needs_emulator"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of tests that start the emulator by themselves, and let Ctrl-C reach what tests start.

    A shell that runs tests in the background has them ignore it, and programs inherit that.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", f"{NEEDS}: starts the emulator by itself, without the fixture")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the emulator where its environment has not been set up."""
    if process.set_up():
        return
    skipped = pytest.mark.skip(reason="the emulator's environment is not set up: `make test` and `make local` do that")
    for item in items:
        if "emulator" in getattr(item, "fixturenames", ()) or item.get_closest_marker(NEEDS):
            item.add_marker(skipped)


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
