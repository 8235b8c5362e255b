"""No secret lies where others than root find it: searched for on everything that the bench has left behind."""

from __future__ import annotations

import base64
import json
import subprocess
import threading

import pytest

from tests.bench.disk import files
from tests.bench.site import Site


@pytest.fixture(scope="module")
def secrets(site: Site) -> dict[str, list[bytes]]:
    """Every secret of the deployment, in all spellings that a program may have for it."""
    client = site.emulator.client("secretsmanager", "us-east-1")
    found = {}
    for entry in client.list_secrets()["SecretList"]:
        if entry["Name"] == "directory-ca":
            continue  # certificates, which the portal nodes publish
        text = client.get_secret_value(SecretId=entry["ARN"])["SecretString"]
        spellings = {text, json.dumps(text)[1:-1], text.replace("\\", "\\\\").replace(":", "\\:").replace("=", "\\=")}
        raw = {base64.b64decode(text)} if "unge" in entry["Name"] else set()
        found[entry["Name"]] = sorted({spelling.encode() for spelling in spellings} | raw)
    assert len(found) >= 4, found.keys()
    return found


def holds(content: bytes, secrets: dict[str, list[bytes]]) -> list[str]:
    """Names of the secrets in a text."""
    return [name for name, spellings in secrets.items() if any(spelling in content for spelling in spellings)]


def test_disks_hold_no_secret_that_others_may_read(site: Site, secrets: dict[str, list[bytes]]) -> None:
    """What the machines have written since their first boot: no log has one, whoever may read it; nor an open file."""
    searched = 0
    for machine in site.machines():
        top = machine.folder / "upper"
        for file in files(top):
            relative = file.path.relative_to(top)
            if relative.parts[0] == "var" and relative.parts[1:2] != ("log",) and "mysql" in relative.parts:
                continue  # the database keeps its users' hashes in files of its own
            found = holds(file.content, secrets)
            searched += 1
            log = relative.parts[:2] == ("var", "log")
            assert not (found and (log or file.public)), f"{machine.name}:/{relative} has {found}"
    assert searched > 100


def test_efs_holds_no_secret(site: Site, secrets: dict[str, list[bytes]]) -> None:
    """Neither what the portal keeps there nor what head nodes publish, whoever may read it."""
    searched = 0
    for file in files(site.storage):
        searched += 1
        # ParallelCluster's copy of sssd.conf, on the head node's own disk.
        if file.path.parent.name == "directory_service":
            assert not file.status.st_mode & 0o077
            continue
        assert not holds(file.content, secrets), file.path
    assert searched > 30


def test_journals_hold_no_secret(site: Site, secrets: dict[str, list[bytes]]) -> None:
    """systemd's journal has what services say."""
    for machine in site.machines():
        journal = machine.ask("journalctl --no-pager -o cat").encode()
        assert journal and not holds(journal, secrets), machine.name


def test_process_list_shows_no_secret(site: Site, secrets: dict[str, list[bytes]]) -> None:
    """Nor does what other users may see of a process, while a node is made anew and installs."""
    site.forget_portal()
    seen: set[bytes] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            listed = subprocess.run(
                ["cat /proc/[0-9]*/cmdline 2> /dev/null"], shell=True, capture_output=True, check=False
            )
            seen.update(listed.stdout.split(b"\0"))
            stop.wait(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for number in (1, 2):
            site.replace_portal(number)
    finally:
        stop.set()
        watcher.join()
    assert any(b"installer.jar" in word for word in seen)
    assert not holds(b"\0".join(seen), secrets)
