"""The product comes up from bare machines and does what it is for."""

import json
from functools import partial

import pytest

from tests.bench.portal import Portal
from tests.bench.site import STACK, Site
from tests.bench.slurm import Cluster
from tests.bench.waiting import PATIENCE, until

ZONES = (1, 2)


def finished(cluster: Cluster, job: str, name: str) -> dict[str, str]:
    """A job's row in accounting, once it is there and final. A head node made anew numbers its jobs from 1 again."""

    def found() -> dict[str, str] | None:
        rows = [row for row in cluster.jobs() if (row["jobid"], row["jobname"]) == (job, name)]
        # A job that a busy node was too slow to start has a row for that, and another one.
        return rows[-1] if rows and rows[-1]["state"] not in ("PENDING", "RUNNING", "REQUEUED") else None

    return dict(until(found, f"job {job} of {cluster.name} is not in accounting"))


def test_stack_is_complete_by_the_nodes_own_signals(site: Site) -> None:
    """CloudFormation has waited for both; each portal node answers as the load balancer's health check asks."""
    stacks = site.emulator.client("cloudformation", "us-east-1").describe_stacks(StackName=STACK)["Stacks"]
    assert stacks[0]["StackStatus"] == "CREATE_COMPLETE"
    for zone in ZONES:
        site.portals[zone].wait_until_healthy()
        assert "signaling SUCCESS" in site.log(site.portals[zone])


def test_one_node_installed_and_the_other_joined(site: Site) -> None:
    """They see each other at their fixed addresses."""
    assert "installing EnginFrame" in site.log(site.portals[1])
    assert "joining the portal on /efs" in site.log(site.portals[2])
    for zone in ZONES:
        until(partial(site.is_complete, site.portals[zone]), f"portal {zone} does not see both members")


def test_clusters_appear_without_a_hand(site: Site) -> None:
    """The nodes' own timers find what the head nodes publish."""
    for portal in site.portals.values():
        until(partial(site.offers_all, portal), "a portal does not offer both clusters")


@pytest.mark.parametrize("to", ZONES)
@pytest.mark.parametrize("through", ZONES)
def test_job_through_each_portal_runs_on_each_cluster(site: Site, through: int, to: int) -> None:
    """It runs as who submitted it, its output names the cluster, its accounting arrives."""
    portal, cluster = site.portals[through], site.clusters[to]
    command = (
        "#!/bin/bash\nid -un\necho $SLURM_CLUSTER_NAME\nfor folder in /fsx_cluster*; do touch $folder/was-here; done"
    )
    said = portal.submitted(cluster.id, command, "first")
    row = finished(cluster, said.json["job_id"], "first")
    output = f"{said.json['spooler']}/slurm-{cluster.name}-{said.json['job_id']}.out"
    assert portal.machine.ask(f"cat {output}").split() == ["efadmin", cluster.name]
    assert (row["user"], row["jobname"], row["state"], row["exitcode"]) == ("efadmin", "first", "COMPLETED", "0:0")
    assert said.json["spooler"] in [spooler["path"] for spooler in portal.request("spoolers", user="efadmin").json]
    assert portal.machine.ask(f"ls /fsx_cluster{to}", user="efadmin") == "was-here"


def test_only_who_has_a_password_gets_in(site: Site) -> None:
    """efadmin's is the secret's; root may not run services."""
    for portal in site.portals.values():
        assert portal.request("spoolers", user="efadmin").status == 200
        assert portal.request("spoolers", user="root").status == 401
        stranger = Portal(portal.machine, portal.node_env, portal.password + "x")
        assert stranger.request("spoolers", user="efadmin").status == 401


def test_portal_user_cannot_reach_the_metadata_service(site: Site) -> None:
    """Neither through the portal nor from a login; root can, and so could they without the guard."""
    ask = "curl -sS -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token"
    for portal in site.portals.values():
        address = portal.machine.address
        before = site.vpc.metadata.tokens_of(address)
        assert portal.execute(ask)["status"] == 7
        assert portal.machine.run(ask, user="efadmin").status == 7
        assert portal.machine.run("aws sts get-caller-identity", user="efadmin").status != 0
        assert site.vpc.metadata.tokens_of(address) == before
        assert portal.machine.run(ask).status == 0


def test_metadata_service_is_closed_again_after_a_reboot(site: Site) -> None:
    """Before anybody can log in: the rules are not kept by the kernel."""
    portal = site.portals[2]
    portal.machine.power_off()
    portal.machine.power_on()
    portal.wait_until_healthy()
    assert "REJECT" in portal.machine.ask("iptables -S OUTPUT")
    assert portal.machine.run("curl -m 5 http://169.254.169.254/", user="efadmin").status == 7


def test_second_run_changes_nothing(site: Site) -> None:
    """On a finished node: no file another, no service restarted, nothing asked of the vendor's installer."""
    portal = site.portals[1]
    for one in site.portals.values():  # its start is over, the last file of it written
        until(partial(one.machine.ask, "systemctl is-active enginframe"), "EnginFrame does not start")
    files = (
        "find /etc /opt /usr /var/lib/hpc-portal /efs/hpc-portal /efs/nice -xdev -type f"
        " ! -path '*/logs/*' ! -path '*/spoolers/*' ! -path '*/repository/*' -printf '%p %m %u %T@\\n' | sort"
    )
    services = "systemctl show -p MainPID,ActiveEnterTimestampMonotonic munge enginframe bench-agent"
    before = portal.machine.ask(files), portal.machine.ask(services)
    done = portal.machine.run("/opt/hpc-portal/bootstrap.sh", seconds=PATIENCE)
    assert done.status == 0, done.output
    assert (portal.machine.ask(files), portal.machine.ask(services)) == before


def test_agent_measures_by_the_configuration_that_it_was_given(site: Site) -> None:
    """The CloudWatch agent runs, and collects the logs of this node's portal."""
    for portal in site.portals.values():
        collected = json.loads(portal.machine.ask("cat /etc/bench-agent.json"))["logs"]["logs_collected"]["files"]
        paths = [entry["file_path"] for entry in collected["collect_list"]]
        logs = portal.machine.ask("ls /efs/nice/enginframe/logs/$(hostname)/*.log").splitlines()
        assert logs and f"/efs/nice/enginframe/logs/{portal.machine.name}/*.log" in paths
        assert portal.machine.ask("systemctl is-active bench-agent") == "active"
