"""How values travel between the parent and its nested stacks: typed ports, checked when the templates are built.

A tier hands out a frozen dataclass of *ports*. Each port is spelled once, as a field; the child's Output, the parent's
GetAtt and the next child's Parameter derive from it:

    @dataclass(frozen=True)
    class FileSystem(Ports):
        file_system_id: Value = port("EFS file system")

    def build(tier: Tier, network: Network) -> FileSystem:
        ...                                 # in here network.vpc_id is Ref("VpcId")
        return FileSystem(file_system_id=Ref(file_system))

    home = parent.add(filesystem.build, network)
    home.file_system_id                     # in the parent: GetAtt("FilesystemStack", "Outputs.FileSystemId")

The same dataclass therefore exists in two scopes, the parent's and a child's. `Parent.add` takes the arguments down
before it calls `build`, and brings the result up; so a tier never sees a value of the parent and is the same template
wherever it is used. A misspelt port is an AttributeError (and a mypy error), a forgotten output a TypeError, a name
that nobody hands in a GeneratorError. Only ports that the finished child really refers to become its parameters.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from troposphere import AWSHelperFn, GetAtt, If, Join, Output, Parameter, Ref, Template, encode_to_dict
from troposphere.cloudformation import Stack

from generator.errors import GeneratorError
from generator.scan import check_template
from generator.sources import Sources

Value = str | AWSHelperFn
"""What a port holds: a literal or an intrinsic function."""

LIST_SEPARATOR = ","
# Said on everything that a reader might take for data, where it is none.
GOES_WITH_THE_STACK: dict[str, Any] = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}


@dataclass(frozen=True)
class Port:
    """What is known of a port beside its name: what it is, and its parameter's type in a child.

    A list (`CommaDelimitedList`, `List<…>`) crosses a boundary joined.
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
    """Base of everything that is handed between tiers. Fields are ports, or tuples of `Ports` (one for each zone)."""


P = TypeVar("P", bound=Ports)
R = TypeVar("R", bound=Ports)
Arguments = ParamSpec("Arguments")


@cache
def camel(name: str) -> str:
    """The CloudFormation name of a Python field: `vpc_id` -> `VpcId`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def each_port(ports: Ports, suffix: str = "") -> Iterable[tuple[str, Port, Value]]:
    """Yield (CloudFormation name, port, value) of every port, nested ones with the number of their zone behind."""
    for item in dataclasses.fields(ports):
        value = getattr(ports, item.name)
        if "port" in item.metadata:
            yield camel(item.name) + suffix, item.metadata["port"], value
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
        else:
            new[item.name] = tuple(translate(nested, change, suffix + str(n)) for n, nested in enumerate(value, 1))
    return dataclasses.replace(ports, **new)


def joined(port_: Port, value: Any) -> Value:
    """`value` as it crosses a stack boundary: a list of values, or a Ref to a list, becomes one string."""
    return Join(LIST_SEPARATOR, value) if port_.is_list and isinstance(value, (list, Ref)) else cast(Value, value)


class StrictTemplate(Template):
    """A troposphere template in which a second condition or mapping of the same name is an error, not a replacement."""

    def add_condition(self, name: str, condition: AWSHelperFn) -> str:
        """Add a condition that does not exist yet, or exists with the same meaning; returns its name."""
        if name in self.conditions and self.conditions[name] != condition:
            raise GeneratorError(f"condition {name} is defined twice with different meanings: rename one")
        self.conditions[name] = condition
        return name

    def add_mapping(self, name: str, mapping: dict[str, Any]) -> None:
        """Add a mapping; a mapping of this name that exists gains the new second-level keys."""
        existing = self.mappings.setdefault(name, {})
        for top, columns in mapping.items():
            row = existing.setdefault(top, {})
            for column, value in columns.items():
                if row.setdefault(column, value) != value:
                    raise GeneratorError(f"mapping {name}.{top}.{column} has two values: keep one")


class Tier:
    """One nested template while it is being built.

    `zone_count` is the number of Availability Zones of the build, `sources` the texts that people edit.
    """

    def __init__(self, name: str, description: str, zone_count: int, sources: Sources) -> None:
        self.name = name
        self.zone_count = zone_count
        self.sources = sources
        self.template = StrictTemplate(description)
        self.template.set_version("2010-09-09")


@dataclass(frozen=True)
class Child:
    """A finished nested template: its file, its text as a dictionary, its parameters' ports, and what it hands out."""

    file_name: str
    document: dict[str, Any]
    parameters: dict[str, Port]
    outputs: Ports


def finish(tier: Tier, offers: dict[str, tuple[Port, Value]], outputs: Ports) -> Child:
    """Give the tier's template its outputs, and a parameter for each of the `offers` that it refers to.

    Raises GeneratorError where the template refers to a name that it has not got.
    """
    for name, port_, value in each_port(outputs):
        tier.template.add_output(Output(name, Description=port_.description, Value=joined(port_, value)))
    document = tier.template.to_dict()
    found = check_template(document, f"tier {tier.name}", extra=offers)
    parameters = {name: port_ for name, (port_, _) in offers.items() if name in found}
    document["Parameters"] = encode_to_dict({name: port_.parameter(name) for name, port_ in parameters.items()})
    return Child(f"{tier.name.replace('_', '-')}.template.yaml", document, parameters, outputs)


@dataclass(frozen=True)
class Place:
    """Where in the parent a tier goes: under which condition, after which other tiers."""

    parent: Parent
    condition: str | None = None
    after: tuple[Ports, ...] = ()

    def add(self, build: Callable[Concatenate[Tier, Arguments], R], *args: Arguments.args, **_: Arguments.kwargs) -> R:
        """Build a tier and nest it here; returns its ports in the parent's scope. The arguments are `Ports`."""
        return self.parent.nest(self, build, args)


class Parent:
    """A parent template with its nested templates, all built in memory.

    `template_url(file name)` gives the TemplateURL of a child: an S3 URL to launch, a local file name to lint. Parents
    that share `children` build each tier once.
    """

    def __init__(
        self, name: str, description: str, zone_count: int, sources: Sources, children: dict[str, Child]
    ) -> None:
        self.name = name
        self.zone_count = zone_count
        self.sources = sources
        self.template = StrictTemplate(description)
        self.template.set_version("2010-09-09")
        self.children = children
        self.document: dict[str, Any] = {}
        self.template_url: Callable[[str], Value] = lambda file_name: file_name
        self._stacks: list[tuple[Ports, str]] = []

    def add(self, build: Callable[Concatenate[Tier, Arguments], R], *args: Arguments.args, **_: Arguments.kwargs) -> R:
        """Build a tier and nest it; returns its ports in the parent's scope."""
        return Place(self).add(build, *args, **_)

    def place(self, *, condition: str | None = None, after: Sequence[Ports] = ()) -> Place:
        """A place for a tier that is built under a condition, or after tiers it takes nothing from."""
        return Place(self, condition, tuple(after))

    def stack_of(self, ports: Ports) -> str:
        """The logical id of the nested stack that handed out `ports`."""
        for known, stack in self._stacks:
            if known is ports:
                return stack
        raise GeneratorError(
            f"{type(ports).__name__} was not handed out by a tier of {self.name}: hand in what one returned"
        )

    def nest(self, place: Place, build: Callable[..., R], arguments: Sequence[Any]) -> R:
        """Add the nested stack of `place` for the tier that `build` makes of `arguments`; see `Place.add`."""
        name = build.__module__.rsplit(".", 1)[-1]
        offers: dict[str, tuple[Port, Value]] = {}

        def downward(offered: str, port_: Port, value: Value) -> Value:
            known = offers.setdefault(offered, (port_, value))
            if known[1] is not value and known[1] != value:
                raise GeneratorError(f"tier {name} is handed two values called {offered}: rename one port")
            return Ref(offered)

        inside = [_descend(argument, downward) for argument in arguments]
        child = self.children.get(name)
        if child is None:
            tier = Tier(name, description_of(build.__module__), self.zone_count, self.sources)
            child = self.children[name] = finish(tier, offers, build(tier, *inside))
        title = f"{camel(name)}Stack"
        stack = Stack(title, **GOES_WITH_THE_STACK, TemplateURL=self.template_url(child.file_name))
        if child.parameters:
            stack.Parameters = {key: joined(*offers[key]) for key in child.parameters}
        if place.condition:
            stack.Condition = place.condition
        if place.after:
            stack.DependsOn = [self.stack_of(ports) for ports in place.after]
        self.template.add_resource(stack)

        def upward(output: str, port_: Port, _: Value) -> Value:
            value = GetAtt(title, f"Outputs.{output}")
            return If(place.condition, value, "") if place.condition else value

        outside = translate(cast(R, child.outputs), upward)
        self._stacks.append((outside, title))
        return outside

    def finish(self) -> None:
        """Put the finished parent into `document`; raises GeneratorError if it refers to what it has not got."""
        self.document = self.template.to_dict()
        check_template(self.document, self.name)


def _descend(argument: Any, change: Callable[[str, Port, Value], Value]) -> Any:
    """An argument of a tier in the child's scope."""
    if isinstance(argument, Ports):
        return translate(argument, change)
    raise GeneratorError(f"a tier takes Ports, not {argument!r}: hand the value over as a port")


def description_of(module: str) -> str:
    """A template's Description: the first sentence of the module that builds it."""
    text = sys.modules[module].__doc__ or ""
    first = re.split(r"(?<=\.)\s", " ".join(text.split()), maxsplit=1)[0]
    if not first:
        raise GeneratorError(f"{module} needs a docstring: its first sentence becomes the template's Description")
    return first
