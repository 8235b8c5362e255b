"""Two dozen deployments at once, over four regions of three partitions: all come up, all go, nothing is left."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.emulator.client import Emulator
from tests.emulator.outcome import Outcome
from tests.support.deployment import PROMISED, Deployment, left

DEPLOYMENTS = 24
REGIONS = ("us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1")


def failed(many: list[Deployment], operation: Callable[[Deployment], Outcome]) -> list[str]:
    """Do it to all at once; a line for each that did not end well."""
    with ThreadPoolExecutor(len(many)) as pool:
        outcomes = list(pool.map(operation, many))
    return [f"{o.name} in {o.region}: {o.status} {o.reason}" for o in outcomes if not o.complete]


@pytest.mark.needs_emulator
def test_two_dozen_deployments_at_once_all_come_up_and_all_go() -> None:
    with Emulator() as alone:
        many = [Deployment(alone, f"load-{number}", REGIONS[number % len(REGIONS)]) for number in range(DEPLOYMENTS)]
        for deployment in many[: len(REGIONS)]:
            deployment.url()  # publishes, once a region
            deployment.answers()  # makes the vendor's downloads
        before = {region: left(alone, region) for region in REGIONS}
        assert all(found == (set(), []) for found in before.values())
        assert failed(many, lambda deployment: deployment.create()) == []
        # Names are unique in an account and region, and by the kind of them everywhere.
        clusters = [d.resources()[f"clusters.Cluster{zone}"].physical_id for d in many for zone in (1, 2)]
        assert len(set(clusters)) == len(clusters) == 2 * DEPLOYMENTS
        assert failed(many, lambda deployment: deployment.delete()) == []
        for region in REGIONS:
            kinds, others = left(alone, region)
            assert others == [] and kinds <= PROMISED
            assert kinds  # what is promised is there: the search sees something
