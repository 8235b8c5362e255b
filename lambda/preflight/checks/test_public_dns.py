"""The question to the public DNS, as bytes over UDP."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from preflight.checks import public_dns
from preflight.checks.public_dns import name_servers, servers_in

Respond = Callable[[bytes], bytes]


def wire(name: str) -> bytes:
    """A name as labels, without compression."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def response(question: bytes, *servers: bytes, code: int = 0, kind: int = 2) -> bytes:
    """An answer to the question: a record for each of `servers`, whose own name points to the question's."""
    head = question[:2] + struct.pack(">5H", 0x8180 | code, 1, len(servers), 0, 0)
    records = b"".join(b"\xc0\x0c" + struct.pack(">2HIH", kind, 1, 60, len(data)) + data for data in servers)
    return head + question[12:] + records


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Respond], list[bytes]]]:
    """Starts a resolver on loopback that answers by a function; returns the questions that it gets."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(("127.0.0.1", 0))
    questions: list[bytes] = []

    def start(respond: Respond) -> list[bytes]:
        def serve() -> None:
            while True:
                question, client = line.recvfrom(4096)
                if not question:
                    return
                questions.append(question)
                if answer := respond(question):
                    line.sendto(answer, client)

        threading.Thread(target=serve, daemon=True).start()
        return questions

    monkeypatch.setattr(public_dns, "resolver", lambda: line.getsockname())
    monkeypatch.setattr(public_dns, "DNS_SECONDS", 0.2)
    yield start
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.sendto(b"", line.getsockname())


def test_the_question_is_for_the_zone_s_name_servers(resolver: Callable[[Respond], list[bytes]]) -> None:
    questions = resolver(lambda question: response(question, wire("ns-1.AWSdns-01.com"), b"\x04ns-2\xc0\x0c"))
    assert name_servers("hpc.example.com.") == {"ns-1.awsdns-01.com", "ns-2.hpc.example.com"}
    assert questions[0][2:] == b"\x01\x00\x00\x01" + bytes(6) + wire("hpc.example.com") + b"\x00\x02\x00\x01"


@pytest.mark.parametrize("code", [0, 3])
def test_a_zone_to_which_nobody_delegates_has_none(resolver: Callable[[Respond], list[bytes]], code: int) -> None:
    resolver(lambda question: response(question, code=code))
    assert name_servers("example.com") == set()


def test_records_of_other_kinds_are_passed_over(resolver: Callable[[Respond], list[bytes]]) -> None:
    resolver(lambda question: response(question, b"\x7f\0\0\1", kind=1))
    assert name_servers("example.com") == set()


def test_a_lost_question_is_asked_again(resolver: Callable[[Respond], list[bytes]]) -> None:
    seen: list[bytes] = []

    def respond(question: bytes) -> bytes:
        seen.append(question)
        return response(question, wire("ns.example")) if len(seen) > 1 else b""

    resolver(respond)
    assert name_servers("example.com") == {"ns.example"} and len(seen) == 2


def test_silence_is_an_error(resolver: Callable[[Respond], list[bytes]]) -> None:
    resolver(lambda question: b"")
    with pytest.raises(TimeoutError):
        name_servers("example.com")


@pytest.mark.parametrize(
    "respond",
    [
        lambda question: response(question, code=2),
        lambda question: (
            b"\0\0" + response(question)[2:] if question[:2] != b"\0\0" else b"\1" + response(question)[1:]
        ),
        lambda question: response(question, b"\xc0\xff"),
        lambda question: response(question, wire("ns.example"))[:-4],
        lambda question: b"no answer",
    ],
    ids=["a server's failure", "another's answer", "a pointer forward", "a torn answer", "no DNS at all"],
)
def test_an_answer_that_tells_nothing_is_an_error(resolver: Callable[[Respond], list[bytes]], respond: Respond) -> None:
    resolver(respond)
    with pytest.raises(ValueError, match="the resolver"):
        name_servers("example.com")


def test_names_that_point_at_themselves_do_not_hang() -> None:
    answer = struct.pack(">6H", 7, 0x8180, 0, 1, 0, 0) + b"\xc0\x0c" + struct.pack(">2HIH", 2, 1, 60, 2) + b"\xc0\x0c"
    with pytest.raises(ValueError, match="pointer"):
        servers_in(answer, 7)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("search example.com\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n", "10.0.0.2"),
        ("nameserver fe80::1\n", "fe80::1"),
    ],
)
def test_the_machine_s_first_resolver_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, place: str
) -> None:
    monkeypatch.setattr(public_dns, "RESOLVERS", tmp_path / "resolv.conf")
    (tmp_path / "resolv.conf").write_text(text)
    assert public_dns.resolver() == (place, 53)


def test_a_machine_without_a_resolver_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(public_dns, "RESOLVERS", tmp_path / "resolv.conf")
    (tmp_path / "resolv.conf").write_text("options edns0\n")
    with pytest.raises(OSError, match="no resolver is configured"):
        public_dns.resolver()
