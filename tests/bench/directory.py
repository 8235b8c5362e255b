"""The bench's user directory: OpenLDAP on a machine of its own, which looks to sssd as an Active Directory does.

It has what `ldap_schema = AD` asks for and nothing else: accounts by sAMAccountName, numbers from SIDs. SIDs are kept as
text, which sssd takes as well: it asks for them in text, which Active Directory alone turns into the binary form. The
server's certificate is of an authority that no machine trusts by itself.
"""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

from tests.bench.vpc import Authority
from tests.support.deployment import secret

if TYPE_CHECKING:
    from tests.bench.site import Site

DOMAIN, BASE = "corp.example.com", "DC=corp,DC=example,DC=com"
SERVER = f"dc1.{DOMAIN}"
READER = f"CN=reader,{BASE}"
HPC = f"CN=hpc,OU=Groups,{BASE}"
INSIDE, OUTSIDE, NAMESAKE = "ada", "bob", "efadmin"  # of the access filter; of a local account
PEOPLE = (INSIDE, OUTSIDE, NAMESAKE)
DOMAIN_USERS = 513  # every account's primary group in Active Directory
GLOBAL_SECURITY_GROUP = "-2147483646"

# Numbers and syntaxes as Active Directory has them ([MS-ADA1..3], [MS-ADSC]). What it keeps by itself, such as memberOf,
# is written by hand here.
SCHEMA = """
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch
  SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.146 NAME 'objectSid' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.98 NAME 'primaryGroupID' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.750 NAME 'groupType' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.2.102 NAME 'memberOf' EQUALITY distinguishedNameMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP inetOrgPerson STRUCTURAL
  MAY ( sAMAccountName $ objectSid $ primaryGroupID $ memberOf ) )
objectclass ( 1.2.840.113556.1.5.8 NAME 'group' SUP top STRUCTURAL MUST cn
  MAY ( sAMAccountName $ objectSid $ groupType $ member ) )
"""


def _sid(rid: int) -> str:
    """The SID of an account of the domain."""
    return f"S-1-5-21-1111111111-2222222222-3333333333-{rid}"


def _entry(name: str, **values: str | list[str]) -> str:
    """An entry in LDIF; a value of an attribute that ends in `_` is in base64."""
    lines = [f"dn: {name}"]
    for attribute, value in values.items():
        for one in [value] if isinstance(value, str) else value:
            lines.append(f"{attribute.removesuffix('_')}:{':' if attribute.endswith('_') else ''} {one}")
    return "\n".join(lines) + "\n"


class Directory:
    """The directory of a site. `password` is that of its reading user, `passwords` are those of its people."""

    def __init__(self, site: Site, address: str) -> None:
        draw = secrets.token_hex
        self.password = f"{draw(8)}=p$a\\s s%w'&"  # what a shell or a configuration file might take for its own
        self.passwords = {name: draw(12) for name in PEOPLE}
        authority = Authority(site.folder / "directory")
        certificate, key = authority.issue(SERVER)
        site.hosts[SERVER] = address
        told = {"BASE": BASE, "READER": READER, "SCHEMA": SCHEMA, "ENTRIES": self._entries()}
        data = site.script("slapd.sh", **told, CERTIFICATE=certificate, KEY=key)
        self.machine = site.machine("directory", address, site.vpc.core, f"{site.region}a", data)
        self.answers = {
            "DirectoryDomainName": DOMAIN,
            "DirectoryDomainAddr": f"ldaps://{SERVER}",
            "DirectoryDomainReadOnlyUser": READER,
            "DirectoryPasswordSecretArn": secret(site.emulator, site.region, "directory-reader", self.password),
            "DirectoryCaCertSecretArn": secret(
                site.emulator, site.region, "directory-ca", authority.certificate.read_text()
            ),
            "DirectoryLdapAccessFilter": f"(memberOf={HPC})",
        }

    def _entries(self) -> str:
        """All that is in it, in LDIF."""
        encoded = base64.b64encode(self.password.encode()).decode()
        admitted = [f"CN={name},OU=Users,{BASE}" for name in (INSIDE, NAMESAKE)]
        entries = [
            _entry(BASE, objectClass=["dcObject", "organization"], o="corp", dc="corp"),
            _entry(
                READER, objectClass=["organizationalRole", "simpleSecurityObject"], cn="reader", userPassword_=encoded
            ),
            *(_entry(f"OU={name},{BASE}", objectClass="organizationalUnit", ou=name) for name in ("Users", "Groups")),
            self._group("hpc", 1100, member=admitted),
            self._group("Domain Users", DOMAIN_USERS),
        ]
        for rid, name in enumerate(PEOPLE, 1101):
            dn = f"CN={name},OU=Users,{BASE}"
            entries.append(
                _entry(
                    dn,
                    objectClass="user",
                    cn=name,
                    sn=name,
                    sAMAccountName=name,
                    objectSid=_sid(rid),
                    primaryGroupID=str(DOMAIN_USERS),
                    memberOf=[HPC] if dn in admitted else [],
                    userPassword=self.passwords[name],
                )
            )
        return "\n".join(entries)

    @staticmethod
    def _group(name: str, rid: int, **values: list[str]) -> str:
        dn = f"CN={name},OU=Groups,{BASE}"
        return _entry(
            dn,
            objectClass="group",
            cn=name,
            sAMAccountName=name,
            objectSid=_sid(rid),
            groupType=GLOBAL_SECURITY_GROUP,
            **values,
        )

    def stop(self) -> None:
        """Its server ends; the machine refuses connections."""
        self.machine.ask("systemctl stop slapd.service")

    def start(self) -> None:
        """Its server is back."""
        self.machine.ask("systemctl start slapd.service")
