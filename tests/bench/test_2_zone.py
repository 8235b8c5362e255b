"""A zone is lost, by power or by network, and comes back: the other one goes on."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.bench.machine import Done, Machine
from tests.bench.portal import Portal, Reply
from tests.bench.site import Site
from tests.bench.slurm import Cluster
from tests.bench.test_1_up import finished
from tests.bench.waiting import PATIENCE, until

ASKING = ("sinfo", "squeue", "sbatch --wrap true", "scancel 1", "scontrol show nodes", "scontrol ping", "sacct")
SUBMIT = 1.0  # seconds that a submission to the living cluster may take
DEAD = 3.5  # seconds after which a command to the dead cluster must be back


USERS = 8  # who submit at the same time, half of them through each portal
DF: list[Done] = []  # how df on portal 2 ended that was asked the moment zone 1 was lost


# The job that runs in zone 2 while zone 1 is lost ends when this file is there.
OVER = "/efs/zone-1-was-lost"
LONG = f"#!/bin/bash\nwhile [[ ! -e {OVER} ]]; do sleep 0.2; done"


def lists(machine: Machine, folder: str) -> bool:
    """Whether a folder can be listed."""
    return machine.run(f"ls {folder}").status == 0


@pytest.fixture(scope="module")
def lost(site: Site) -> Iterator[Site]:
    """Zone 1 without power, its file systems in use when it went; a job runs in zone 2. Then zone 1 comes back."""
    site.refresh()
    cluster = site.clusters[2]
    job = site.portals[2].submitted(cluster.id, LONG, "long").json["job_id"]
    until(lambda: cluster.head.ask(f"squeue -h -j {job} -o %T") == "RUNNING", "the job does not start")
    for portal in site.portals.values():
        portal.machine.ask("ls /fsx_cluster1 /fsx_cluster2")
    site.lose_zone(1)
    asked = threading.Thread(target=lambda: DF.append(site.portals[2].machine.run("df", seconds=PATIENCE)))
    asked.start()
    yield site
    asked.join()
    site.portals[2].machine.ask(f"touch {OVER}")
    if not site.portals[1].machine.running:
        site.regain_zone(1)
        site.portals[1].wait_until_healthy()


def test_other_portal_goes_on(lost: Site) -> None:
    """It answers, and submits to its cluster within a second, where no busy machine adds to that."""
    portal, cluster = lost.portals[2], lost.clusters[2]
    portal.wait_until_healthy()

    def soon() -> bool:
        return portal.submitted(cluster.id, "#!/bin/bash\ntrue", "after-loss").seconds <= SUBMIT

    until(soon, f"no submission takes less than {SUBMIT} s")


def test_commands_to_the_dead_cluster_come_back(lost: Site) -> None:
    """With an error, soon: neither the portal's services nor a user's commands hang on it.

    Those that a busy machine has kept longer are asked again, one at a time.
    """
    portal, cluster = lost.portals[2], lost.clusters[1]

    def ask(command: str) -> Done:
        return portal.machine.run(f"SLURM_CONF=/efs/slurm/{cluster.name}/current/slurm.conf {command}", user="efadmin")

    def soon(command: str) -> bool:
        return ask(command).seconds <= DEAD

    with ThreadPoolExecutor() as pool:
        runs = dict(zip(ASKING, pool.map(ask, ASKING), strict=True))
    for command, run in runs.items():
        assert run.status != 0, command
        if run.seconds > DEAD:
            until(partial(soon, command), f"{command} does not end within {DEAD} s")
    reply = portal.submit(cluster.id, "#!/bin/bash\ntrue")
    assert reply.status == 502 and "Unable to contact slurm controller" in reply.text
    assert portal.request(f"jobs?cluster={cluster.id}", user="efadmin").json["status"] != 0


def test_dead_lustre_hangs_neither_agent_nor_login_nor_df(lost: Site) -> None:
    """The agent's rounds go on, logins too; df is back when the node has taken the file system off."""
    machine = lost.portals[2].machine
    before = int(machine.ask("cat /run/bench-agent"))
    assert machine.run("true", user="efadmin").status == 0
    until(lambda: DF, "df hangs")
    assert DF[0].status != 124
    until(lambda: int(machine.ask("cat /run/bench-agent")) > before + 5, "the agent hangs")
    until(lambda: "fuse" not in machine.ask("grep fsx_cluster1 /proc/mounts"), "the dead file system is still mounted")
    assert "/fsx_cluster1 does not answer" in machine.ask("cat /var/log/hpc-portal-lustre.log")
    assert machine.run("df && ls / /fsx_cluster2", user="efadmin").status == 0
    assert machine.run("ls /fsx_cluster1", user="efadmin").status not in (0, 124)


def test_watch_reports_the_dead_cluster(lost: Site) -> None:
    """Offered all the same, since its zone may be back any minute; said once."""
    portal, dead = lost.portals[2], lost.clusters[1]
    portal.sees(f"cluster {dead.name} does not answer")
    assert f"cluster {dead.name} does not answer" in portal.logged()
    until(partial(lost.offers_all, portal), "the portal does not offer both clusters")
    portal.sees_no_news()


def test_jobs_of_the_other_cluster_never_notice(lost: Site) -> None:
    """The one that ran when the zone went ends well, without a restart."""
    lost.portals[2].machine.ask(f"touch {OVER}")

    def states() -> list[str]:
        return [row["state"] for row in lost.clusters[2].jobs("jobname,state") if row["jobname"] == "long"]

    until(lambda: states() == ["COMPLETED"], "the long job has not ended well at its first start")


def test_everything_rejoins(lost: Site) -> None:
    """The zone has power again: portal, head node, compute node and file system are back without a hand."""
    lost.regain_zone(1)
    lost.portals[1].wait_until_healthy()
    cluster = lost.clusters[1]
    for portal in lost.portals.values():
        said = portal.submitted(cluster.id, "#!/bin/bash\ntrue", "back")
        assert finished(cluster, said.json["job_id"], "back")["state"] == "COMPLETED"
    for portal in lost.portals.values():
        until(partial(lists, portal.machine, "/fsx_cluster1"), "Lustre is not back")
        until(partial(lost.is_complete, portal), "a portal node does not see the other one")


def test_cut_network_loses_and_doubles_no_job(site: Site) -> None:
    """200 jobs from both portals to both clusters while zone 1 is cut off, not powered off, and reachable again.

    Zone 1 is an island meanwhile, with users whose browsers still reach its portal. What a portal has said yes to runs
    once. What it has said no to may have run (the answer was lost), but not twice.
    """
    told: dict[str, Reply] = {}
    cut, over = threading.Event(), threading.Event()
    names = [f"cut-{number}" for number in range(200)]

    def user(first: int) -> None:
        portal = site.portals[1 + first % 2]
        for number in range(first, 200, USERS):
            if number >= 100:  # some jobs are submitted in the cut, and some after it, however fast the machine is
                cut.wait()
            if number >= 180:
                over.wait()
            cluster = site.clusters[1 + number // USERS % 2]
            command = f"#!/bin/bash\necho {names[number]} >> /efs/cut-$SLURM_CLUSTER_NAME.log"
            told[names[number]] = inside(portal, cluster, command, names[number])

    threads = [threading.Thread(target=user, args=(first,), daemon=True) for first in range(USERS)]
    for thread in threads:
        thread.start()
    until(lambda: len(told) > 40, "no jobs are submitted")
    site.vpc.subnets[site.clusters[1].subnet.name].set_cut(True)
    before = set(told)
    cut.set()
    until(lambda: len(told) > len(before) + 70, "no jobs are submitted in the cut", 2 * PATIENCE)
    during = set(told) - before
    site.vpc.subnets[site.clusters[1].subnet.name].set_cut(False)
    over.set()
    for thread in threads:
        thread.join()
    accepted = {name for name, reply in told.items() if reply.status == 200}
    assert len(told) == 200
    assert accepted & before and accepted & during and accepted - before - during, "jobs get through at any time"
    assert during - accepted, "the zone has been cut off"

    def ran() -> Counter[str]:
        text = site.portals[2].machine.ask("cat /efs/cut-*.log")
        return Counter(text.split())

    until(lambda: accepted <= set(ran()), "accepted jobs have not run")
    until(lambda: not any(c.head.ask("squeue -h") for c in site.clusters.values()), "jobs are left in a queue")
    assert max(ran().values()) == 1

    def accounted() -> bool:
        rows = [row for cluster in site.clusters.values() for row in cluster.jobs("jobname,state")]
        return Counter(
            row["jobname"] for row in rows if row["state"] == "COMPLETED" and row["jobname"] in accepted
        ) == (Counter(accepted))

    until(accounted, "accounting does not tell each accepted job once")


def inside(portal: Portal, cluster: Cluster, command: str, name: str) -> Reply:
    """A submission by a user in the portal's own zone, who still reaches it when the zone is cut off."""
    fields = {"cluster": cluster.id, "job_name": name, "command": command}
    form = " ".join(f"--data-urlencode {key}={_quoted(value)}" for key, value in fields.items())
    done = portal.machine.run(
        f"printf 'user = \"efadmin:%s\"' {_quoted(portal.password)} | curl -sk -m 60 -K - -w '\\n%{{http_code}}' {form}"
        " https://127.0.0.1:8443/enginframe/batch",
        seconds=90,
    )
    text, _, status = done.output.rpartition("\n")
    return Reply(int(status or 0), text, done.seconds)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
