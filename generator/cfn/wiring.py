"""How values travel between the parent and its nested stacks: typed ports, checked when the templates are built.

A tier hands out a frozen dataclass of *ports*. Each port is spelled once, as a field; the child's Output, the parent's
GetAtt and the next child's Parameter derive from it:

    @dataclass(frozen=True)
    class FileSystem(Ports):
        file_system_id: Value = port("EFS file system")

    def build(tier: Tier, network: Network) -> FileSystem:
        ...                                 # in here network.vpc_id is Ref("VpcId")
        return FileSystem(file_system_id=Ref(file_system))

    file_system = parent.add(tiers.file_system.build, network)
    file_system.file_system_id              # in the parent: GetAtt("FileSystemStack", "Outputs.FileSystemId")

The same dataclass therefore exists in two scopes, the parent's and a child's. `Parent.add` takes the arguments down
before it calls `build`, and brings the result up; so a tier never sees a value of the parent and is the same template
wherever it is used. A misspelt port is an AttributeError (and a mypy error), a forgotten output a TypeError, a name
that no argument has a GeneratorError. Only ports that the finished child refers to become its parameters.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from troposphere import GetAtt, If, Output, Ref, encode_to_dict
from troposphere.cloudformation import Stack

from generator import release_folder
from generator.cfn.ports import Port, Ports, camel, each_port, joined, translate
from generator.cfn.references import check_template
from generator.cfn.template import GOES_WITH_THE_STACK, StrictTemplate, Value
from generator.errors import GeneratorError
from generator.text.sources import Sources

R = TypeVar("R", bound=Ports)
Arguments = ParamSpec("Arguments")


class Tier:
    """One nested template while it is being built.

    `zone_count` is the number of Availability Zones of the build, `sources` the texts that people edit.
    """

    def __init__(self, name: str, description: str, zone_count: int, sources: Sources) -> None:
        self.name = name
        self.zone_count = zone_count
        self.sources = sources
        self.template = StrictTemplate(description)

    @property
    def release_folder(self) -> str:
        """Where the release's files lie under AssetsPrefix."""
        return release_folder(self.sources.version, self.zone_count)

    def finish(self, offers: dict[str, tuple[Port, Value]], outputs: Ports) -> Child:
        """The nested template with its outputs, and a parameter for each of the `offers` that it refers to.

        Raises GeneratorError where the template refers to a name that it does not have, or has one twice.
        """
        for name, port_, value in each_port(outputs):
            self.template.add_output(Output(name, Description=port_.description, Value=joined(port_, value)))
        document = self.template.to_dict()
        referred = check_template(document, f"tier {self.name}", extra=offers)
        parameters = {name: port_ for name, (port_, _) in offers.items() if name in referred}
        if twice := parameters.keys() & document["Resources"].keys():
            raise GeneratorError(
                f"tier {self.name} has a resource {min(twice)} and takes a port of that name: rename one"
            )
        document["Parameters"] = encode_to_dict({name: port_.parameter(name) for name, port_ in parameters.items()})
        return Child(f"{self.name.replace('_', '-')}.template.yaml", document, parameters, outputs)


@dataclass(frozen=True)
class Child:
    """A finished nested template: its file, its text as a dictionary, its parameters' ports, and its outputs."""

    file_name: str
    document: dict[str, Any]
    parameters: dict[str, Port]
    outputs: Ports


@dataclass(frozen=True)
class Place:
    """Where in the parent a tier goes: under which condition, after which other tiers, and how long its creation may take.

    `minutes` is for a tier in which something may wait without an end.
    """

    parent: Parent
    condition: str | None = None
    earlier: tuple[Ports, ...] = ()
    minutes: int | None = None

    def add(
        self, build: Callable[Concatenate[Tier, Arguments], R], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> R:
        """Build a tier and nest it here; returns its ports in the parent's scope. The arguments are `Ports`."""
        parent, name = self.parent, build.__module__.rsplit(".", 1)[-1]
        offers: dict[str, tuple[Port, Value]] = {}

        def downward(offered: str, port_: Port, value: Value) -> Value:
            known = offers.setdefault(offered, (port_, value))
            if known[1] is not value and known[1] != value:
                raise GeneratorError(f"tier {name} takes two values called {offered}: rename one port")
            return Ref(offered)

        def inside(argument: Any) -> Any:
            if isinstance(argument, Ports):
                return translate(argument, downward)
            raise GeneratorError(f"a tier takes Ports, not {argument!r}: hand the value over as a port")

        positional = [inside(argument) for argument in args]
        named = {keyword: inside(argument) for keyword, argument in kwargs.items()}
        child = parent.children.get(name)
        if child is None:
            tier = Tier(name, description_of(build.__module__), parent.zone_count, parent.sources)
            child = parent.children[name] = tier.finish(offers, build(tier, *positional, **named))
        return cast(R, self._nest(f"{camel(name)}Stack", child, offers))

    def _nest(self, title: str, child: Child, offers: dict[str, tuple[Port, Value]]) -> Ports:
        """Add the nested stack `title`; returns the child's outputs in the parent's scope."""
        stack = Stack(title, **GOES_WITH_THE_STACK, TemplateURL=self.parent.template_url(child.file_name))
        if child.parameters:
            stack.Parameters = {key: joined(*offers[key]) for key in child.parameters}
        if self.minutes:
            stack.TimeoutInMinutes = self.minutes
        if self.condition:
            stack.Condition = self.condition
        if self.earlier:
            stack.DependsOn = [self.parent.stack_of(ports) for ports in self.earlier]
        self.parent.template.add_resource(stack)

        def upward(output: str, port_: Port, _: Value) -> Value:
            value = GetAtt(title, f"Outputs.{output}")
            return If(self.condition, value, "") if self.condition else value

        outside = translate(child.outputs, upward)
        self.parent.remember(outside, title)
        return outside


class Parent:
    """A parent template with its nested templates, all built in memory.

    `template` has the form's parameters already. `template_url(file name)` is the TemplateURL of a child: an S3 URL to
    launch, a local file name to lint. Parents that share `children` build each tier once.
    """

    def __init__(
        self,
        name: str,
        template: StrictTemplate,
        zone_count: int,
        sources: Sources,
        children: dict[str, Child],
        template_url: Callable[[str], Value],
    ) -> None:
        self.name = name
        self.template = template
        self.zone_count = zone_count
        self.sources = sources
        self.children = children
        self.template_url = template_url
        self._stacks: list[tuple[Ports, str]] = []
        self.add = Place(self).add

    def after(self, *earlier: Ports) -> Place:
        """A place for a tier that waits for tiers it takes nothing from."""
        return Place(self, earlier=earlier)

    def when(self, condition: str) -> Place:
        """A place for a tier that exists only under a condition; its outputs are blank otherwise."""
        return Place(self, condition)

    def within(self, minutes: int) -> Place:
        """A place for a tier whose creation fails when it takes longer."""
        return Place(self, minutes=minutes)

    def remember(self, ports: Ports, stack: str) -> None:
        """Note that the nested stack `stack` returned `ports`."""
        self._stacks.append((ports, stack))

    def stack_of(self, ports: Ports) -> str:
        """The logical id of the nested stack that returned `ports`."""
        for known, stack in self._stacks:
            if known is ports:
                return stack
        raise GeneratorError(
            f"{type(ports).__name__} was not returned by a tier of {self.name}: hand in what a tier returned"
        )

    def finish(self) -> dict[str, Any]:
        """The finished template as a dictionary; raises GeneratorError if it refers to a name that it does not have."""
        document: dict[str, Any] = self.template.to_dict()
        check_template(document, self.name)
        return document


def description_of(module: str) -> str:
    """A template's Description: the first sentence of the module that builds it."""
    text = sys.modules[module].__doc__ or ""
    first = re.split(r"(?<=\.)\s", " ".join(text.split()), maxsplit=1)[0]
    if not first:
        raise GeneratorError(f"{module} needs a docstring: its first sentence becomes the template's Description")
    return first
