"""The user directory's secrets."""

import re

from preflight.case import Case
from preflight.checks.secrets import secret_text
from preflight.verdicts import Findings, Warn, Wrong, check

DIRECTORY_TEXTS = {
    "DirectoryPasswordSecretArn": r"(?![{])[^\x00-\x1f]+\n?",
    "DirectoryCaCertSecretArn": "(?s)(?!.*PRIVATE KEY).*-----BEGIN CERTIFICATE-----.*",
}


@check(
    "The directory's secrets hold a password and certificates",
    reads=("DirectoryDomainAddr", *DIRECTORY_TEXTS),
    needs=("DirectoryDomainAddr", *DIRECTORY_TEXTS),
)
def directory(case: Case) -> Findings:
    """The directory itself is out of reach: this function is in no VPC."""
    for name, wanted in DIRECTORY_TEXTS.items():
        text = secret_text(case, name)
        if text is not None and not re.fullmatch(wanted, text):
            remedy = "store that as plain text."
            yield Wrong(name, f"must hold the password, or PEM certificates, and nothing else: {remedy}")
    if case["DirectoryDomainAddr"]:
        unknown = "Whether the servers of DirectoryDomainAddr answer cannot be checked from here"
        yield Warn("DirectoryDomainAddr", f"{unknown}: see the portal nodes' logs after the launch.")
