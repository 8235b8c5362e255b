"""Faults that would otherwise be silent: they are seen, said once, and gone when they are mended."""

from __future__ import annotations

import time
from functools import partial

from tests.bench.portal import Portal
from tests.bench.site import Site
from tests.bench.slurm import Cluster
from tests.bench.test_1_up import finished
from tests.bench.waiting import PATIENCE, until


def completed(cluster: Cluster, job: str) -> None:
    """Wait until accounting says that a job has ended well."""
    until(
        lambda: [row for row in cluster.jobs() if row["jobid"] == job and row["state"] == "COMPLETED"],
        f"job {job} of {cluster.name} has not completed",
    )


def offers(portal: Portal, *clusters: Cluster) -> bool:
    """Whether a portal offers these clusters alone once it has looked.

    The other portal node writes the same list, by what it saw before.
    """
    portal.look()
    return set(portal.clusters()) == {cluster.id for cluster in clusters}


def test_munge_key_that_differs_is_reported_and_mended_by_the_bootstrap(site: Site) -> None:
    """The node's jobs would be refused: its watch says why; the other node goes on; the bootstrap mends it."""
    portal, other = site.portals[2], site.portals[1]
    site.refresh()
    portal.machine.ask("head -c 64 /dev/urandom > /etc/munge/munge.key && systemctl restart munge")
    portal.sees(
        *(f"cluster {cluster.name} ERROR: refuses this node's credentials" for cluster in site.clusters.values())
    )
    for cluster in site.clusters.values():
        assert portal.submit(cluster.id, "#!/bin/bash\ntrue").status == 502
        other.submitted(cluster.id, "#!/bin/bash\ntrue")
    portal.sees_no_news()
    done = portal.machine.run("/opt/hpc-portal/bootstrap.sh", seconds=PATIENCE)
    assert done.status == 0, done.output
    portal.sees_answers(2)
    portal.submitted(site.clusters[1].id, "#!/bin/bash\ntrue")


def test_clocks_that_differ_are_reported(site: Site) -> None:
    """A node an hour ahead: told from a wrong key where Slurm tells them apart, and gone with the clock set right."""
    portal = site.portals[2]
    unit = "/run/systemd/system/munge.service.d"
    portal.machine.ask(
        f"mkdir -p {unit} && printf '[Service]\nEnvironment=LD_PRELOAD=%s FAKETIME=+1h\n'"
        f" $(find / -xdev -name libfaketime.so.1) > {unit}/clock.conf && systemctl daemon-reload && systemctl restart munge"
    )
    portal.sees(
        *(f"cluster {cluster.name} ERROR: refuses this node's credentials" for cluster in site.clusters.values()),
        "clocks",
    )
    portal.machine.ask(f"rm -r {unit} && systemctl daemon-reload && systemctl restart munge")
    portal.sees_answers(2)


def test_munged_that_is_dead_is_reported(site: Site) -> None:
    """No credentials at all: it is this node's fault, and said so."""
    portal = site.portals[2]
    portal.machine.ask("systemctl stop munge")
    sentence = "ERROR: munged on this node does not answer"
    portal.sees(*(f"cluster {cluster.name} {sentence}" for cluster in site.clusters.values()))
    portal.machine.ask("systemctl start munge")
    portal.sees_answers(2)


def test_publication_that_is_half_written_is_not_offered(site: Site) -> None:
    """Not offered; the other cluster is; the head node's next publication mends it."""
    portal, cluster = site.portals[1], site.clusters[1]
    home = f"/efs/slurm/{cluster.name}"
    damages = {
        f"mv {home}/READY {home}/READY.kept": f"mv {home}/READY.kept {home}/READY",
        f"sed -i s/ClusterName/clustername/ {home}/current/slurm.conf": None,
    }
    for damage, repair in damages.items():
        portal.machine.ask(damage)
        portal.sees(f"cluster {cluster.name} is not offered: its publication")
        until(partial(offers, portal, site.clusters[2]), "a damaged publication is offered")
        if repair:
            portal.machine.ask(repair)
        else:
            cluster.act("publish.sh")
        portal.sees(f"cluster {cluster.name} answers")
        until(partial(offers, portal, *site.clusters.values()), "a mended publication is not offered")


def test_job_of_a_user_whom_the_cluster_does_not_know_is_held(site: Site) -> None:
    """The job is held, not requeued for ever; head node and portal say why; with the account made it runs."""
    portal, cluster = site.portals[1], site.clusters[1]
    portal.machine.ask("useradd --uid 6001 --create-home --shell /bin/bash ghost")
    portal.machine.ask("mkdir -p /efs/ghost && chown ghost: /efs/ghost")
    conf = f"SLURM_CONF=/efs/slurm/{cluster.name}/current/slurm.conf"
    submit = f"cd /efs/ghost && {conf} sbatch --parsable --wrap id"
    job = until(partial(portal.machine.ask, submit, user="ghost"), "ghost cannot submit")

    def held() -> bool:
        cluster.head.start_unit("hpc-portal-users.service")
        return "JobHeldAdmin" in cluster.head.ask(f"squeue -h -j {job} -o %r")

    until(held, "the job is not held")
    trouble = f"does not know the user with uid 6001 and holds job(s) {job}"
    portal.sees(f"cluster {cluster.name} ERROR: it {trouble}")
    until(lambda: trouble in cluster.head.ask("journalctl -t hpc-portal"), "the head node's log does not say so")
    for machine in (cluster.head, *cluster.compute):
        machine.ask("useradd --uid 6001 --no-create-home --shell /bin/bash ghost")
    cluster.head.start_unit("hpc-portal-users.service")
    # A job that Slurm has requeued waits two minutes by itself. One that was held before its first start does not: it
    # may have ended by now, and scontrol then refuses. Whether it ran is seen in the next line.
    cluster.head.run(f"scontrol update jobid={job} starttime=now")
    completed(cluster, job)
    until(lambda: "ERROR" not in portal.look(), "the portal still sees an error")
    assert cluster.head.run(f"ls /efs/slurm/{cluster.name}/TROUBLE").status != 0


def test_database_out_for_a_minute_loses_no_job(site: Site) -> None:
    """Submission and jobs go on, the portal answers; accounting and spoolers are written when it is back."""
    assert site.database
    site.database.power_off()
    jobs: list[tuple[Cluster, str, str]] = []
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for portal in site.portals.values():
            for cluster in site.clusters.values():
                reply = portal.submitted(cluster.id, "#!/bin/bash\ntrue", "no-database")
                jobs.append((cluster, reply.json["job_id"], reply.json["spooler"]))
            until(partial(getattr, portal, "healthy"), "the portal does not answer without its database")
        time.sleep(8)
    site.database.power_on()
    site.portals[1].wait_until_healthy()
    for cluster, job, _ in jobs:
        completed(cluster, job)

    def written() -> bool:
        known = {spooler["path"] for spooler in site.portals[2].request("spoolers", user="efadmin").json}
        return {spooler for _, _, spooler in jobs} <= known

    until(written, "spoolers of the outage are not in the database")


def test_head_node_made_anew_serves_portals_and_jobs(site: Site) -> None:
    """With an empty disk and another address: the portals pick it up, the other cluster does not notice."""
    cluster, other = site.clusters[1], site.clusters[2]
    before = cluster.head.address
    cluster.rebuild()
    site.portals[1].submitted(other.id, "#!/bin/bash\ntrue")
    cluster.wait()
    assert cluster.head.address != before
    site.refresh()
    for portal in site.portals.values():
        reply = portal.submitted(cluster.id, "#!/bin/bash\ntrue", "new-head")
        assert finished(cluster, reply.json["job_id"], "new-head")["state"] == "COMPLETED"
