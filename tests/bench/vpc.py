"""What is between and around the machines: subnets, the instance metadata service, ways to AWS and to download sites.

All of it is in the bench's own network namespace, which is the router between the subnets: a zone that is cut off, or a
machine without power, does not answer, as in a VPC; nobody is told that it is unreachable.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

from tests.bench.machine import Machine, host

IMDS = "169.254.169.254"


@dataclass
class Subnet:
    """A subnet, one for each zone and one for what belongs to none: a bridge, and behind it the router."""

    name: str  # of at most eight letters
    network: IPv4Network
    cut: bool = False

    def __post_init__(self) -> None:
        bridge, gateway = f"br-{self.name}", f"gw-{self.name}"
        host("ip", "link", "add", bridge, "type", "bridge")
        host("ip", "link", "add", gateway, "type", "veth", "peer", "name", f"up-{self.name}")
        host("ip", "link", "set", f"up-{self.name}", "master", bridge, "up")
        host("ip", "link", "set", bridge, "up")
        host("ip", "address", "add", f"{self.network[1]}/{self.network.prefixlen}", "dev", gateway)
        host("ip", "link", "set", gateway, "up")

    def plug(self, machine: Machine) -> None:
        """Give a machine its network card."""
        netns, card = machine.netns, self._card(machine)
        host("ip", "netns", "add", netns)
        host("ip", "link", "add", card, "type", "veth", "peer", "name", "eth0", "netns", netns)
        host("ip", "link", "set", card, "master", f"br-{self.name}", "up")
        own = ("ip", "-n", netns)
        host(*own, "address", "add", f"{machine.address}/{self.network.prefixlen}", "dev", "eth0")
        host(*own, "link", "set", "eth0", "up")
        host(*own, "link", "set", "lo", "up")
        host(*own, "route", "add", "default", "via", str(self.network[1]))
        _silence(f"{machine.address}/32", False)

    @staticmethod
    def _card(machine: Machine) -> str:
        """The other end of its network card."""
        return "v" + machine.address.replace(".", "-").replace("-", "", 1)[:14]

    def unplug(self, machine: Machine) -> None:
        """Take it away; what is sent to its address from now on is lost."""
        for what in (("link", self._card(machine)), ("netns", machine.netns)):  # the latter outlives its last process
            with contextlib.suppress(RuntimeError):
                host("ip", what[0], "delete", what[1])
        _silence(f"{machine.address}/32", True)

    def set_cut(self, cut: bool) -> None:
        """Lose everything between this subnet and the rest of the world, or no longer."""
        self.cut = cut
        host("ip", "link", "set", f"gw-{self.name}", "down" if cut else "up")
        _silence(str(self.network), cut)


def _silence(where: str, lost: bool) -> None:
    """Have the router drop what goes to an address, without a word to the sender."""
    with contextlib.suppress(RuntimeError):
        host("ip", "route", "delete", "blackhole", where)
    if lost:
        host("ip", "route", "add", "blackhole", where)


@dataclass
class Instance:
    """What the metadata service knows about the machine at an address."""

    instance_id: str
    user_data: str
    zone: str
    role: str


@dataclass
class Metadata:
    """The instance metadata service, version 2 alone: without a token there is no answer."""

    instances: dict[str, Instance] = field(default_factory=dict)  # by address
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)  # whose each is, and when it ends
    asked: list[tuple[str, str]] = field(default_factory=list)  # (address, path) of each answered request

    def answer(self, method: str, path: str, headers: Mapping[str, str], address: str) -> tuple[int, bytes]:
        """Status and body of a request."""
        if method == "PUT" and path == "/latest/api/token":
            token = secrets.token_urlsafe(32)
            self.tokens[token] = address, time.monotonic() + int(headers["X-aws-ec2-metadata-token-ttl-seconds"])
            return 200, token.encode()
        _, end = self.tokens.get(headers.get("X-aws-ec2-metadata-token", ""), ("", 0.0))
        if end < time.monotonic():
            return 401, b""
        self.asked.append((address, path))
        known = self.instances.get(address)
        found = self._documents(known).get(path.removeprefix("/latest/")) if known else None
        return (404, b"") if found is None else (200, found.encode())

    def tokens_of(self, address: str) -> list[str]:
        """The tokens that the machine at an address has been given."""
        return [token for token, (owner, _) in list(self.tokens.items()) if owner == address]

    @staticmethod
    def _documents(instance: Instance) -> dict[str, str]:
        keys = {
            "Code": "Success",
            "Type": "AWS-HMAC",
            "AccessKeyId": "test",
            "SecretAccessKey": "test",
            "Token": "",
            "LastUpdated": "2026-01-01T00:00:00Z",
            "Expiration": "2036-01-01T00:00:00Z",
        }
        role = "meta-data/iam/security-credentials/"
        return {
            "meta-data/instance-id": instance.instance_id,
            "meta-data/placement/availability-zone": instance.zone,
            "meta-data/placement/region": instance.zone[:-1],
            "user-data": instance.user_data,
            role: instance.role,
            role + instance.role: json.dumps(keys),
        }


Answer = Callable[[str, str, Mapping[str, str], str], tuple[int, bytes]]


def serve(address: str, port: int, answer: Answer, context: ssl.SSLContext | None = None) -> None:
    """Answer HTTP (with `context`: HTTPS) requests on a thread of this process."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _reply(self) -> None:
            status, body = answer(self.command, self.path, self.headers, self.client_address[0])  # type: ignore[arg-type]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_HEAD = _reply

        def log_message(self, *text: Any) -> None:
            """Nothing: a machine's requests are no news."""

    server = ThreadingHTTPServer((address, port), Handler)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def relay(address: str, port: int, target: int) -> None:
    """Pass connections to a port of this machine on to another one of 127.0.0.1, on threads of this process."""

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", target)) as other:
                back = threading.Thread(target=pump, args=(other, self.request), daemon=True)
                back.start()
                pump(self.request, other)
                back.join()

    class Server(ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    threading.Thread(target=Server((address, port), Handler).serve_forever, daemon=True).start()


class Authority:
    """A certificate authority that the machines trust, and that Aurora's and the download sites' certificates are of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate, self._key = folder / "ca.pem", folder / "ca.key"
        subject = ["-subj", "/CN=Certificate authority of the bench"]
        new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        host(*new, *subject, "-days", "30", "-keyout", str(self._key), "-out", str(self.certificate))

    def issue(self, *names: str) -> tuple[str, str]:
        """Certificate and key, in PEM, of a server with these DNS names."""
        key, request, made = (self.folder / f"{names[0]}.{kind}" for kind in ("key", "csr", "pem"))
        new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={names[0][:64]}"]
        host(*new, "-keyout", str(key), "-out", str(request))
        extensions = self.folder / f"{names[0]}.ext"
        extensions.write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names) + "\n")
        sign = ["openssl", "x509", "-req", "-in", str(request), "-CA", str(self.certificate), "-CAkey", str(self._key)]
        host(*sign, "-CAcreateserial", "-days", "30", "-extfile", str(extensions), "-out", str(made))
        return made.read_text(), key.read_text()

    def context(self, *names: str) -> ssl.SSLContext:
        """For a server in this process that goes by these names."""
        self.issue(*names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{names[0]}.pem", self.folder / f"{names[0]}.key")
        return context


class Vpc:
    """Subnets by name, and the services around them."""

    def __init__(self, folder: Path, emulator_port: int) -> None:
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        host("ip", "link", "set", "lo", "up")
        self.subnets: dict[str, Subnet] = {}
        self.metadata = Metadata()
        self.authority = Authority(folder / "authority")
        self.core = self.subnet("core", "100.64.0.0/24")
        self.aws = str(self.core.network[2])  # where AWS's endpoints and the web are
        host("ip", "address", "add", f"{self.aws}/24", "dev", "gw-core")
        host("ip", "address", "add", f"{IMDS}/32", "dev", "lo")
        serve(IMDS, 80, self.metadata.answer)
        relay(self.aws, 80, emulator_port)
        self.sites: dict[str, bytes] = {}  # https://host/path without the scheme: content

    def subnet(self, name: str, cidr: str) -> Subnet:
        """Make a subnet."""
        self.subnets[name] = Subnet(name, ip_network(cidr))  # type: ignore[arg-type]
        return self.subnets[name]

    def open_sites(self, sites: Mapping[str, bytes]) -> set[str]:
        """Serve downloads over HTTPS; returns the host names, which the machines must be told."""
        self.sites.update(sites)
        hosts = {place.split("/")[0] for place in sites}

        def answer(method: str, path: str, headers: Mapping[str, str], address: str) -> tuple[int, bytes]:
            found = self.sites.get(f"{headers['Host'].split(':')[0]}{path}")
            return (404, b"") if found is None else (200, found)

        serve(self.aws, 443, answer, self.authority.context(*sorted(hosts)))
        return hosts


def addresses(network: IPv4Network, used: set[str]) -> Iterator[str]:
    """Free addresses of a subnet, from the hundredth on: AWS's own and those of interfaces come before."""
    return (str(a) for n, a in enumerate(network.hosts()) if n >= 99 and str(a) not in used)
