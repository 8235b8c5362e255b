"""One site for all tests of the bench, which leave it as they found it."""

import shutil
from collections.abc import Generator, Iterator

import pytest

from tests.bench import image
from tests.bench.site import Site
from tests.emulator.client import Emulator

SITES: list[Site] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test tells what its machines have to say: they are gone when the bench has ended."""
    report = yield
    if report.failed and SITES:
        report.sections.append(("what the machines say", SITES[0].story()))
    return report


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The product, deployed: two portal nodes, two clusters, a database."""
    folder = image.FOLDER / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with Emulator() as emulator:
        deployed = Site(emulator, folder)
        try:
            SITES.append(deployed)
            outcome = deployed.deploy()
            assert outcome.complete, outcome.reason
            for cluster in deployed.clusters.values():
                cluster.wait()
            yield deployed
        finally:
            deployed.end()
