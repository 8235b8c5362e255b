"""Ports: the typed values that travel between templates, and ways to walk over them; see wiring.py."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar, cast

from troposphere import Join, Parameter, Ref

from generator.cfn.template import Value


@dataclass(frozen=True)
class Port:
    """A port's description, and the type of its parameter in a child.

    A list (`CommaDelimitedList`, `List<…>`) crosses a boundary joined by commas.
    """

    description: str
    type: str = "String"

    @property
    def is_list(self) -> bool:
        """Whether the port holds a list of strings."""
        return self.type == "CommaDelimitedList" or self.type.startswith("List<")

    def parameter(self, name: str) -> Parameter:
        """The child's Parameter called `name` through which this port arrives."""
        return Parameter(name, Type=self.type, Description=self.description)


def port(description: str, type: str = "String") -> Any:
    """Declare a field of a `Ports` class as a port; `description` goes to the child's Parameter and Output."""
    return field(metadata={"port": Port(description, type)})


@dataclass(frozen=True)
class Ports:
    """Base of everything that is handed between tiers.

    A field is a port, another `Ports`, or a tuple of `Ports` (one for each zone, whose ports' names end in its number).
    """


P = TypeVar("P", bound=Ports)


@cache
def camel(name: str) -> str:
    """The CloudFormation name of a Python field: `vpc_id` -> `VpcId`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def each_port(ports: Ports, suffix: str = "") -> Iterable[tuple[str, Port, Value]]:
    """Yield (CloudFormation name, port, value) of every port, those of a zone with the zone's number behind."""
    for item in dataclasses.fields(ports):
        value = getattr(ports, item.name)
        if "port" in item.metadata:
            yield camel(item.name) + suffix, item.metadata["port"], value
        elif isinstance(value, Ports):
            yield from each_port(value, suffix)
        else:
            for number, nested in enumerate(value, 1):
                yield from each_port(nested, suffix + str(number))


def translate(ports: P, change: Callable[[str, Port, Value], Value], suffix: str = "") -> P:
    """The same ports with every value replaced by `change(name, port, value)`."""
    new: dict[str, Any] = {}
    for item in dataclasses.fields(ports):
        value = getattr(ports, item.name)
        if "port" in item.metadata:
            new[item.name] = change(camel(item.name) + suffix, item.metadata["port"], value)
        elif isinstance(value, Ports):
            new[item.name] = translate(value, change, suffix)
        else:
            new[item.name] = tuple(translate(nested, change, suffix + str(n)) for n, nested in enumerate(value, 1))
    return dataclasses.replace(ports, **new)


def joined(port_: Port, value: Any) -> Value:
    """`value` as it crosses a stack boundary: a list of values, or a Ref to a list, becomes one string."""
    return Join(",", value) if port_.is_list and isinstance(value, (list, Ref)) else cast(Value, value)
