"""Users from a directory: the same person everywhere, nobody else let in, and no harm when it is away."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from generator.text.archives import cluster_scripts
from tests.bench.directory import INSIDE, NAMESAKE, OUTSIDE, Directory
from tests.bench.disk import files
from tests.bench.machine import Machine
from tests.bench.portal import Portal
from tests.bench.site import Site
from tests.bench.test_1_up import ZONES, finished
from tests.bench.waiting import until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def directory(site: Site) -> Directory:
    """The site's directory, which every node has found by now."""
    assert site.directory
    for machine in nodes(site):
        until(partial(knows, machine, INSIDE), f"{machine.name} does not know {INSIDE}")
    return site.directory


def nodes(site: Site) -> list[Machine]:
    """Every portal node, head node and compute node."""
    return [machine for zone in ZONES for machine in site.zone(zone)]


def knows(machine: Machine, user: str) -> bool:
    """Whether a machine has an account of that name."""
    return machine.run(f"id -u {user}").status == 0


def as_user(site: Site, zone: int, password: str) -> Portal:
    """A portal as somebody with another password than efadmin's sees it."""
    portal = site.portals[zone]
    return Portal(portal.machine, portal.node_env, password)


def signs_in(portal: Portal, user: str) -> bool:
    """Whether the portal lets a user in."""
    status = portal.request("spoolers", user=user).status
    assert status in (200, 401)
    return status == 200


def admits(machine: Machine, user: str) -> bool:
    """Whether a machine's PAM lets a user have a session."""
    return machine.run(f"pamtester system-auth {user} acct_mgmt").status == 0


def test_user_has_the_same_numbers_everywhere(site: Site, directory: Directory) -> None:
    """They are computed from SIDs, on each node by itself."""
    assert len(nodes(site)) == 6

    def agreed() -> str:
        # A node that has asked for the account alone does not know its groups yet.
        answers = {machine.address: machine.ask(f"id {INSIDE}; getent passwd {INSIDE}") for machine in nodes(site)}
        assert len(set(answers.values())) == 1, answers
        return answers.popitem()[1]

    answer = until(agreed, "the nodes do not agree")
    assert f"({INSIDE})" in answer and "(hpc)" in answer and "(Domain Users)" in answer
    assert int(answer.split("=")[1].split("(")[0]) > 60000, "clear of the nodes' own accounts"


@pytest.mark.parametrize("to", ZONES)
@pytest.mark.parametrize("through", ZONES)
def test_job_of_a_user_through_each_portal_runs_on_each_cluster(
    site: Site, directory: Directory, through: int, to: int
) -> None:
    """It runs as that user, in a folder of that user's, and its accounting arrives."""
    portal, cluster = as_user(site, through, directory.passwords[INSIDE]), site.clusters[to]
    said = portal.submitted(cluster.id, "#!/bin/bash\nid -un\nid -u\nid -Gn", "theirs", user=INSIDE)
    row = finished(cluster, said.json["job_id"], "theirs")
    assert (row["user"], row["state"], row["exitcode"]) == (INSIDE, "COMPLETED", "0:0")
    output = f"{said.json['spooler']}/slurm-{cluster.name}-{said.json['job_id']}.out"
    uid = portal.machine.ask(f"id -u {INSIDE}")
    assert portal.machine.ask(f"cat {output}").splitlines() == [INSIDE, uid, "Domain Users hpc"]
    assert (
        portal.machine.ask(f"stat -c '%U %u' {said.json['spooler']} {output}").splitlines() == [f"{INSIDE} {uid}"] * 2
    )
    assert said.json["spooler"] in [spooler["path"] for spooler in portal.request("spoolers", user=INSIDE).json]


def test_command_of_a_user_runs_in_a_home_of_their_own(site: Site, directory: Directory) -> None:
    """It is made at the first session on a node."""
    for zone in ZONES:
        portal = as_user(site, zone, directory.passwords[INSIDE])
        until(partial(signs_in, portal, INSIDE), f"portal {zone} does not let {INSIDE} in")
        done = portal.execute("pwd; stat -c %U .", INSIDE)
        assert done["stdout"].split() == [f"/home/{INSIDE}", INSIDE], done


def test_who_is_not_admitted_is_refused(site: Site, directory: Directory) -> None:
    """A user whom the filter leaves out is not even known to the portal nodes, and known to the clusters without use."""
    for zone in ZONES:
        assert not signs_in(as_user(site, zone, directory.passwords[OUTSIDE]), OUTSIDE)
        assert not signs_in(as_user(site, zone, directory.passwords[OUTSIDE]), INSIDE), "a wrong password"
        assert not knows(site.portals[zone].machine, OUTSIDE)
        head = site.clusters[zone].head
        until(partial(admits, head, INSIDE), f"the head node of zone {zone} does not admit {INSIDE}")
        assert not admits(head, OUTSIDE)


def test_namesake_of_a_local_account_is_not_let_in_for_it(site: Site, directory: Directory) -> None:
    """efadmin is the local account on every node, with the password of its own secret and no other."""
    assert NAMESAKE == "efadmin"
    for zone in ZONES:
        until(partial(signs_in, site.portals[zone], NAMESAKE), f"portal {zone} does not let {NAMESAKE} in")
        assert not signs_in(as_user(site, zone, directory.passwords[NAMESAKE]), NAMESAKE)
    for machine in nodes(site):
        assert machine.ask(f"id -u {NAMESAKE}; id -un 5001").split() == ["5001", NAMESAKE]


def test_portal_node_comes_up_without_its_directory(site: Site, directory: Directory) -> None:
    """It comes up and says so; efadmin signs in; with the directory back its users do, without a hand."""
    uid = site.portals[2].machine.ask(f"id -u {INSIDE}")
    theirs = {zone: as_user(site, zone, directory.passwords[INSIDE]) for zone in ZONES}
    until(partial(signs_in, theirs[1], INSIDE), "portal 1 does not see the password")
    directory.stop()
    portal = site.replace_portal(2)
    log = site.log(portal)
    assert "WARNING: The directory's server ldaps://dc1.corp.example.com does not answer" in log
    assert (
        "WARNING: No user of the directory can sign in on this node until one of its servers does; efadmin can." in log
    )
    for one in site.portals.values():
        until(partial(signs_in, one, "efadmin"), "efadmin is not let in")
    assert not knows(portal.machine, INSIDE)
    # It has seen this password, and remembers it once sssd has found out that its server is not there.
    until(partial(signs_in, theirs[1], INSIDE), "the other node does not remember the password")
    assert not signs_in(as_user(site, 1, "wrong"), INSIDE)
    directory.start()
    until(lambda: knows(portal.machine, INSIDE), f"the new node does not know {INSIDE}")
    assert portal.machine.ask(f"id -u {INSIDE}") == uid
    until(partial(signs_in, as_user(site, 2, directory.passwords[INSIDE]), INSIDE), "its users are not let in")
    site.refresh()


def test_head_node_that_loses_its_directory_keeps_nothing_of_it(site: Site, directory: Directory) -> None:
    """No configuration of sssd is left on it, and its users are not known; given one again, they are."""
    head = site.clusters[2].head
    script = cluster_scripts(ROOT)[1]["directory.sh"]
    ours, shared = "/etc/sssd/sssd.conf", "/opt/parallelcluster/shared/directory_service/sssd.conf"
    (head.root / "root/directory.sh").write_bytes(script)
    head.ask(f"cp -p {shared} /root/sssd.conf")
    try:
        assert "no longer known here" in head.ask("bash /root/directory.sh none")
        assert head.run(f"ls {ours} {shared} /var/lib/sss/db/*.ldb").output.count("No such file") == 3
        assert head.run("systemctl is-active sssd").output.strip() == "inactive"
        assert not knows(head, INSIDE) and knows(head, "efadmin")
        assert head.ask("bash /root/directory.sh none") == ""
    finally:
        head.ask(f"cp -p /root/sssd.conf {shared} && cp -p /root/sssd.conf {ours} && systemctl restart sssd.service")
        head.ask("rm /root/sssd.conf /root/directory.sh")
    until(lambda: knows(head, INSIDE), f"the head node does not know {INSIDE}")


def test_password_of_the_reading_user_is_root_s_alone(site: Site, directory: Directory) -> None:
    """Nodes and what they share have it in sssd's files and in no others."""
    places = [machine.folder / "upper" for machine in nodes(site)] + [site.storage]
    holding: dict[str, list[os.stat_result]] = {}
    for place in places:
        for file in files(place):
            if directory.password.encode() in file.content:
                holding.setdefault(file.path.name, []).append(file.status)
    # Each node's own, the clusters' copies for their compute nodes, and what sssd makes of it.
    assert {name: len(found) for name, found in holding.items()} == {"sssd.conf": 8, "config.ldb": 6}
    assert {(found.st_uid, found.st_mode & 0o777) for all_ in holding.values() for found in all_} == {(0, 0o600)}
