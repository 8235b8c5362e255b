"""What AWS's registry schemas say about a resource's properties: how they are coerced, what a change replaces.

The schemas are data files of cfn-lint: one list of types per region, one file per schema. They are read directly, since
importing cfn-lint itself costs three seconds. CloudFormation hands every parameter around as a string and turns "1200"
into a number where the schema wants one, so properties are coerced before they are checked.
"""

import functools
import importlib.metadata
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any]
# Create-only by the resource reference, but missing in the schema.
ALSO_CREATE_ONLY = {
    "AWS::FSx::FileSystem": (("LustreConfiguration", "DeploymentType"), ("StorageType",)),
}
# Rules that cfn-lint adds to a schema and AWS does not have. A restored cluster keeps its snapshot's master user and
# takes a new password: the resource provider's create handler ends with ModifyDBCluster.
NOT_AWS = {"AWS::RDS::DBCluster": ("dependentRequired",)}
# cfn-lint's schema of custom resources takes no booleans; CloudFormation takes anything and passes it on as strings.
CUSTOM: Schema = {
    "properties": {
        "ServiceToken": {"type": "string"},
        "ServiceTimeout": {"type": "integer", "minimum": 1, "maximum": 3600},
    },
    "required": ["ServiceToken"],
}


class UnknownType(Exception):
    """The resource type does not exist in the region."""


def is_custom(resource_type: str) -> bool:
    """Whether a Lambda function makes resources of this type."""
    return resource_type.startswith("Custom::") or resource_type == "AWS::CloudFormation::CustomResource"


@functools.cache
def data() -> Path:
    """The folder of cfn-lint's data files; raises RuntimeError where cfn-lint is not installed."""
    files = importlib.metadata.files("cfn-lint") or []
    listed = next((file for file in files if str(file).endswith("data/schemas/providers/us-east-1.json")), None)
    if listed is None:
        raise RuntimeError(
            "cfn-lint's registry schemas are missing: install cfn-lint 1.58 in the emulator's environment."
        )
    return Path(str(listed.locate())).parents[1]


@functools.cache
def types(region: str) -> Mapping[str, str]:
    """Every resource type of `region`, with the name of its schema's file; empty for an unknown region."""
    path = data() / "providers" / f"{region}.json"
    return json.loads(path.read_text()) if path.exists() else {}


@functools.cache
def _read(name: str) -> Schema:
    schema: Schema = json.loads((data() / "resources" / f"{name}.json").read_text())
    return schema


def schema_of(resource_type: str, region: str) -> Schema:
    """The registry schema of a type in a region; raises UnknownType where it does not exist."""
    if is_custom(resource_type):
        return CUSTOM
    name = types(region).get(resource_type)
    if name is None:
        raise UnknownType(f"{resource_type} does not exist in {region}")
    left_out = NOT_AWS.get(resource_type, ())
    return {key: value for key, value in _read(name).items() if key not in left_out} if left_out else _read(name)


def _subschemas(schema: Schema, root: Schema) -> Iterator[Schema]:
    """`schema` itself and the alternatives in it, with `$ref` followed."""
    while "$ref" in schema:
        node: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        schema = node
    yield schema
    for keyword in ("allOf", "anyOf", "oneOf"):
        for alternative in schema.get(keyword, ()):
            yield from _subschemas(alternative, root)


def _scalar(kinds: set[str], value: Any) -> Any:
    """One scalar in the type that the schema wants, if it can be read as such."""
    if isinstance(value, str) and "string" not in kinds:
        if kinds & {"integer", "number"} and re.fullmatch(r"-?\d+", value):
            return int(value)
        if "number" in kinds and re.fullmatch(r"-?\d*\.\d+", value):
            return float(value)
        if "boolean" in kinds and value.lower() in ("true", "false"):
            return value.lower() == "true"
    elif isinstance(value, bool) and kinds == {"string"}:
        return "true" if value else "false"
    elif isinstance(value, (int, float)) and kinds == {"string"}:
        return str(value)
    return value


def coerce(schema: Schema, value: Any, root: Schema | None = None) -> Any:
    """A copy of `value` with its scalars in the types of `schema`, as CloudFormation passes it to the service."""
    root = schema if root is None else root
    options = list(_subschemas(schema, root))
    if isinstance(value, dict):
        known: dict[str, Schema] = {}
        for option in reversed(options):
            known.update(option.get("properties", {}))
        return {name: coerce(known[name], item, root) if name in known else item for name, item in value.items()}
    if isinstance(value, list):
        items: Any = next((option["items"] for option in options if isinstance(option.get("items"), Mapping)), {})
        return [coerce(items, item, root) for item in value]
    kinds: set[str] = set()
    for option in options:
        kind = option.get("type", ())
        kinds |= {kind} if isinstance(kind, str) else set(kind)
    return _scalar(kinds, value)


def _value(properties: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        properties = properties.get(name) if isinstance(properties, Mapping) else None
    return properties


@functools.cache
def create_only(resource_type: str, region: str) -> tuple[tuple[str, ...], ...]:
    """The properties, as paths, that cannot change without a replacement."""
    if resource_type not in types(region):
        return ()
    pointers = schema_of(resource_type, region).get("createOnlyProperties", ())
    paths = tuple(tuple(pointer.removeprefix("/properties/").split("/")) for pointer in pointers)
    return paths + ALSO_CREATE_ONLY.get(resource_type, ())


def replacing(resource_type: str, region: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether going from `old` to `new` properties takes a new resource."""
    return any(_value(old, path) != _value(new, path) for path in create_only(resource_type, region))


def regions() -> list[str]:
    """Every region that the schemas know."""
    return sorted(path.stem for path in (data() / "providers").glob("*-*-*.json"))
