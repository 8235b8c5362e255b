"""Users from a directory on a portal node: the same sssd domain as on the clusters, secrets kept, troubles told."""

import datetime
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from generator.form.directory import SCHEMAS
from tests.support.cluster_configuration import configuration, sssd_domain
from tests.support.portal_node import PROJECT, PortalNode

PASSWORD = "batt3ry=staple $x\\y%z"
STEP = "58-directory"
PEM = "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----"
FILTER = "(&(objectClass=user)(|(memberOf=CN=hpc \\28all\\29,DC=corp,DC=example,DC=com)(uid=a*)))"
DIRECTORY = {
    "DIRECTORY_DOMAIN": "corp.example.com",
    "DIRECTORY_SERVERS": "ldaps://127.0.0.1:1",  # nobody listens there
    "DIRECTORY_USER": "CN=reader,OU=Users,DC=corp,DC=example,DC=com",
    "DIRECTORY_SECRET_ARN": "arn:reader",
}
CA = {"DIRECTORY_CA_SECRET_ARN": "arn:ca"}
UNREACHABLE = "WARNING: The directory's server ldaps://127.0.0.1:1 does not answer as an LDAP server with TLS does"


def make(folder: Path, **changes: str) -> PortalNode:
    """A node up to the step, with the directory's secrets."""
    node = PortalNode(folder, **(DIRECTORY | changes))
    node.secret("arn:reader", PASSWORD)
    node.secret("arn:ca", PEM)
    node.ready_for(STEP)
    return node


def domain(node: PortalNode) -> dict[str, str]:
    """The options of sssd's domain on the node."""
    section = node.read("etc/sssd/sssd.conf").partition("[domain/default]\n")[2]
    return dict(line.split(" = ", 1) for line in section.splitlines() if line)


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize(
    ("name", "base"), [("corp.example.com", "DC=corp,DC=example,DC=com"), ("dc=hpc,dc=test", "dc=hpc,dc=test")]
)
@pytest.mark.parametrize(("ca", "access"), [("", ""), ("arn:ca", FILTER)])
def test_the_domain_is_that_of_the_clusters(
    tmp_path: Path, schema: str, name: str, base: str, ca: str, access: str
) -> None:
    node = make(
        tmp_path, DIRECTORY_DOMAIN=name, DIRECTORY_SCHEMA=schema, DIRECTORY_CA_SECRET_ARN=ca, DIRECTORY_FILTER=access
    )
    status, output = node.step(STEP)
    assert status == 0, output
    answers = {
        "DirectoryDomainName": name,
        "DirectoryDomainAddr": DIRECTORY["DIRECTORY_SERVERS"],
        "DirectoryDomainReadOnlyUser": DIRECTORY["DIRECTORY_USER"],
        "DirectoryPasswordSecretArn": "arn:reader",
        "DirectoryCaCertSecretArn": ca,
        "DirectoryLdapAccessFilter": access,
        "DirectoryLdapSchema": schema,
    }
    found = domain(node)
    assert found.pop("ldap_default_authtok") == PASSWORD
    # The one difference: on the portal, who is not admitted is not even known.
    assert found.pop("ldap_user_search_base", "") == (f"{base}?subtree?{FILTER}" if access else "")
    assert found == sssd_domain(configuration(**answers)["DirectoryService"])
    assert (found["ldap_id_mapping"] == "True") == (schema == "AD")


def test_the_password_is_in_one_file_that_root_alone_reads(tmp_path: Path) -> None:
    node = make(tmp_path, **CA)
    status, output = node.step(STEP)
    assert status == 0, output
    holding = [path for path in node.root.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    assert holding == [node.root / "etc/sssd/sssd.conf"]
    assert holding[0].stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in "\n".join([output, *node.calls()])
    certificates = node.root / "efs/hpc-portal/directory-ca.pem"
    assert certificates.read_text() == f"{PEM}\n" and certificates.stat().st_mode & 0o777 == 0o644


def test_a_second_run_changes_and_restarts_nothing_and_another_answer_does(tmp_path: Path) -> None:
    node = make(tmp_path, **CA)
    assert node.step(STEP)[0] == 0
    before = node.tree()
    assert node.step(STEP)[0] == 0
    assert node.tree() == before
    restarts = "systemctl restart sssd.service"
    assert node.calls().count(restarts) == 1 and node.calls().count("systemctl start sssd.service") == 1
    assert len([call for call in node.calls() if call.startswith("authselect select")]) == 1
    node.configure(**(DIRECTORY | CA | {"DIRECTORY_FILTER": "(uid=a)"}))
    assert node.step(STEP)[0] == 0
    assert node.calls().count(restarts) == 2
    node.secret("arn:ca", PEM.replace("MIIC", "MIID"))
    assert node.step(STEP)[0] == 0
    assert node.calls().count(restarts) == 3, "sssd reads the certificates once"


def test_a_directory_that_is_given_up_goes_as_it_came(tmp_path: Path) -> None:
    node = make(tmp_path)
    node.tell("authselect", "minimal with-silent-lastlog\n")
    assert node.step(STEP)[0] == 0
    assert (node.world / "authselect").read_text() == "sssd with-mkhomedir\n"
    cache = node.root / "var/lib/sss/db/cache_default.ldb"
    cache.parent.mkdir(parents=True)
    cache.touch()
    node.configure()
    status, output = node.step(STEP)
    assert status == 0, output
    assert (node.world / "authselect").read_text() == "minimal with-silent-lastlog\n"
    assert not (node.root / "etc/sssd/sssd.conf").exists() and not cache.exists()
    assert "systemctl disable -q --now sssd.service oddjobd.service" in node.calls()
    before = node.calls()
    assert node.step(STEP) == (0, "") and node.calls() == before
    node.configure(**DIRECTORY)
    assert node.step(STEP)[0] == 0, "and comes again"


def test_an_image_with_an_sssd_of_its_own_keeps_it_without_a_directory(tmp_path: Path) -> None:
    node = PortalNode(tmp_path)
    conf = node.root / "etc/sssd/sssd.conf"
    conf.parent.mkdir()
    conf.write_text("[sssd]\n")
    assert node.step(STEP) == (0, "") and conf.read_text() == "[sssd]\n" and node.calls() == []


def test_a_directory_that_does_not_answer_stops_no_bootstrap(tmp_path: Path) -> None:
    node = PortalNode(tmp_path, **DIRECTORY)
    node.secret("arn:reader", PASSWORD)
    status, output = node.run()
    assert status == 0, output
    assert UNREACHABLE in output and "portal node 1 of 2 is ready" in output
    assert "WARNING: No user of the directory can sign in on this node until one of its servers does; efadmin" in output
    assert PASSWORD not in output


FAULTS = {
    "no secret": (lambda node: (node.world / "secrets/arn:reader").unlink(), "does not exist in eu-west-1"),
    "JSON": (lambda node: node.secret("arn:reader", '{"password": "x"}'), "must be the password alone, on one line."),
    "two lines": (lambda node: node.secret("arn:reader", "a\nb"), "must be the password alone, on one line."),
    "no PEM": (lambda node: node.secret("arn:ca", "MIIC"), "(arn:ca) holds none: store them in PEM."),
    "a key": (
        lambda node: node.secret("arn:ca", f"{PEM}\n-----BEGIN PRIVATE KEY-----\n"),
        "holds a private key: remove it",
    ),
    "no packages": (
        lambda node: node.tell("no-packages"),
        "The image lacks one of sssd sssd-ldap authselect oddjob-mkhomedir, and they could not be installed",
    ),
    "authselect refuses": (
        lambda node: node.tell("authselect-error", "[error]\n"),
        "could not be switched to the directory",
    ),
    "sssd refuses": (
        lambda node: (node.stubs / "systemctl").write_text('#!/bin/bash\n[[ "$*" != "restart sssd.service" ]]\n'),
        "sssd does not start with the directory's configuration: see journalctl -u sssd",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_can_be_mended_ends_the_step_with_a_sentence(tmp_path: Path, fault: str) -> None:
    node = make(tmp_path, **CA)
    trouble, sentence = FAULTS[fault]
    trouble(node)
    status, output = node.step(STEP)
    assert status == 70 and sentence in output, output
    assert re.search(r"^ERROR: [^\n]+\.$", output, re.MULTILINE)
    assert PASSWORD not in output


# -- directory-check.py -----------------------------------------------------------------------------------------------


def certificate(folder: Path, name: str, host: str) -> tuple[Path, Path]:
    """A self-signed certificate for `host`, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


class Server:
    """An LDAP server that knows StartTLS and one user; what it answers is Active Directory's way of spelling BER."""

    def __init__(self, folder: Path, host: str = "localhost", secure: bool = True, start_tls: int = 0) -> None:
        self.certificate, key = certificate(folder, f"server-{host}", host)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.secure, self.start_tls, self.seen = secure, start_tls, b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        scheme = "ldaps" if secure else "ldap"
        self.url = f"{scheme}://localhost:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self.converse(connection)
                except OSError:
                    continue

    def converse(self, connection: socket.socket) -> None:
        if not self.secure:
            self.seen += connection.recv(1000)
            connection.sendall(self.answer(1, 0x78, self.start_tls))
            if self.start_tls:
                return
        with self.context.wrap_socket(connection, server_side=True) as secured:
            bind = secured.recv(1000)
            right = b"cn=reader" in bind and bind.endswith(PASSWORD.encode())
            secured.sendall(self.answer(2, 0x61, 0 if right else 49))

    def answer(self, number: int, tag: int, code: int) -> bytes:
        result = bytes([0x0A, 1, code, 4, 0, 4, 0])
        body = bytes([2, 1, number, tag, 0x84, 0, 0, 0, len(result)]) + result
        return bytes([0x30, 0x84, 0, 0, 0, len(body)]) + body


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Any]:
    made: list[Server] = []

    def make(**kind: Any) -> Server:
        made.append(Server(tmp_path, **kind))
        return made[-1]

    yield make
    for server in made:
        server.listener.close()


def ask(*servers: str, ca: Path, user: str = "cn=reader", password: str = PASSWORD) -> tuple[int, str]:
    script = PROJECT / "userdata/portal/directory-check.py"
    command = [sys.executable, str(script), ",".join(servers), user, str(ca)]
    done = subprocess.run(command, input=password, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("secure", [True, False], ids=["ldaps", "StartTLS"])
def test_a_server_that_takes_the_reading_user_does(servers: Any, secure: bool) -> None:
    server = servers(secure=secure)
    status, output = ask("ldaps://127.0.0.1:1", server.url, ca=server.certificate)
    assert status == 0 and f"the directory's server {server.url} answers" in output
    assert UNREACHABLE in output, "the others are told of all the same"
    status, output = ask(server.url, ca=server.certificate, password=f"{PASSWORD}\n")
    assert status == 0, output


@pytest.mark.parametrize("secure", [True, False], ids=["ldaps", "StartTLS"])
def test_why_a_server_does_not_do(servers: Any, tmp_path: Path, secure: bool) -> None:
    server, elsewhere = servers(secure=secure), servers(secure=secure, host="elsewhere.example")
    stranger, _ = certificate(tmp_path, "stranger", "localhost")
    garbled = tmp_path / "garbled.pem"
    garbled.write_text(PEM)
    for found, sentence in (
        (ask(server.url, ca=server.certificate, password="wrong"), "refuses the password of cn=reader."),
        (ask(server.url, ca=stranger), "has a certificate that is not trusted here (self"),
        (ask(elsewhere.url, ca=elsewhere.certificate), "is not trusted here (Hostname mismatch"),
        (ask(server.url, ca=garbled), "garbled.pem are not valid ("),
    ):
        assert found[0] == 1 and sentence in found[1], found
        assert PASSWORD not in found[1]


def test_no_password_is_sent_where_there_is_no_tls(servers: Any) -> None:
    server = servers(secure=False, start_tls=2)
    status, output = ask(server.url, ca=server.certificate)
    assert status == 1 and "refuses StartTLS (LDAP result 2): install a certificate on it." in output
    assert server.seen and PASSWORD.encode() not in server.seen
