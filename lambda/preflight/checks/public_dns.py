"""One question to the public DNS, over UDP: which name servers a zone has."""

import secrets
import socket
import struct
from pathlib import Path

RESOLVERS = Path("/etc/resolv.conf")
DNS_SECONDS = 2.0  # for an answer
TRIES = 2
NS, INTERNET, RECURSION = 2, 1, 0x0100
NO_SUCH_NAME = 3


def name_servers(zone: str) -> set[str]:
    """The name servers of `zone`, in lower case and without a dot at the end; none if nobody delegates to it.

    Raises OSError if the resolver does not answer, and ValueError if its answer tells nothing.
    """
    number = secrets.randbelow(1 << 16)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in zone.rstrip(".").split("."))
    question = struct.pack(">6H", number, RECURSION, 1, 0, 0, 0) + labels + struct.pack(">x2H", NS, INTERNET)
    for left in reversed(range(TRIES)):
        try:
            return servers_in(answer_to(question), number)
        except TimeoutError:
            if not left:
                raise
    raise AssertionError


def resolver() -> tuple[str, int]:
    """The address of this machine's resolver."""
    servers = [line.split()[1] for line in RESOLVERS.read_text().splitlines() if line.startswith("nameserver ")]
    if not servers:
        raise OSError("no resolver is configured")
    return servers[0], 53


def answer_to(question: bytes) -> bytes:
    """The resolver's answer."""
    place = resolver()
    with socket.socket(socket.AF_INET6 if ":" in place[0] else socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(DNS_SECONDS)
        line.connect(place)  # so that nobody else is listened to
        line.send(question)
        return line.recv(4096)


def servers_in(answer: bytes, number: int) -> set[str]:
    """The name servers in the answer to question `number` (RFC 1035, section 4)."""
    try:
        got, flags, questions, records = struct.unpack_from(">4H", answer)
        if got != number or flags & 15 not in (0, NO_SUCH_NAME):
            raise ValueError(f"the resolver answers with code {flags & 15}")
        place = 12
        for _ in range(questions):
            place = name_at(answer, place)[1] + 4
        found = set()
        for _ in range(records):
            place = name_at(answer, place)[1]
            kind, _, _, length = struct.unpack_from(">2HIH", answer, place)
            place += 10
            if kind == NS:
                found.add(name_at(answer, place)[0])
            place += length
    except (struct.error, IndexError) as error:
        raise ValueError(f"the resolver's answer cannot be read ({error})") from None
    return found


def name_at(answer: bytes, place: int) -> tuple[str, int]:
    """The name that begins at `place`, and the place behind it. A pointer leads to an earlier place alone."""
    labels: list[str] = []
    while length := answer[place]:
        if length >= 192:
            earlier = struct.unpack_from(">H", answer, place)[0] & 0x3FFF
            if earlier >= place:
                raise IndexError("a pointer forward")
            return ".".join([*labels, name_at(answer, earlier)[0]]).rstrip("."), place + 2
        labels.append(answer[place + 1 : place + 1 + length].decode("ascii", "replace").lower())
        place += 1 + length
    return ".".join(labels), place + 1
