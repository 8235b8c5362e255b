"""Users from a directory: the same person everywhere, nobody else let in, and no harm when it is away."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from generator.text.archives import cluster_scripts
from tests.bench.directory import INSIDE, NAMESAKE, OUTSIDE, Directory
from tests.bench.machine import Machine
from tests.bench.portal import Portal
from tests.bench.site import Site, until
from tests.bench.test_1_up import ZONES, finished

ROOT = Path(__file__).resolve().parents[2]
# s; sssd asks again a server that was away after 10 to 20 s, and remembers for 15 s whom it did not know.
KNOWN = 60


@pytest.fixture(scope="module")
def directory(site: Site) -> Directory:
    """The site's directory, which every node has found by now."""
    assert site.directory
    for machine in nodes(site):
        until(partial(knows, machine, INSIDE), f"{machine.name} does not know {INSIDE}", KNOWN)
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


def test_user_has_the_same_numbers_everywhere(site: Site, directory: Directory) -> None:
    """They are computed from SIDs, on each node by itself."""
    answers = {machine.address: machine.ask(f"id {INSIDE}; getent passwd {INSIDE}") for machine in nodes(site)}
    assert len(answers) == 6 and len(set(answers.values())) == 1, answers
    [answer] = set(answers.values())
    assert f"({INSIDE})" in answer and "(hpc)" in answer and "(Domain Users)" in answer
    assert int(answer.split("=")[1].split("(")[0]) > 60000, "clear of the nodes' own accounts"


@pytest.mark.parametrize("to", ZONES)
@pytest.mark.parametrize("through", ZONES)
def test_job_of_a_user_through_each_portal_runs_on_each_cluster(
    site: Site, directory: Directory, through: int, to: int
) -> None:
    """It runs as that user, in a folder of that user's, and its accounting arrives."""
    portal, cluster = as_user(site, through, directory.passwords[INSIDE]), site.clusters[to]
    said = portal.submit(cluster.id, "#!/bin/bash\nid -un\nid -u\nid -Gn", "theirs", user=INSIDE)
    assert said.status == 200, said.text
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
        done = as_user(site, zone, directory.passwords[INSIDE]).execute("pwd; stat -c %U .", INSIDE)
        assert done["stdout"].split() == [f"/home/{INSIDE}", INSIDE], done


def test_who_is_not_admitted_is_refused(site: Site, directory: Directory) -> None:
    """A user whom the filter leaves out is not even known to the portal nodes, and known to the clusters without use."""
    for zone in ZONES:
        assert not signs_in(as_user(site, zone, directory.passwords[OUTSIDE]), OUTSIDE)
        assert not signs_in(as_user(site, zone, directory.passwords[OUTSIDE]), INSIDE), "a wrong password"
        assert not knows(site.portals[zone].machine, OUTSIDE)
        head = site.clusters[zone].head
        assert head.run(f"pamtester system-auth {INSIDE} acct_mgmt").status == 0
        assert head.run(f"pamtester system-auth {OUTSIDE} acct_mgmt").status != 0


def test_namesake_of_a_local_account_is_not_let_in_for_it(site: Site, directory: Directory) -> None:
    """efadmin is the local account on every node, with the password of its own secret and no other."""
    assert NAMESAKE == "efadmin"
    for zone in ZONES:
        assert signs_in(site.portals[zone], NAMESAKE)
        assert not signs_in(as_user(site, zone, directory.passwords[NAMESAKE]), NAMESAKE)
    for machine in nodes(site):
        assert machine.ask(f"id -u {NAMESAKE}; id -un 5001").split() == ["5001", NAMESAKE]


def test_portal_node_made_while_the_directory_is_away(site: Site, directory: Directory) -> None:
    """It comes up and says so; efadmin signs in; with the directory back its users do, without a hand."""
    portal, uid = site.portals[2], site.portals[2].machine.ask(f"id -u {INSIDE}")
    directory.stop()
    portal = site.replace_portal(2)
    log = site.log(portal)
    assert "WARNING: The directory's server ldaps://dc1.corp.example.com does not answer" in log
    assert (
        "WARNING: No user of the directory can sign in on this node until one of its servers does; efadmin can." in log
    )
    assert signs_in(portal, "efadmin") and signs_in(site.portals[1], "efadmin")
    assert not knows(portal.machine, INSIDE)
    theirs = [as_user(site, zone, directory.passwords[INSIDE]) for zone in ZONES]
    assert signs_in(theirs[0], INSIDE), "the other node has seen this password"
    assert not signs_in(as_user(site, 1, "wrong"), INSIDE)
    directory.start()
    until(lambda: knows(portal.machine, INSIDE), f"the new node does not know {INSIDE}", KNOWN)
    assert portal.machine.ask(f"id -u {INSIDE}") == uid
    assert signs_in(theirs[1], INSIDE)
    site.refresh()


def test_head_node_that_loses_its_directory(site: Site, directory: Directory) -> None:
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
    until(lambda: knows(head, INSIDE), f"the head node does not know {INSIDE}", KNOWN)


def test_password_of_the_reading_user_is_root_s_alone(site: Site, directory: Directory) -> None:
    """Nodes and what they share have it in sssd's files and in no others."""
    places = [machine.folder / "upper" for machine in nodes(site)] + [site.storage]
    holding: dict[str, list[os.stat_result]] = {}
    for place in places:
        for path in place.rglob("*"):
            if path.is_file() and not path.is_symlink() and directory.password.encode() in path.read_bytes():
                holding.setdefault(path.name, []).append(path.stat())
    # Each node's own, the clusters' copies for their compute nodes, and what sssd makes of it.
    assert {name: len(found) for name, found in holding.items()} == {"sssd.conf": 8, "config.ldb": 6}
    assert {(found.st_uid, found.st_mode & 0o777) for all_ in holding.values() for found in all_} == {(0, 0o600)}
