"""The operator's own secrets: what they hold, the keys that encrypt them, and that nothing of them is told."""

from typing import Any

import pytest

from preflight.checks.directory import directory
from preflight.checks.secrets import admin_secret, secret_keys
from preflight.checks.things import THING_CHECKS
from preflight.verdicts import FAULT, NOT_CHECKED, WARNING
from testing.answers import ACCOUNT, DIRECTORY, NAMED, PEM, A
from testing.launches import Bad, assert_alone, findings
from testing.responses import KEY, secrets

ADMIN, LICENSE = "AdminPasswordSecretArn", "LicenseSecretArn"
READER, AUTHORITY = "DirectoryPasswordSecretArn", "DirectoryCaCertSecretArn"
CHARACTERS = "needs letters, digits and special characters, but no blank, quote, backslash or colon: change it."


@pytest.mark.parametrize(
    "bad",
    [
        Bad(
            NAMED,
            {"GetSecretValue": {"SecretString": '{"admin": "x"}'}},
            ADMIN,
            f'{ADMIN} {NAMED[ADMIN]} holds no password: store it as plain text or as JSON with the key "password".',
        ),
        Bad(NAMED, {"GetSecretValue": {"SecretBinary": b"x"}}, ADMIN),
        Bad(NAMED, {"GetSecretValue": {"SecretString": "letters123"}}, ADMIN, f"{ADMIN} {NAMED[ADMIN]} {CHARACTERS}"),
        Bad(NAMED, {"GetSecretValue": {"SecretString": '{"password": "no-digits"}'}}, ADMIN),
        *(
            Bad(NAMED, {"GetSecretValue": {"SecretString": f"test123!{character}x"}}, ADMIN)
            for character in " \"'\\`:\n\t"
        ),
    ],
    ids=["no key", "no text", "no special character", "no digit", *map(repr, " \"'\\`:\n\t")],
)
def test_a_password_that_the_portal_cannot_take_is_refused(bad: Bad) -> None:
    assert_alone(admin_secret, bad)


def test_all_other_special_characters_are_allowed() -> None:
    assert findings(NAMED, {"GetSecretValue": {"SecretString": "a1!#$%&()*+,-./;<=>?@[]^_{|}~"}}) == []


@pytest.mark.parametrize(
    "secret", ["hunter2", '{"password": "hunter2"}', "hunter 2!", '{"other": "hunter2"}', "{hunter"]
)
def test_no_verdict_tells_the_password(secret: str) -> None:
    found = findings(NAMED, {"GetSecretValue": {"SecretString": secret}})
    assert found and "hunter" not in str(found)


@pytest.mark.parametrize(
    "bad",
    [
        Bad(
            DIRECTORY,
            {"GetSecretValue": secrets(**{"reader-abcdef": '{"password": "x"}'})},
            READER,
            f"{READER} {DIRECTORY[READER]} must hold the password, or PEM certificates, and nothing else: store that as "
            "plain text.",
        ),
        Bad(DIRECTORY, {"GetSecretValue": secrets(**{"reader-abcdef": "two\nlines"})}, READER),
        Bad(DIRECTORY, {"GetSecretValue": secrets(**{"ca-abcdef": "MIIC"})}, AUTHORITY),
        Bad(DIRECTORY, {"GetSecretValue": secrets(**{"ca-abcdef": f"{PEM}-----BEGIN PRIVATE KEY-----\n"})}, AUTHORITY),
    ],
    ids=["JSON", "two lines", "no certificate", "a private key"],
)
def test_a_secret_of_the_directory_that_sssd_cannot_take_is_refused(bad: Bad) -> None:
    assert_alone(directory, bad)


def test_a_password_may_end_in_a_line_feed_as_editors_add_it() -> None:
    assert findings(DIRECTORY, {"GetSecretValue": secrets(**{"reader-abcdef": "battery-staple\n"})}) == []


def test_whether_the_directory_answers_is_left_to_the_operator() -> None:
    (found,) = findings({**DIRECTORY, "DirectoryDomainAddr": "ldaps://dc1.corp.example.com"}, {})
    assert (found.check, found.level, found.parameter) == (directory.title, WARNING, "DirectoryDomainAddr")
    assert found.text == (
        "Whether the servers of DirectoryDomainAddr answer cannot be checked from here: see the portal nodes' logs after "
        "the launch."
    )


def test_a_secret_of_the_directory_that_does_not_exist_is_refused() -> None:
    answers = {**DIRECTORY, AUTHORITY: ""}
    responses = {"DescribeSecret": "ResourceNotFoundException", "GetSecretValue": "ResourceNotFoundException"}
    (check,) = (check for check in THING_CHECKS if check.reads == (READER,))
    assert_alone(check, Bad(answers, responses, READER))


OWN_KEY = f"{A}:kms:us-east-1:999999999999:key/own"  # it may be another account's


def key_findings(key_response: Any = None, key: str = OWN_KEY, **more: Any) -> list[tuple[str, str, str]]:
    """Level, parameter and sentence of what is found in secrets under that key."""
    answers = {name: NAMED[name] for name in (ADMIN, LICENSE)}
    responses = {"DescribeSecret": {"KmsKeyId": key}, "GetSecretValue": {"SecretString": "test123456!"}, **more}
    responses["DescribeKey"] = key_response or {"KeyMetadata": KEY}
    return [(verdict.level, verdict.parameter, verdict.text) for verdict in findings(answers, responses)]


def warning(name: str) -> tuple[str, str, str]:
    """What is said of every secret under a key of the operator's."""
    needs = f"has KMS key {OWN_KEY}: its policy must allow this account or the portal's role kms:Decrypt."
    return WARNING, name, f"{name} {needs}"


def test_what_the_key_of_a_secret_must_allow_is_a_warning() -> None:
    assert key_findings() == [warning(ADMIN), warning(LICENSE)]


def test_aws_s_own_key_needs_no_warning() -> None:
    assert key_findings(key="alias/aws/secretsmanager") == []


def test_a_key_that_is_disabled_is_refused() -> None:
    found = key_findings({"KeyMetadata": {**KEY, "KeyState": "Disabled"}})
    assert [(level, name) for level, name, _ in found if level == FAULT] == [(FAULT, ADMIN), (FAULT, LICENSE)]
    off = f"is encrypted with KMS key {OWN_KEY}, which is Disabled: enable it, or give another secret."
    assert found[1][2] == f"{ADMIN} {NAMED[ADMIN]} {off}"


def test_a_key_that_may_not_be_looked_at_has_its_warning_all_the_same() -> None:
    first, second = key_findings("AccessDeniedException")
    assert first == warning(ADMIN)
    assert second[0] == WARNING and second[2].startswith(NOT_CHECKED) and "DescribeKey" in second[2]


def test_a_password_that_may_not_be_read_is_a_warning() -> None:
    found = key_findings(GetSecretValue="AccessDeniedException")
    assert {level for level, _, _ in found} == {WARNING} and warning(ADMIN) in found
    assert [text for _, _, text in found if "GetSecretValue" in text]


def test_head_nodes_may_use_no_key_of_the_operator_s() -> None:
    key = f"{A}:kms:us-east-1:{ACCOUNT}:key/k"
    assert_alone(
        secret_keys,
        Bad(
            {**DIRECTORY, AUTHORITY: ""},
            {"DescribeSecret": {"KmsKeyId": key}},
            READER,
            f"{READER} {DIRECTORY[READER]} is encrypted with KMS key {key}, and head nodes may use none: choose "
            "aws/secretsmanager.",
        ),
    )
