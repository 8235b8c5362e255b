"""One site for all tests of the bench, which leave it as they found it."""

import shutil
from collections.abc import Iterator

import pytest
from emulator.client import Emulator

from bench import image
from bench.site import Site


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The product, deployed: two portal nodes, two clusters, a database."""
    folder = image.FOLDER / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with Emulator() as emulator:
        deployed = Site(emulator, folder)
        try:
            outcome = deployed.deploy()
            assert outcome.complete, outcome.reason
            for cluster in deployed.clusters.values():
                cluster.wait()
            yield deployed
        finally:
            deployed.end()
