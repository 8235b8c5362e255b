"""The operator's own secrets: efadmin's password fits, and whoever must decrypt a secret may use its key."""

import contextlib
import json
import re

from preflight.case import Case
from preflight.facts import OPERATOR_SECRETS
from preflight.verdicts import Findings, Warn, Wrong, check

# What efadmin's password must hold: a letter, a digit, a special character, and none that the portal's tools misread.
PASSWORD = ("[A-Za-z]", "[0-9]", "[^A-Za-z0-9]", r"^[^\s\"'`:\\]+$")


def secret_text(case: Case, name: str) -> str | None:
    """The text of the secret that the answer `name` names; None if there is no such secret."""
    found = case.get("secretsmanager", "get_secret_value", SecretId=case[name]) if case[name] else None
    return found.get("SecretString", "") if found else None


@check(
    "The secret of efadmin's password fits",
    reads=("AdminPasswordSecretArn",),
    needs=("AdminPasswordSecretArn",),
)
def admin_secret(case: Case) -> Findings:
    """It holds the password as it is, or as JSON with a key."""
    name = "AdminPasswordSecretArn"
    text = secret_text(case, name)
    if text is None:
        return
    password: object = text
    with contextlib.suppress(ValueError):  # plain text is no JSON
        parsed = json.loads(text)
        if isinstance(parsed, dict):
            password = parsed.get("password")
    if not isinstance(password, str) or not password:
        yield Wrong(name, 'holds no password: store it as plain text or as JSON with the key "password".')
    elif not all(re.search(pattern, password) for pattern in PASSWORD):
        needs = "needs letters, digits and special characters, but no blank, quote, backslash or colon"
        yield Wrong(name, f"{needs}: change it.")


@check("The secrets' own KMS keys can be used", reads=OPERATOR_SECRETS, needs=OPERATOR_SECRETS)
def secret_keys(case: Case) -> Findings:
    """AWS's own key serves everybody in the account; a key of the operator's must allow it."""
    for name in OPERATOR_SECRETS:
        secret = case.thing(name) or {}
        key = secret.get("KmsKeyId", "/aws/")
        if "/aws/" in key:
            continue
        if name == "DirectoryPasswordSecretArn":
            yield Wrong(
                name, f"is encrypted with KMS key {key}, and head nodes may use none: choose aws/secretsmanager."
            )
            continue
        yield Warn(
            name, f"{name} has KMS key {key}: its policy must allow this account or the portal's role kms:Decrypt."
        )
        state = case.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
        if state != "Enabled":
            remedy = "enable it, or give another secret."
            yield Wrong(name, f"is encrypted with KMS key {key}, which is {state}: {remedy}")
