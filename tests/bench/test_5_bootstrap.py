"""The bootstrap is cut short at moments that nobody chose, and ends well all the same when it is run again."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

from bench.site import Site

SEED = random.randrange(1_000_000)  # printed when a test fails
ROUNDS = 10  # on each portal node
LONGEST = 9.0  # seconds; about what a bootstrap takes on a quiet machine, from its first line


def round_of(site: Site, number: int, moment: float, power: bool) -> str:
    """One node from an empty disk, stopped at that moment, by a loss of power or of its processes, and run again."""
    portal = site.replace_portal(number, wait=False)
    machine = portal.machine
    ended = machine.user_data(moment)
    if power:
        machine.power_off()
        machine.power_on()
        time.sleep(1)  # systemd mounts what it has been told to
    elif ended is None:
        machine.ask("systemctl kill --kill-whom=all --signal=KILL bench-user-data.service; true")
    done = machine.rerun(240)
    what = f"seed {SEED}, portal {number}, {'power' if power else 'processes'} lost after {moment:.2f} s"
    assert done.status == 0, f"{what}:\n{site.log(portal)}\n{done.output}"
    assert portal.healthy, what
    assert portal.request("spoolers", user="efadmin").status == 200, what
    return what


def test_killed_at_twenty_random_points(site: Site) -> None:
    """Both nodes at once, ten times, half of the times with nothing on /efs yet; then everything still works."""
    dice = random.Random(SEED)
    for n in range(ROUNDS):
        if n % 2 == 0:
            site.forget_portal()
        moments = [dice.uniform(0.2, LONGEST) for _ in range(2)]
        with ThreadPoolExecutor() as pool:
            rounds = [pool.submit(round_of, site, m + 1, moments[m], (n + m) % 4 < 2) for m in range(2)]
            for one in rounds:
                one.result()
    site.refresh()
    for portal in site.portals.values():
        for cluster in site.clusters.values():
            reply = portal.submit(cluster.id, "#!/bin/bash\ntrue")
            assert reply.status == 200, reply.text


def test_failure_is_one_sentence_and_a_signal(site: Site) -> None:
    """/efs does not answer: the bootstrap ends by itself, says so, and is finished by hand when /efs is back."""
    file_system = site.portals[2].node_env["FILE_SYSTEM_ID"]
    out = site.storage / f"{file_system}.out"
    out.touch()
    portal = site.replace_portal(2, wait=False)
    status = portal.machine.user_data(240)
    assert status == 1, status
    log = site.log(portal)
    errors = [line for line in log.splitlines() if line.startswith("ERROR")]
    assert len(errors) == 1 and "/efs could not be mounted" in errors[0] and "signaling FAILURE" in log
    out.unlink()
    done = portal.machine.run("/opt/hpc-portal/bootstrap.sh", seconds=120)
    assert done.status == 0 and portal.healthy, done.output
