"""A few deployments at once, one in each of four regions of three partitions; `make load` runs two dozen."""

from emulator.client import Emulator
from load import REGIONS, load


def test_deployments_at_once_all_come_up_and_all_go() -> None:
    with Emulator() as alone:
        assert load(alone, len(REGIONS)) == []
