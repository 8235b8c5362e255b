"""`make load`: many deployments at once over four regions of three partitions, all created, all deleted, nothing left.

    python tests/load.py [--deployments 24]

CI runs a few (test_life_load.py); two dozen take one to two minutes on two cores.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]  # run as a script

from emulator.client import Emulator  # noqa: E402
from emulator.outcome import Outcome  # noqa: E402
from life import PROMISED, Deployment, left  # noqa: E402

REGIONS = ("us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1")


def load(emulator: Emulator, deployments: int) -> list[str]:
    """What went wrong, a line each, in so many deployments at once on an emulator that holds nothing else."""
    many = [Deployment(emulator, f"load-{number}", REGIONS[number % len(REGIONS)]) for number in range(deployments)]
    for deployment in many[: len(REGIONS)]:
        deployment.url()  # publishes, once a region
        deployment.answers()  # makes the vendor's downloads

    def each(operation: Callable[[Deployment], Outcome]) -> list[str]:
        with ThreadPoolExecutor(deployments) as pool:
            outcomes = list(pool.map(operation, many))
        return [f"{o.name} in {o.region}: {o.status} {o.reason}" for o in outcomes if not o.complete]

    wrong = each(lambda deployment: deployment.create())
    names = {d.resources()[f"cluster{zone}.Cluster"].physical_id for d in many for zone in (1, 2) if not wrong}
    if not wrong and len(names) != 2 * deployments:
        wrong.append(f"{2 * deployments} clusters have {len(names)} names")
    wrong += each(lambda deployment: deployment.delete())
    for region in REGIONS[:deployments]:
        kinds, others = left(emulator, region)
        wrong += [f"left in {region}: {item}" for item in others]
        wrong += [f"kept in {region}, but not promised: {kind}" for kind in sorted(kinds - PROMISED)]
    return wrong


def main(arguments: list[str]) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="load.py", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--deployments", type=int, default=24)
    count = parser.parse_args(arguments).deployments
    began = time.monotonic()
    with Emulator() as emulator:
        wrong = load(emulator, count)
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{count} deployments at once over {len(REGIONS)} regions: {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
