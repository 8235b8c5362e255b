"""Faults that would otherwise be silent: they are seen, said once, and gone when they are mended."""

from __future__ import annotations

import time

from tests.bench.site import Site, until
from tests.bench.slurm import Cluster


def completed(site: Site, cluster: Cluster, job: str) -> None:
    """Wait until accounting says that a job has ended well."""
    until(
        lambda: [row for row in cluster.jobs() if row["jobid"] == job and row["state"] == "COMPLETED"],
        f"job {job} of {cluster.name} has not completed",
        120,
    )


def test_munge_key_that_differs(site: Site) -> None:
    """The node's jobs would be refused: its watch says why; the other node goes on; the bootstrap mends it."""
    portal, other = site.portals[2], site.portals[1]
    site.refresh()
    portal.machine.ask("head -c 64 /dev/urandom > /etc/munge/munge.key && systemctl restart munge")
    report = portal.look()
    for cluster in site.clusters.values():
        assert f"cluster {cluster.name} ERROR: refuses this node's credentials" in report
        assert portal.submit(cluster.id, "#!/bin/bash\ntrue").status == 502
        assert other.submit(cluster.id, "#!/bin/bash\ntrue").status == 200
    assert portal.look() == ""
    done = portal.machine.run("/opt/hpc-portal/bootstrap.sh", seconds=120)
    assert done.status == 0, done.output
    assert portal.machine.ask("cat /run/hpc-portal/clusters.state").count(" answers") == 2
    assert portal.submit(site.clusters[1].id, "#!/bin/bash\ntrue").status == 200


def test_clocks_that_differ(site: Site) -> None:
    """A node an hour ahead: told from a wrong key where Slurm tells them apart, and gone with the clock set right."""
    portal = site.portals[2]
    unit = "/run/systemd/system/munge.service.d"
    portal.machine.ask(
        f"mkdir -p {unit} && printf '[Service]\nEnvironment=LD_PRELOAD=%s FAKETIME=+1h\n'"
        f" $(find / -xdev -name libfaketime.so.1) > {unit}/clock.conf && systemctl daemon-reload && systemctl restart munge"
    )
    report = portal.look()
    for cluster in site.clusters.values():
        assert f"cluster {cluster.name} ERROR: refuses this node's credentials" in report and "clocks" in report
    portal.machine.ask(f"rm -r {unit} && systemctl daemon-reload && systemctl restart munge")
    assert portal.look().count(" answers") == 2


def test_munged_that_is_dead(site: Site) -> None:
    """No credentials at all: it is this node's fault, and said so."""
    portal = site.portals[2]
    portal.machine.ask("systemctl stop munge")
    assert portal.look().count("ERROR: munged on this node does not answer") == 2
    portal.machine.ask("systemctl start munge")
    assert portal.look().count(" answers") == 2


def test_publication_that_is_half_written(site: Site) -> None:
    """Not offered; the other cluster is; the head node's next publication mends it."""
    portal, cluster = site.portals[1], site.clusters[1]
    home = f"/efs/slurm/{cluster.name}"
    damages = {
        f"mv {home}/READY {home}/READY.kept": f"mv {home}/READY.kept {home}/READY",
        f"sed -i s/ClusterName/clustername/ {home}/current/slurm.conf": None,
    }
    for damage, repair in damages.items():
        portal.machine.ask(damage)
        report = portal.look()
        assert f"cluster {cluster.name} is not offered: its publication" in report
        assert portal.clusters() == [site.clusters[2].id]
        if repair:
            portal.machine.ask(repair)
        else:
            cluster.act("publish.sh")
        assert f"cluster {cluster.name} answers" in portal.look()
        assert len(portal.clusters()) == 2


def test_job_of_a_user_whom_the_cluster_does_not_know_is_held(site: Site) -> None:
    """The job is held, not requeued for ever; head node and portal say why; with the account made it runs."""
    portal, cluster = site.portals[1], site.clusters[1]
    portal.machine.ask("useradd --uid 6001 --create-home --shell /bin/bash ghost")
    portal.machine.ask("mkdir -p /efs/ghost && chown ghost: /efs/ghost")
    conf = f"SLURM_CONF=/efs/slurm/{cluster.name}/current/slurm.conf"
    job = portal.machine.ask(f"cd /efs/ghost && {conf} sbatch --parsable --wrap id", user="ghost")
    cluster.head.ask("systemctl start hpc-portal-users.service")
    until(lambda: "JobHeldAdmin" in cluster.head.ask(f"squeue -h -j {job} -o %r"), "the job is not held")
    trouble = f"does not know the user with uid 6001 and holds job(s) {job}"
    assert f"cluster {cluster.name} ERROR: it {trouble}" in portal.look()
    assert trouble in cluster.head.ask("journalctl -t hpc-portal")
    for machine in (cluster.head, *cluster.compute):
        machine.ask("useradd --uid 6001 --no-create-home --shell /bin/bash ghost")
    cluster.head.ask("systemctl start hpc-portal-users.service")
    # A job that Slurm has requeued waits two minutes by itself. One that was held before its first start does not: it
    # may have ended by now, and scontrol then refuses. Whether it ran is seen in the next line.
    cluster.head.run(f"scontrol update jobid={job} starttime=now")
    completed(site, cluster, job)
    assert "ERROR" not in portal.look()
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
                reply = portal.submit(cluster.id, "#!/bin/bash\ntrue", "no-database")
                assert reply.status == 200, reply.text
                jobs.append((cluster, reply.json["job_id"], reply.json["spooler"]))
            assert portal.healthy
        time.sleep(8)
    site.database.power_on()
    until(lambda: site.portals[1].request("spoolers", user="efadmin").status == 200, "the portal has no database", 90)
    for cluster, job, _ in jobs:
        completed(site, cluster, job)

    def written() -> bool:
        known = {spooler["path"] for spooler in site.portals[2].request("spoolers", user="efadmin").json}
        return {spooler for _, _, spooler in jobs} <= known

    until(written, "spoolers of the outage are not in the database", 90)


def test_head_node_made_anew_serves_portals_and_jobs(site: Site) -> None:
    """With an empty disk and another address: the portals pick it up, the other cluster does not notice."""
    cluster, other = site.clusters[1], site.clusters[2]
    before = cluster.head.address
    cluster.rebuild()
    assert other.site.portals[1].submit(other.id, "#!/bin/bash\ntrue").status == 200
    cluster.wait()
    assert cluster.head.address != before
    site.refresh()
    for portal in site.portals.values():
        reply = portal.submit(cluster.id, "#!/bin/bash\ntrue", "new-head")
        assert reply.status == 200, reply.text
    until(
        lambda: (
            [row["state"] for row in cluster.jobs("jobname,state") if row["jobname"] == "new-head"] == ["COMPLETED"] * 2
        ),
        "jobs of the new head node have not completed",
        120,
    )
