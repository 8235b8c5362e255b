"""Passwords and keys, made by Secrets Manager and known to nobody else: no secret is ever a parameter.

The keys that encrypt them are AWS's own: a customer key would stop the head node, whose role never gets kms rights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere import Equals, If, Ref, Sub
from troposphere.secretsmanager import GenerateSecretString, Secret

from generator import form
from generator.cfn import partition
from generator.cfn.ports import Ports, port
from generator.cfn.template import GOES_WITH_THE_STACK, Value
from generator.cfn.wiring import Tier

# Aurora refuses / " @ and space; ParallelCluster refuses #; a Java properties file eats \ : = # !; shells and SQL
# quote with ' " ` $.
AWKWARD = "\"'`\\/@#$%&:;=!<>(){}[]|*? ,~^"


@dataclass(frozen=True)
class Secrets(Ports):
    """ARNs of the secrets."""

    admin_secret_arn: Value = port("Secret with the password of the portal's administrator efadmin")
    munge_secret_arn: Value = port("Secret with the munge key that portal and clusters share, base64")
    database_secret_arn: Value = port("Secret with the database master user's password, plain text")
    portal_database_secret_arn: Value = port("Secret with the password of the portal's own database user, plain text")
    admin_secret_link: Value = port("Console page of efadmin's password")
    database_secret_link: Value = port("Console page of the database password")


def build(tier: Tier, portal: form.Portal) -> Secrets:
    """The administrator's password (unless the operator brings one), the munge key and two database passwords."""
    tier.template.add_condition("GenerateAdminPassword", Equals(portal.admin_password_secret_arn, ""))

    def password(title: str, description: str, **attributes: Any) -> Secret:
        generated = GenerateSecretString(PasswordLength=32, ExcludeCharacters=AWKWARD, RequireEachIncludedType=True)
        return secret(title, description, generated, **attributes)

    def secret(title: str, description: str, generated: GenerateSecretString, **attributes: Any) -> Secret:
        return tier.template.add_resource(
            Secret(
                title,
                **GOES_WITH_THE_STACK,
                Description=Sub(f"{description} (stack ${{AWS::StackName}})"),
                GenerateSecretString=generated,
                **attributes,
            )
        )

    admin = password("AdminPassword", "Password of efadmin", Condition="GenerateAdminPassword")
    # 128 letters and digits are base64 of 96 bytes. Never replaced: another key needs a stopped fleet.
    munge = secret("MungeKey", "Munge key, base64", GenerateSecretString(PasswordLength=128, ExcludePunctuation=True))
    admin_arn = If("GenerateAdminPassword", Ref(admin), portal.admin_password_secret_arn)
    master = Ref(password("DatabasePassword", "Password of the database's master user"))

    def link(secret_arn: Value) -> Value:
        page = "secretsmanager/secret?name=${SecretArn}&region=${AWS::Region}"
        return partition.console_url(tier.template, page, SecretArn=secret_arn)

    return Secrets(
        admin_secret_arn=admin_arn,
        munge_secret_arn=Ref(munge),
        database_secret_arn=master,
        portal_database_secret_arn=Ref(password("PortalDatabasePassword", "Password of the portal's database user")),
        admin_secret_link=link(admin_arn),
        database_secret_link=link(master),
    )
