"""Conditions on the form's answers, the same in every tier: a name always has the same meaning."""

from __future__ import annotations

from troposphere import And, Condition, Equals, If, Not, NoValue

from generator import form
from generator.cfn.template import StrictTemplate, Value

BOUNDARY_GIVEN = "BoundaryGiven"
DIRECTORY_GIVEN = "DirectoryGiven"
DIRECTORY_CA_GIVEN = "DirectoryCaGiven"
SELF_SIGNED = "SelfSigned"


def if_given(template: StrictTemplate, condition: str, answer: Value) -> str:
    """Define `condition` as "this optional question was answered"; returns its name."""
    return template.add_condition(condition, Not(Equals(answer, "")))


def if_chosen(template: StrictTemplate, condition: str, answer: Value, choice: str = "yes") -> str:
    """Define `condition` as "the answer to this question is `choice`"; returns its name."""
    return template.add_condition(condition, Equals(answer, choice))


def self_signed(template: StrictTemplate, access: form.Access) -> str:
    """Define the condition that the portal's certificate is self-signed; returns its name."""
    own = if_given(template, "OwnCertificate", access.certificate_arn)
    zone = if_given(template, "ZoneGiven", access.hosted_zone_id)
    return template.add_condition(SELF_SIGNED, And(Not(Condition(own)), Not(Condition(zone))))


def directory_secret(template: StrictTemplate, directory: form.Directory) -> If:
    """ARN of the secret of the directory's read-only user, as a resource of a statement that has others as well."""
    arn = directory.directory_password_secret_arn
    return If(if_given(template, DIRECTORY_GIVEN, arn), arn, NoValue)


def directory_ca_secret(template: StrictTemplate, directory: form.Directory) -> If:
    """ARN of the secret of the directory's CA certificates, likewise."""
    arn = directory.directory_ca_cert_secret_arn
    return If(if_given(template, DIRECTORY_CA_GIVEN, arn), arn, NoValue)
