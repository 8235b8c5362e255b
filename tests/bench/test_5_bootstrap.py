"""The bootstrap is cut short at moments that nobody chose, and ends well all the same when it is run again."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

from tests.bench.machine import Machine
from tests.bench.site import Site
from tests.bench.waiting import PATIENCE, until

SEED = random.randrange(1_000_000)  # printed when a test fails
ROUNDS = 5  # on each portal node, with two losses each
LONGEST = 7.0  # seconds; about what a bootstrap takes on a quiet machine, from its first line


BOOTED = ("running", "degraded")  # degraded: a service has failed, as one that was cut short may


def kill(machine: Machine, unit: str) -> None:
    """Kill all processes of a service, if it still has any, and wait until they are gone: they hold locks until then."""
    machine.run(f"systemctl kill --kill-whom=all --signal=KILL {unit}")
    ended = ("dead", "failed", "exited")
    until(lambda: machine.ask(f"systemctl show --property=SubState --value {unit}") in ended, f"{unit} does not end")


def round_of(site: Site, number: int, moments: tuple[float, float], power: bool) -> None:
    """A node from an empty disk that loses its processes, or its power, at one moment, runs again, loses its processes at
    another moment, and runs once more, to the end."""
    portal = site.replace_portal(number, wait=False)
    machine = portal.machine
    # A power cut before it would find user data that has not begun, and the next boot would run it.
    until(lambda: list(machine.root.glob("var/lib/cloud/instances/*/user-data")), "user data does not begin")
    machine.user_data(moments[0])
    if power:
        machine.power_off()
        machine.power_on()
        until(lambda: machine.run("systemctl is-system-running").output.strip() in BOOTED, "the node does not boot")
    else:
        kill(machine, "bench-user-data.service")
    again = "systemd-run --quiet --unit=again --collect $(ls -d /var/lib/cloud/instances/*/user-data)"
    machine.ask(again)
    time.sleep(moments[1])
    kill(machine, "again.service")
    done = machine.rerun()
    what = f"seed {SEED}, portal {number}, lost {'power' if power else 'processes'} after {moments} s"
    assert done.status == 0, f"{what}:\n{site.log(portal)}\n{done.output}"
    portal.wait_until_healthy()


def test_bootstrap_killed_at_twenty_random_points_still_completes(site: Site) -> None:
    """Both nodes at once, five times, mostly with nothing on /efs yet; then everything still works."""
    dice = random.Random(SEED)
    for n in range(ROUNDS):
        if n % 2 == 0:
            site.forget_portal()
        moments = [(dice.uniform(0.2, LONGEST), dice.uniform(0.2, LONGEST)) for _ in range(2)]
        with ThreadPoolExecutor() as pool:
            rounds = [pool.submit(round_of, site, m + 1, moments[m], (n + m) % 3 == 0) for m in range(2)]
            for one in rounds:
                one.result()
    site.refresh()
    site.takes_jobs()


def test_failure_is_one_sentence_and_a_signal(site: Site) -> None:
    """A secret is marked for deletion: the bootstrap ends at once and says so; by hand it is finished later."""
    secrets = site.emulator.client("secretsmanager", "us-east-1")
    arn = site.portals[2].node_env["MUNGE_SECRET_ARN"]
    secrets.delete_secret(SecretId=arn)
    portal = site.replace_portal(2, wait=False)
    assert portal.machine.user_data() == 1
    log = site.log(portal)
    errors = [line for line in log.splitlines() if line.startswith("ERROR")]
    assert len(errors) == 1 and "is marked for deletion: restore it" in errors[0] and "signaling FAILURE" in log
    assert not portal.healthy
    secrets.restore_secret(SecretId=arn)
    done = portal.machine.run("/opt/hpc-portal/bootstrap.sh", seconds=PATIENCE)
    assert done.status == 0, done.output
    portal.wait_until_healthy()
