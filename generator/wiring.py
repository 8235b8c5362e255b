"""How values travel between the parent and its nested stacks: typed ports, checked when the templates are built.

A tier hands out a frozen dataclass of *ports*. Each port is spelled once, as a field; the child's Output, the parent's
GetAtt and the next child's Parameter derive from it:

    @dataclass(frozen=True)
    class FileSystem(Ports):
        file_system_id: Value = port("EFS file system")

    def build(tier: Tier, form: Form, network: Network) -> FileSystem:
        asked, net = tier.uses(form), tier.uses(network)      # in here net.vpc_id is Ref("VpcId")
        ...
        return FileSystem(file_system_id=Ref(file_system))    # in the parent: GetAtt("FilesystemStack", "Outputs.FileSystemId")

The same dataclass therefore exists in two scopes, the parent's and a child's; `Tier.uses` takes it down and
`Parent.add` brings the result up. A misspelt port is an AttributeError (and a mypy error), a forgotten output a
TypeError, and a value used in the wrong scope a GeneratorError that names it. Only ports that the finished child
really refers to become its parameters.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar, Union, cast

from troposphere import AWSHelperFn, GetAtt, If, Join, Output, Parameter, Ref, Template, encode_to_dict
from troposphere.cloudformation import Stack

from generator.errors import GeneratorError
from generator.scan import check_template
from generator.sources import Sources

Value = Union[str, AWSHelperFn]
"""What a port holds: a literal or an intrinsic function."""

LIST_SEPARATOR = ","


@dataclass(frozen=True)
class Port:
    """What is known of a port beside its name. `list` marks a list of strings, which crosses a boundary joined."""

    description: str
    list: bool = False

    def parameter(self, name: str) -> Parameter:
        """The child's Parameter called `name` through which this port arrives."""
        return Parameter(name, Type="CommaDelimitedList" if self.list else "String", Description=self.description)


def port(description: str, *, list: bool = False) -> Any:
    """Declare a field of a `Ports` class as a port; `description` goes to the child's Parameter and Output."""
    return field(metadata={"port": Port(description, list)})


@dataclass(frozen=True)
class Ports:
    """Base of everything that is handed between tiers. Fields are ports, or tuples of `Ports` (one for each zone)."""


P = TypeVar("P", bound=Ports)
R = TypeVar("R", bound=Ports)
Arguments = ParamSpec("Arguments")


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
    return Join(LIST_SEPARATOR, value) if port_.list and isinstance(value, (list, Ref)) else cast(Value, value)


class StrictTemplate(Template):  # type: ignore[misc]
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
        self.document: dict[str, Any] = {}
        self._offers: dict[str, tuple[Port, Value]] = {}

    def uses(self, ports: P) -> P:
        """Bring `ports` of the parent into this template: every value becomes a Ref to a parameter of the same name."""
        return translate(ports, self._offer)

    def uses_each(self, zones: Sequence[P]) -> tuple[P, ...]:
        """Bring one `Ports` for each zone into this template; the parameters' names end in the zone's number."""
        return tuple(translate(ports, self._offer, str(number)) for number, ports in enumerate(zones, 1))

    def _offer(self, name: str, port_: Port, value: Value) -> Ref:
        known = self._offers.setdefault(name, (port_, value))
        if known[1] != value:
            raise GeneratorError(f"tier {self.name} is handed two different values called {name}: rename one port")
        return Ref(name)

    def finish(self, outputs: Ports) -> dict[str, Value]:
        """Declare what the template refers to, and its outputs; return the parent's value for each parameter.

        The finished template is in `document` then.

        Raises GeneratorError where the template refers to a name that it has not got.
        """
        for name, port_, value in each_port(outputs):
            self.template.add_output(Output(name, Description=port_.description, Value=joined(port_, value)))
        self.document = self.template.to_dict()
        found = check_template(self.document, f"tier {self.name}", extra=self._offers)
        needed = {name: offer for name, offer in self._offers.items() if name in found}
        self.document["Parameters"] = encode_to_dict({name: port_.parameter(name) for name, (port_, _) in needed.items()})
        return {name: joined(port_, value) for name, (port_, value) in needed.items()}


@dataclass(frozen=True)
class Place:
    """Where in the parent a tier goes: for which zone (1, 2, …), under which condition, after which other tiers."""

    parent: Parent
    zone: int | None = None
    condition: str | None = None
    after: tuple[Ports, ...] = ()

    def add(
        self, build: Callable[Concatenate[Tier, Arguments], R], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> R:
        """Build a tier and nest it here; returns its ports in the parent's scope."""
        return self.parent.nest(self, build.__module__, lambda tier: build(tier, *args, **kwargs))


class Parent:
    """A parent template with its nested templates, all built in memory.

    `template_url(file name)` gives the TemplateURL of a child: an S3 URL to launch, a local file name to lint.
    """

    def __init__(self, name: str, description: str, zone_count: int, sources: Sources) -> None:
        self.name = name
        self.zone_count = zone_count
        self.sources = sources
        self.template = StrictTemplate(description)
        self.template.set_version("2010-09-09")
        self.children: dict[str, dict[str, Any]] = {}
        self.document: dict[str, Any] = {}
        self.template_url: Callable[[str], Value] = lambda file_name: file_name
        self._stacks: list[tuple[Ports, str]] = []

    def add(
        self, build: Callable[Concatenate[Tier, Arguments], R], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> R:
        """Build a tier and nest it; returns its ports in the parent's scope."""
        return Place(self).add(build, *args, **kwargs)

    def place(
        self, *, zone: int | None = None, condition: str | None = None, after: Sequence[Ports] = ()
    ) -> Place:
        """A place for a tier that is built for one zone, or under a condition, or after tiers it takes nothing from."""
        return Place(self, zone, condition, tuple(after))

    def stack_of(self, ports: Ports) -> str:
        """The logical id of the nested stack that handed out `ports`."""
        for known, stack in self._stacks:
            if known is ports:
                return stack
        raise GeneratorError(f"{type(ports).__name__} was not handed out by a tier of {self.name}")

    def nest(self, place: Place, module: str, build: Callable[[Tier], R]) -> R:
        """Add the nested stack of `place` for the tier that `build` makes; see `Place.add`."""
        name = module.rsplit(".", 1)[-1]
        tier = Tier(name, description_of(module), self.zone_count, self.sources)
        inside = build(tier)
        parameters = tier.finish(inside)
        file_name = f"{name.replace('_', '-')}.template.yaml"
        if self.children.setdefault(file_name, tier.document) != tier.document:
            raise GeneratorError(f"tier {name} differs between zones: hand what differs over as a port")
        title = f"{camel(name)}Stack{place.zone or ''}"
        stack = Stack(title, TemplateURL=self.template_url(file_name))
        if parameters:
            stack.Parameters = parameters
        if place.condition:
            stack.Condition = place.condition
        if place.after:
            stack.DependsOn = [self.stack_of(ports) for ports in place.after]
        self.template.add_resource(stack)

        def upward(output: str, port_: Port, _: Value) -> Value:
            value = GetAtt(title, f"Outputs.{output}")
            return If(place.condition, value, "") if place.condition else value

        outside = translate(inside, upward)
        self._stacks.append((outside, title))
        return outside

    def finish(self) -> None:
        """Put the finished parent into `document`; raises GeneratorError if it refers to what it has not got."""
        self.document = self.template.to_dict()
        check_template(self.document, self.name)


def description_of(module: str) -> str:
    """A template's Description: the first sentence of the module that builds it."""
    text = cast(str, sys.modules[module].__doc__ or "")
    first = re.split(r"(?<=\.)\s", " ".join(text.split()), maxsplit=1)[0]
    if not first:
        raise GeneratorError(f"{module} needs a docstring: its first sentence becomes the template's Description")
    return first
