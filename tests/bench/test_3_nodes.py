"""Portal nodes are replaced, lost and made anew, as Auto Scaling groups do it: a new instance with an empty disk."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from tests.bench.site import Site
from tests.bench.waiting import until

KEPT = "stat -c '%n %i %Y' /efs/hpc-portal/installed /efs/nice/enginframe/current-version"
SERVICES = "find /efs/nice/enginframe/data -type f -exec sha256sum {} +"


def state(site: Site, number: int) -> tuple[str, str, str]:
    """What must outlive every node: the installation, the published services, the users' spoolers."""
    portal = site.portals[number]
    portal.wait_until_healthy()
    spoolers = portal.request("spoolers", user="efadmin")
    assert spoolers.status == 200, spoolers.text
    return portal.machine.ask(KEPT), portal.machine.ask(SERVICES), spoolers.text


def up(site: Site, *numbers: int) -> None:
    """Wait until the bootstraps of these portal nodes have ended well."""
    for number in numbers:
        portal = site.portals[number]
        assert portal.machine.user_data() == 0, site.log(portal)
        portal.wait_until_healthy()


@pytest.mark.parametrize("number", [1, 2])
def test_node_replaced_three_times_keeps_its_place(site: Site, number: int) -> None:
    """The new node has the old one's place, joins and installs nothing; users find what they left."""
    other = site.portals[3 - number]
    other.submitted(site.clusters[number].id, "#!/bin/bash\ntrue", "before")
    before, address = state(site, 3 - number), site.portals[number].machine.address
    instances = {site.vpc.metadata.instances[address].instance_id}
    for _ in range(3):
        portal = site.replace_portal(number)
        instances.add(site.vpc.metadata.instances[address].instance_id)
        assert portal.machine.address == address
        log = site.log(portal)
        assert "joining the portal on /efs" in log and "installing" not in log
        assert "No stack operation waits for this node" in log
        assert state(site, number) == before
        until(partial(site.is_complete, portal), "the new node does not see the other one")
    assert len(instances) == 4
    site.refresh()
    site.portals[number].submitted(site.clusters[number].id, "#!/bin/bash\ntrue")


def test_both_nodes_made_anew_have_the_same_portal(site: Site) -> None:
    """From nothing but /efs and the database: the same portal, with all that was in it."""
    before = state(site, 1)
    for number in (1, 2):
        site.portals[number].machine.destroy()
    for number in (1, 2):
        site.replace_portal(number, wait=False)
    up(site, 1, 2)
    assert state(site, 1) == before and state(site, 2) == before
    assert all("installing" not in site.log(portal) for portal in site.portals.values())
    site.refresh()
    for portal in site.portals.values():
        until(partial(site.offers_all, portal), "a portal does not offer both clusters")


def test_watchdog_restarts_a_dead_agent(site: Site) -> None:
    """The portal's agent dies, which the start page does not show: after three looks it is back."""
    portal = site.portals[2]
    pid = portal.machine.ask("cat /efs/nice/enginframe/tmp/$(hostname)/agent.pid")
    watchdog = "hpc-portal-watchdog"
    portal.machine.ask(f"systemctl stop {watchdog}.timer")
    portal.machine.start_unit(f"{watchdog}.service")
    portal.machine.ask(f"kill -KILL {pid}")
    until(lambda: portal.request("spoolers", user="efadmin").status == 503, "the agent has not died")
    assert portal.healthy
    for _ in range(2):  # with two looks each; the third of them restarts
        portal.machine.start_unit(f"{watchdog}.service")
    portal.wait_until_healthy()
    portal.machine.ask(f"systemctl start {watchdog}.timer")
    assert "its agent is silent" in portal.machine.ask("cat /var/log/hpc-portal-watchdog.log")


def test_of_both_at_once_on_an_empty_file_system_one_installs(site: Site) -> None:
    """One of them installs, the other waits for it and joins."""
    site.forget_portal()
    barrier = threading.Barrier(2)

    def boot(number: int) -> None:
        barrier.wait()
        site.replace_portal(number, wait=False)

    threads = [threading.Thread(target=boot, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    up(site, 1, 2)
    logs = [site.log(portal) for portal in site.portals.values()]
    assert sorted("installing EnginFrame" in log for log in logs) == [False, True]
    assert sorted("joining the portal on /efs" in log for log in logs) == [False, True]
    site.refresh()
    site.takes_jobs()
