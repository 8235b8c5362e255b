#!/usr/bin/env python3
"""Asks a directory's servers, one after the other, as sssd does: verified TLS, then a simple bind as the read-only user

usage: directory-check.py SERVERS USER [CA-FILE] < password

SERVERS are ldaps:// and ldap:// addresses with commas between; ldap:// ones are asked for StartTLS (RFC 4511). Prints a
sentence for each server that cannot be used. Exit status 0 at the first that can, 1 if none can.
"""

import socket
import ssl
import sys
from urllib.parse import urlsplit

SECONDS = 8  # for each step with a server
START_TLS = b"1.3.6.1.4.1.1466.20037"
INVALID_CREDENTIALS = 49


class Refusal(Exception):
    """Why a server cannot be used."""


def field(tag: int, *parts: bytes) -> bytes:
    """A field in BER."""
    body = b"".join(parts)
    size = len(body)
    return bytes([tag]) + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")) + body


def read(connection: socket.socket) -> bytes:
    """The body of the next field; raises OSError if the connection ends in it."""

    def exactly(size: int) -> bytes:
        found = b""
        while len(found) < size:
            more = connection.recv(size - len(found))
            if not more:
                raise ConnectionError("it closed the connection")
            found += more
        return found

    size = exactly(2)[1]
    return exactly(size if size < 128 else int.from_bytes(exactly(size & 127), "big"))


def ask(connection: socket.socket, number: int, request: bytes) -> int:
    """The result code of a request."""
    connection.sendall(field(0x30, field(0x02, bytes([number])), request))
    answer = read(connection)
    code = answer.index(b"\x0a\x01")  # the first enumeration in an answer (RFC 4511, LDAPResult)
    return answer[code + 2]


def try_server(address: str, user: str, password: str, trust: ssl.SSLContext) -> None:
    """Raises Refusal with the rest of a sentence about the server."""
    url = urlsplit(address)
    port = url.port or (636 if url.scheme == "ldaps" else 389)
    try:
        with socket.create_connection((url.hostname, port), SECONDS) as plain:
            if url.scheme == "ldap" and (code := ask(plain, 1, field(0x77, field(0x80, START_TLS)))):
                raise Refusal(f"refuses StartTLS (LDAP result {code}): install a certificate on it")
            with trust.wrap_socket(plain, server_hostname=url.hostname) as connection:
                bind = field(0x60, b"\x02\x01\x03", field(0x04, user.encode()), field(0x80, password.encode()))
                code = ask(connection, 2, bind)
    except ssl.SSLCertVerificationError as error:
        raise Refusal(f"has a certificate that is not trusted here ({error.verify_message})") from None
    except (OSError, ValueError) as error:
        raise Refusal(f"does not answer as an LDAP server with TLS does ({error})") from None
    if code == INVALID_CREDENTIALS:
        raise Refusal(f"refuses the password of {user}")
    if code:
        raise Refusal(f"refuses {user} (LDAP result {code})")


def main(servers: str, user: str, ca_file: str = "") -> int:
    """Exit status."""
    password = sys.stdin.read().strip()
    try:
        trust = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        print(f"WARNING: The directory's CA certificates in {ca_file} are not valid ({error}).", file=sys.stderr)
        return 1
    for address in servers.split(","):
        try:
            try_server(address, user, password, trust)
        except Refusal as reason:
            print(f"WARNING: The directory's server {address} {reason}.", file=sys.stderr)
        else:
            print(f"the directory's server {address} answers")
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
