"""What stands between CloudFormation's engine and every handler: coercion, the schema check, faults that tests inject.

ministack hands template values to its handlers as they are and takes whatever comes. Here each resource's resolved
properties are coerced and checked before anything is made, so that what AWS would refuse is refused with a sentence.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ministack.core.responses import get_region
from ministack.services.cloudformation import provisioners, stacks

from generator.cfn.regions import partition_of
from tests.emulator import control, names, schemas, validation
from tests.emulator.handlers import HANDLERS, Made, Properties

_ARN = re.compile(r"^arn:(aws[a-z-]*):")


class Tagged(dict[str, Any]):
    """Properties with the stack's tags merged in; `own` are the template's, which alone are checked."""

    own: Properties


def coerced(resource_type: str, properties: Properties) -> Properties:
    """The properties in the types of the schema."""
    result: Properties = schemas.coerce(schemas.schema_of(resource_type, get_region()), properties)
    return result


def foreign_arns(value: Any) -> Iterator[str]:
    """Every ARN within `value` that belongs to another partition than the stack's region."""
    if isinstance(value, str):
        found = _ARN.match(value)
        if found and found[1] != partition_of(get_region()):
            yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from foreign_arns(item)
    elif isinstance(value, list):
        for item in value:
            yield from foreign_arns(item)


def refuse(resource_type: str, logical_id: str, properties: Properties) -> None:
    """Raise ValueError with everything that AWS would not accept in these properties."""
    found = [f"{arn} is an ARN of another partition than {get_region()}'s" for arn in foreign_arns(properties)]
    found += validation.faults(schemas.schema_of(resource_type, get_region()), properties)
    if found:
        message = "; ".join(found)
        raise ValueError(f"Properties validation failed for resource {logical_id} with message: {message}")


def install() -> None:
    """Put the checks in front of every create and update, and schemas behind every question of replacement."""
    provision, update, delete = (
        provisioners._provision_resource,
        provisioners._update_resource,
        provisioners._delete_resource,
    )
    with_tags = provisioners._with_stack_tags

    def checked_tags(resource_type: str, properties: Properties, *rest: Any) -> Properties:
        own = coerced(resource_type, properties)
        tagged = Tagged(with_tags(resource_type, own, *rest))
        tagged.own = own
        return tagged

    def checked_provision(resource_type: str, logical_id: str, properties: Properties, stack: str) -> Made:
        refuse(resource_type, logical_id, getattr(properties, "own", properties))
        control.raise_fault("create", resource_type, stack, logical_id)
        names.MAKING.set(resource_type)
        made: Made = provision(resource_type, logical_id, properties, stack)
        return made

    def checked_update(
        resource_type: str,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack: str,
        logical_id: str | None = None,
        attributes: Properties | None = None,
    ) -> Made:
        if old == new and resource_type != "AWS::CloudFormation::Stack":
            return physical_id, attributes or {}
        refuse(resource_type, logical_id or physical_id, getattr(new, "own", new))
        control.raise_fault("update", resource_type, stack, logical_id or physical_id)
        if resource_type == "AWS::CloudFormation::Stack":  # ministack skips it if its properties are the same
            nested: Made = HANDLERS[resource_type]["update"](physical_id, old, new, stack)
            return nested
        in_place = not replacing(resource_type, old, new) and not schemas.is_custom(resource_type)
        if in_place and "update" not in HANDLERS[resource_type]:
            return physical_id, attributes or {}
        names.MAKING.set(resource_type)
        made: Made = update(resource_type, physical_id, old, new, stack, logical_id, attributes)
        return made

    def checked_delete(
        resource_type: str, physical_id: str, properties: Properties, stack: str = "", logical_id: str = ""
    ) -> None:
        control.raise_fault("delete", resource_type, stack, logical_id)
        delete(resource_type, physical_id, coerced(resource_type, properties), stack, logical_id)

    def replacing(resource_type: str, old: Properties, new: Properties) -> bool:
        return schemas.replacing(resource_type, get_region(), old, new)

    def recreation(resource_type: str, name: str) -> str:
        paths = [path for path in schemas.create_only(resource_type, get_region()) if path[0] == name]
        return "Always" if (name,) in paths else "Conditionally" if paths else "Never"

    for module in (provisioners, stacks):
        module._with_stack_tags = checked_tags
        module._provision_resource = checked_provision
        module._update_resource = checked_update
        module._delete_resource = checked_delete
        module._replacing_change = replacing
        module._property_recreation = recreation
