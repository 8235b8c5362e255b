"""Which stacks live in a region and which were deleted, and to which deployment a thing in it belongs.

CloudFormation tags what it makes with the nested stack's name and id (CloudFormation user guide, "Resource tags"), and
names what the template does not name after that stack, in a name that may be cut (generator/cfn/generated_names.py). Both
lead to the parent: a nested stack's name is its parent's, the logical id and a random end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.aws import Account
from generator.cfn import generated_names

Tags = Mapping[str, str]
STACK_NAME = "aws:cloudformation:stack-name"
STACK_ID = "aws:cloudformation:stack-id"
LOGICAL_ID = "aws:cloudformation:logical-id"
# Nested stacks are called after their tiers: generator/cfn/wiring.py. Names of buckets and snapshots are in lower case.
TIER = re.compile(r"^(?P<root>[a-zA-Z][a-zA-Z0-9-]*)-[A-Za-z]+stack\d*-[A-Za-z0-9]*(?=$|[-/])", re.IGNORECASE)


def items(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Mapping[str, Any]]:
    """Every item under `key` of an operation's answers, over all pages if it has pages."""
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page[key]
    else:
        yield from getattr(client, operation)(**arguments)[key]


def tags(pairs: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Tags as most services list them, by name."""
    return {pair["Key"]: pair["Value"] for pair in pairs}


def root(name: str) -> str:
    """The parent's name in a nested stack's, or in a name that begins with one; empty if there is none."""
    found = TIER.match(name)
    return found["root"] if found else ""


@dataclass(frozen=True)
class Stacks:
    """The stacks of a region, by the last part of their ids; deleted ones as far back as CloudFormation lists them."""

    alive: Mapping[str, str] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)
    has_clusters: bool = False  # whether any ParallelCluster cluster lives, this project's or another

    def living(self, name: str) -> bool:
        """Whether a stack of this name lives; case does not matter."""
        return name.lower() in {alive.lower() for alive in self.alive.values()}

    def maker(self, name: str, tier: str, resource_type: str, logical_id: str) -> str:
        """The stack of the tier whose resource CloudFormation may have given the name; empty if none is known.

        Where names are cut several stacks may fit: a living one then goes first.
        """
        made = name.lower()
        return next(
            (
                stack
                for stack in (*self.alive.values(), *self.gone.values())
                if f"-{tier}-" in stack.lower()
                and any(
                    made.startswith(begins.lower())
                    for begins in generated_names.beginnings(resource_type, stack, logical_id)
                )
            ),
            "",
        )

    def named(self, beginning: str) -> str:
        """The name of the stack, living or gone, whose id's last part begins so; empty if it is not known."""
        both = {**self.gone, **self.alive}
        return next((name for end, name in both.items() if end.startswith(beginning)), "")


def stacks(account: Account) -> Stacks:
    """The stacks that CloudFormation lists."""
    cloudformation = account.client("cloudformation")
    alive = [s for s in items(cloudformation, "describe_stacks", "Stacks") if s["StackStatus"] != "DELETE_COMPLETE"]
    asked = {"StackStatusFilter": ["DELETE_COMPLETE"]}
    gone = [
        s
        for s in items(cloudformation, "list_stacks", "StackSummaries", **asked)
        if s["StackStatus"] == "DELETE_COMPLETE"
    ]
    return Stacks(
        {_end(stack): stack["StackName"] for stack in alive},
        {_end(stack): stack["StackName"] for stack in gone},
        any("parallelcluster:version" in tags(stack.get("Tags", [])) for stack in alive),
    )


def _end(stack: Mapping[str, Any]) -> str:
    return str(stack["StackId"]).rsplit("/", 1)[-1]


def size(octets: float) -> str:
    """A size as people write it."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if octets < 1024:
            return f"{octets:.0f} {unit}" if unit == "bytes" else f"{octets:.1f} {unit}"
        octets /= 1024
    return f"{octets:.1f} TiB"
