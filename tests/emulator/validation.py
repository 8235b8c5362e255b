"""Whether coerced properties are valid by a registry schema: JSON schema, with the keywords and formats that AWS adds."""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
_ID = r"([0-9a-f]{8}|[0-9a-f]{17})$"
_ARN = r"^arn:aws[a-z-]*:"
# The formats that AWS's schemas name, as cfn-lint checks them (cfnlint/rules/formats).
FORMATS = {
    "AWS::EC2::Image.Id": rf"^ami-{_ID}",
    "AWS::EC2::SecurityGroup.Id": rf"^sg-{_ID}",
    "AWS::EC2::Subnet.Id": rf"^subnet-{_ID}",
    "AWS::EC2::VPC.Id": rf"^vpc-{_ID}",
    "AWS::IAM::Role.Arn": rf"{_ARN}iam::\d{{12}}:role/.+$",
    "AWS::KMS::Key.Arn": rf"{_ARN}kms:[a-z0-9-]+:\d{{12}}:(key|alias)/.+$",
    "AWS::Lambda::Function.Arn": rf"{_ARN}lambda:[a-z0-9-]+:\d{{12}}:function:.+$",
    "AWS::Logs::LogGroup.Name": r"^[.\-_/#A-Za-z0-9]{1,512}$",
    "AWS::S3::Bucket.Name": r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
    "AWS::SNS::Topic.Arn": rf"{_ARN}sns:[a-z0-9-]+:\d{{12}}:.+$",
    "ipv4-network": r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$",
}


@functools.cache
def _validator() -> Any:
    """A JSON schema validator with the keywords of AWS's schemas, and formats checked."""
    import jsonschema

    def at_least_one(validator: Any, names: list[str], instance: Any, schema: Schema) -> Iterator[Any]:
        if isinstance(instance, dict) and not any(name in instance for name in names):
            yield jsonschema.ValidationError(f"one of {names} is required")

    def exactly_one(validator: Any, names: list[str], instance: Any, schema: Schema) -> Iterator[Any]:
        given = [name for name in names if isinstance(instance, dict) and name in instance]
        if isinstance(instance, dict) and len(given) != 1:
            yield jsonschema.ValidationError(f"exactly one of {names} is required, not {given or 'none'}")

    def needs(validator: Any, names: Mapping[str, list[str]], instance: Any, schema: Schema) -> Iterator[Any]:
        for name, others in names.items():
            if isinstance(instance, dict) and name in instance:
                for other in others:
                    if other not in instance:
                        yield jsonschema.ValidationError(f"{name} requires {other}")

    def excludes(validator: Any, names: Mapping[str, list[str]], instance: Any, schema: Schema) -> Iterator[Any]:
        for name, others in names.items():
            if isinstance(instance, dict) and name in instance:
                for other in others:
                    if other in instance:
                        yield jsonschema.ValidationError(f"{name} excludes {other}")

    def pattern(validator: Any, wanted: str, instance: Any, schema: Schema) -> Iterator[Any]:
        # Unicode classes as Java spells them, near enough.
        wanted = wanted.replace(r"\p{L}", r"\w").replace(r"\p{N}", r"\d").replace(r"\p{Z}", r"\s")
        if isinstance(instance, str) and not re.search(wanted, instance):
            yield jsonschema.ValidationError(f"{instance!r} does not match {wanted!r}")

    def format_(validator: Any, name: str, instance: Any, schema: Schema) -> Iterator[Any]:
        if isinstance(instance, str) and name in FORMATS and not re.search(FORMATS[name], instance):
            yield jsonschema.ValidationError(f"{instance!r} is not of the form {name}")

    keywords = {
        "requiredOr": at_least_one,
        "requiredXor": exactly_one,
        "dependentRequired": needs,
        "dependentExcluded": excludes,
        "pattern": pattern,
        "format": format_,
    }
    return jsonschema.validators.extend(jsonschema.Draft7Validator, keywords)


def faults(schema: Schema, properties: Mapping[str, Any]) -> list[str]:
    """What is wrong with coerced `properties`, one sentence part each: the property's path, then the reason."""
    found = []
    for name in schema.get("readOnlyProperties", ()):
        if name.removeprefix("/properties/") in properties:
            found.append(f"#/{name.removeprefix('/properties/')}: is read-only and cannot be set")
    for error in _validator()(dict(schema)).iter_errors(properties):
        path = "#/" + "/".join(map(str, error.absolute_path))
        found.append(f"{path}: {error.message[:300]}")
    return found
