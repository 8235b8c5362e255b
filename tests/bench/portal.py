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
from tests.bench.waiting import until

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
        """The body of an answer to a request that was granted, parsed."""
        assert self.status == 200, f"HTTP {self.status}: {self.text}"
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
        """Have the watch over clusters look now: what it knows about each of them.

        Not what it logs: its timer may have looked, and logged that, a moment earlier.
        """
        self.machine.start_unit("hpc-portal-clusters.service")
        return self.machine.ask("cat /run/hpc-portal/clusters.state")

    def logged(self) -> str:
        """All that the watch over clusters has logged."""
        return self.machine.ask("cat /var/log/hpc-portal-clusters.log")

    def sees(self, *sentences: str) -> None:
        """Wait until the watch over clusters knows all of this.

        A single look may find a controller of a busy machine too slow for the clients' short time-outs.
        """
        until(lambda: all(sentence in self.look() for sentence in sentences), f"the watch does not see {sentences}")

    def sees_answers(self, number: int) -> None:
        """Wait until so many clusters answer this node."""
        until(lambda: self.look().count(" answers") == number, f"{number} clusters do not answer")

    def submit(self, cluster: str, command: str, name: str = "job", options: str = "", user: str = "efadmin") -> Reply:
        """The published batch service: a script becomes a job of `cluster` (an id of `clusters`)."""
        fields = {"cluster": cluster, "job_name": name, "command": command, "options": options}
        return self.request("batch", fields, user)

    def sees_no_news(self) -> None:
        """Wait for two looks that find the same; the watch over clusters has logged nothing for the second one."""

        def silent() -> bool:
            known, logged = self.look(), self.logged()
            return self.look() == known and self.logged() == logged

        until(silent, "the watch logs what it has logged already")

    def submitted(self, cluster: str, command: str, name: str = "job", user: str = "efadmin") -> Reply:
        """As `submit`, until the cluster takes the job: a busy one may be too slow for the clients' short time-outs.

        A job whose answer was lost may run as well.
        """

        def accepted() -> Reply:
            reply = self.submit(cluster, command, name, user=user)
            assert reply.status == 200, f"HTTP {reply.status}: {reply.text}"
            return reply

        reply: Reply = until(accepted, f"{cluster} takes no job through {self.machine.name}")
        return reply

    def wait_until_healthy(self) -> None:
        """Wait for the target group's health check, and until the portal lets its administrator in."""
        until(lambda: self.healthy, f"{self.machine.name} does not answer")
        until(lambda: self.request("spoolers", user="efadmin").status == 200, f"{self.machine.name} lets nobody in")

    def execute(self, command: str, user: str = "efadmin") -> Any:
        """A command that a user of the portal runs on its node: {status, stdout, stderr}."""
        return self.request("run", {"command": command}, user).json
