"""Questions: the Active Directory or LDAP service whose users sign in."""

from __future__ import annotations

from dataclasses import dataclass

from generator.cfn.template import Value
from generator.form import patterns
from generator.form.question import Group, choice, optional

# sssd's ldap_schema, and behind a hyphen whether ids come from POSIX attributes where the schema leaves that open.
SCHEMAS = ("AD", "AD-POSIX", "rfc2307bis", "rfc2307")


@dataclass(frozen=True)
class Directory(Group, title="User directory"):
    """The directory service."""

    directory_domain_name: Value = optional(
        "Directory domain",
        "Optional - Domain of the Active Directory or LDAP service whose users sign in. Leave blank to have only efadmin.",
        patterns.DIRECTORY_DOMAIN,
        "Must be a name such as corp.example.com or DC=corp,DC=example,DC=com, or blank.",
    )
    directory_domain_addr: Value = optional(
        "Directory servers",
        "Optional - Addresses of the servers, separated by commas; ldap:// uses StartTLS. Leave blank for no directory.",
        patterns.DIRECTORY_SERVERS,
        "Must be ldaps:// or ldap:// addresses with no port other than 636, 3269, 389 or 3268, or blank.",
    )
    directory_domain_read_only_user: Value = optional(
        "Directory read-only user",
        "Optional - Distinguished name of the user that searches the directory. Leave blank for no directory.",
        patterns.DISTINGUISHED_NAME,
        "Must be a name such as CN=reader,OU=Users,DC=corp,DC=example,DC=com, or blank.",
    )
    directory_password_secret_arn: Value = optional(
        "Directory password secret",
        "Optional - ARN of a secret with the read-only user's password as plain text. Leave blank for no directory.",
        patterns.SECRET_ARN,
        "Must be a secret's ARN, or blank.",
    )
    directory_ca_cert_secret_arn: Value = optional(
        "Directory CA certificate secret",
        "Optional - ARN of a secret with the servers' CA certificates in PEM. Leave blank to trust public authorities.",
        patterns.SECRET_ARN,
        "Must be a secret's ARN, or blank.",
    )
    directory_ldap_access_filter: Value = optional(
        "Directory access filter",
        "Optional - LDAP filter of the users who may sign in. Leave blank to allow all.",
        patterns.LDAP_FILTER,
        "Must be a filter such as (memberOf=CN=hpc,DC=example,DC=com) without quotes and question marks, or blank.",
    )
    directory_ldap_schema: Value = choice(
        "Directory schema",
        "AD computes user ids from SIDs, AD-POSIX uses uidNumber; the others are LDAP schemas of POSIX accounts.",
        *SCHEMAS,
    )
