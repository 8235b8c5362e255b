"""Where ministack's own handlers answer Ref differently from AWS, or make another value than AWS would.

A physical id is what Ref answers. ministack uses the ARN of an instance profile and the name of a secret; AWS has it
the other way round.
"""

import json
import secrets
import string
from typing import Any

from ministack.services.cloudformation import provisioners

from tests.emulator.handlers import Made, Properties, wraps


@wraps("AWS::IAM::InstanceProfile")
class InstanceProfile:
    """Ref is the name, ministack's handlers want the ARN."""

    @staticmethod
    def arn(name: str) -> str:
        return next((p["Arn"] for n, p in provisioners._iam._instance_profiles.items() if n == name), name)

    @staticmethod
    def named(made: Made) -> Made:
        return made[0].rsplit("/", 1)[-1], made[1]

    @staticmethod
    def create(stock: Any, logical_id: str, properties: Properties, stack: str) -> Made:
        return InstanceProfile.named(stock(logical_id, properties, stack))

    @staticmethod
    def update(stock: Any, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
        return InstanceProfile.named(stock(InstanceProfile.arn(physical_id), old, new, stack, logical_id))

    @staticmethod
    def delete(stock: Any, physical_id: str, properties: Properties) -> None:
        stock(InstanceProfile.arn(physical_id), properties)


@wraps("AWS::SecretsManager::Secret")
class Secret:
    """Ref is the ARN, ministack's handlers want the name."""

    @staticmethod
    def name(arn: str) -> str:
        return next((n for n, secret in provisioners._sm._secrets.items() if secret["ARN"] == arn), arn)

    @staticmethod
    def create(stock: Any, logical_id: str, properties: Properties, stack: str) -> Made:
        _, attributes = stock(logical_id, properties, stack)
        return attributes["Arn"], attributes

    @staticmethod
    def update(stock: Any, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
        _, attributes = stock(Secret.name(physical_id), old, new, stack, logical_id)
        return attributes["Arn"], attributes

    @staticmethod
    def delete(stock: Any, physical_id: str, properties: Properties) -> None:
        stock(Secret.name(physical_id), properties)


def secret_string(properties: Properties) -> str:
    """The value of a secret as Secrets Manager's GetRandomPassword makes it; ministack ignores half the options."""
    wish = properties.get("GenerateSecretString")
    if not wish:
        return str(properties.get("SecretString", ""))
    kinds = {
        "ExcludeLowercase": string.ascii_lowercase,
        "ExcludeUppercase": string.ascii_uppercase,
        "ExcludeNumbers": string.digits,
        "ExcludePunctuation": string.punctuation,
    }
    alphabets = [letters for option, letters in kinds.items() if not wish.get(option)]
    alphabets += [" "] if wish.get("IncludeSpace") else []
    excluded = wish.get("ExcludeCharacters", "")
    alphabets = [kept for letters in alphabets if (kept := "".join(c for c in letters if c not in excluded))]
    length = int(wish.get("PasswordLength", 32))
    required = alphabets if wish.get("RequireEachIncludedType", True) else []
    drawn = [secrets.choice(letters) for letters in required]
    drawn += [secrets.choice("".join(alphabets)) for _ in range(length - len(drawn))]
    secrets.SystemRandom().shuffle(drawn)
    password = "".join(drawn)
    if "SecretStringTemplate" not in wish:
        return password
    return json.dumps({**json.loads(wish["SecretStringTemplate"]), wish["GenerateStringKey"]: password})


provisioners._sm_secret_string = secret_string
