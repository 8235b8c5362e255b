"""A portal node of the bench as its users and the load balancer see it: HTTPS on port 8443."""

from __future__ import annotations

import base64
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.bench.machine import Machine

# The balancer does not verify its targets' certificates either.
UNVERIFIED = ssl.create_default_context()
UNVERIFIED.check_hostname = False
UNVERIFIED.verify_mode = ssl.CERT_NONE


@dataclass
class Reply:
    """An answer of a portal; status 0 if there was none."""

    status: int
    text: str
    seconds: float

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.text)


@dataclass
class Portal:
    """One portal node. `node_env` is what its user data says about it."""

    machine: Machine
    node_env: dict[str, str]
    password: str

    def request(self, path: str, fields: dict[str, str] | None = None, user: str = "", seconds: float = 60) -> Reply:
        """GET, or with `fields` POST, below /enginframe/; as `user` with efadmin's password."""
        data = urllib.parse.urlencode(fields).encode() if fields is not None else None
        request = urllib.request.Request(f"https://{self.machine.address}:8443/enginframe/{path}", data)
        if user:
            request.add_header(
                "Authorization", "Basic " + base64.b64encode(f"{user}:{self.password}".encode()).decode()
            )
        begin = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=seconds, context=UNVERIFIED) as answer:
                return Reply(answer.status, answer.read().decode(), time.monotonic() - begin)
        except urllib.error.HTTPError as refused:
            return Reply(refused.code, refused.read().decode(), time.monotonic() - begin)
        except OSError as problem:
            return Reply(0, str(problem), time.monotonic() - begin)

    @property
    def healthy(self) -> bool:
        """The target group's health check."""
        return 200 <= self.request("", seconds=5).status < 400

    def clusters(self) -> list[str]:
        """Ids of the clusters that the portal offers."""
        return [cluster["id"] for cluster in self.request("clusters", user="efadmin").json]

    def look(self) -> str:
        """Have the watch over clusters look now: what it says."""
        log = "/var/log/hpc-portal-clusters.log"
        before = int(self.machine.ask(f"touch {log}; wc -l < {log}"))
        # systemd takes no more than five starts in ten seconds.
        unit = "hpc-portal-clusters.service"
        self.machine.ask(f"systemctl reset-failed {unit} 2> /dev/null; systemctl start {unit}", seconds=90)
        return self.machine.ask(f"tail -n +{before + 1} {log}")

    def submit(self, cluster: str, command: str, name: str = "job", options: str = "", user: str = "efadmin") -> Reply:
        """The published batch service: a script becomes a job of `cluster` (an id of `clusters`)."""
        fields = {"cluster": cluster, "job_name": name, "command": command, "options": options}
        return self.request("batch", fields, user)

    def execute(self, command: str, user: str = "efadmin") -> Any:
        """A command that a user of the portal runs on its node: {status, stdout, stderr}."""
        return self.request("run", {"command": command}, user).json
