"""The clusters' configuration as ParallelCluster receives it: functions resolved, every value a text.

It is taken from the built template and not from templates/cluster.yaml, so that nothing on the way between them is missed.
Values of the form are its defaults; what a question leaves blank and what other tiers hand in, has an example of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.cfn.references import SUB_VARIABLE, references
from generator.form import questions
from generator.text.yaml_reader import Path

ABSENT = object()
EXAMPLE = "example"
PSEUDO_PARAMETERS = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/example/01234567-89ab-cdef-0123-456789abcdef",
    "AWS::StackName": EXAMPLE,
    "AWS::URLSuffix": "amazonaws.com",
}
# A parameter's name, and a value of its kind.
EXAMPLES = (
    (r"SubnetId\d*", "subnet-0123456789abcdef0"),
    (r"SecurityGroupId\d*", "sg-0123456789abcdef0"),
    (r"(FileSystem|Lustre)Id\d*", "fs-0123456789abcdef0"),
    (r"VpcId", "vpc-0123456789abcdef0"),
    (r"SecretArn", "arn:aws:secretsmanager:us-east-1:123456789012:secret:example-AbCdEf"),
    (r"PolicyArn|BoundaryArn", "arn:aws:iam::123456789012:policy/parallelcluster/example"),
    (r"Arn", "arn:aws:iam::123456789012:role/example"),
    (r"Cidr", "10.0.0.0/16"),
    (r"Port", "3306"),
    (r"Endpoint", "database.example.com"),
    (r"DomainAddr", "ldaps://directory.example.com"),
    (r"DomainName", "corp.example.com"),
    (r"Filter", "(objectClass=user)"),
    (r"Tags", "One=1,Two=2,Three=3,Four=4,Five=5"),
    (r"(Number|Count|Nodes|Size|Days|Minutes|Hours)\d*", "1"),
)


@dataclass(frozen=True)
class Resolved:
    """A configuration, and for each path into it the path into the template's where it came from."""

    content: Any
    origins: Mapping[Path, Path]

    def origin(self, path: Path) -> Path:
        """Where `path` came from; of a key that is missing, where it would have been."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.origins:
                return self.origins[path[:end]] + path[end:]
        return path


@dataclass(frozen=True)
class Configuration:
    """The configuration of a built clusters template, unresolved, with values for all that it refers to."""

    content: Mapping[str, Any]
    values: Mapping[str, str]

    @classmethod
    def of(cls, template: Mapping[str, Any]) -> Configuration:
        """That of the first zone; the other zones' differ in values alone."""
        bodies = [body["Properties"] for body in template["Resources"].values()]
        return cls.with_examples(
            next(body["ClusterConfiguration"] for body in bodies if "ClusterConfiguration" in body)
        )

    @classmethod
    def with_examples(cls, content: Mapping[str, Any]) -> Configuration:
        """One with the form's default or an example for each parameter that it refers to."""
        defaults = {name: question.default for name, question in questions(1).items()}
        names = {found.name for found in references(content) if found.kind == "name"}
        return cls(content, {name: str(defaults.get(name) or example(name)) for name in names} | PSEUDO_PARAMETERS)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions that decide about parts of it, by name."""
        return tuple(sorted({found.name for found in references(self.content) if found.kind == "condition"}))

    def resolve(self, truths: Mapping[str, bool], **values: str) -> Resolved:
        """As ParallelCluster receives it if these conditions hold; `values` takes the place of its own."""
        resolver = _Resolver({**self.values, **values}, truths)
        return Resolved(resolver.resolve(self.content), resolver.origins)

    def cases(self) -> Iterator[dict[str, bool]]:
        """Truths of the conditions: all, none, each alone and all without each.

        So every three conditions are met in each of their eight states, in a number of cases that grows with that of the
        conditions and not with its power.
        """
        yield dict.fromkeys(self.conditions, True)
        yield dict.fromkeys(self.conditions, False)
        for state in (True, False):
            for name in self.conditions:
                yield {**dict.fromkeys(self.conditions, not state), name: state}


def example(name: str) -> str:
    """A value that a parameter of this name may well have."""
    return next((value for pattern, value in EXAMPLES if re.search(f"(?:{pattern})$", name)), EXAMPLE)


@dataclass
class _Resolver:
    values: Mapping[str, str]
    truths: Mapping[str, bool]
    origins: dict[Path, Path] = field(default_factory=dict)

    def resolve(self, node: Any, source: Path = (), target: Path = ()) -> Any:
        """`node` as CloudFormation sends it to a custom resource; ABSENT for AWS::NoValue."""
        self.origins[target] = source
        if isinstance(node, list):
            return self._list(node, source, target)
        if not isinstance(node, dict):
            return str(node).lower() if isinstance(node, bool) else str(node)
        name, argument = next(iter(node.items()), ("", None))
        if len(node) == 1 and (name == "Ref" or name.startswith("Fn::")):
            return self._function(name, argument, (*source, name), target)
        found = {}
        for key, value in node.items():
            resolved = self.resolve(value, (*source, key), (*target, key))
            if resolved is not ABSENT:
                found[key] = resolved
        return found

    def _list(self, node: list[Any], source: Path, target: Path) -> list[Any]:
        found: list[Any] = []
        for index, item in enumerate(node):
            resolved = self.resolve(item, (*source, index), (*target, len(found)))
            if resolved is not ABSENT:
                found.append(resolved)
        return found

    def _function(self, name: str, argument: Any, source: Path, target: Path) -> Any:
        if name == "Ref":
            return ABSENT if argument == "AWS::NoValue" else self.values.get(argument, EXAMPLE)
        if name == "Fn::If":
            branch = 1 if self.truths[argument[0]] else 2
            return self.resolve(argument[branch], (*source, branch), target)
        if name == "Fn::Sub":
            return self._sub(argument)
        if name == "Fn::Base64":
            return self._text(argument)
        if name == "Fn::Join":
            return argument[0].join(map(str, self._items(argument[1])))
        if name == "Fn::Split":
            return self._text(argument[1]).split(argument[0])
        if name == "Fn::Select":
            return next(iter(self._items(argument[1])[int(argument[0]) :]), EXAMPLE)
        return EXAMPLE  # what only a deployment tells: an attribute, an export, a mapping's value

    def _sub(self, argument: Any) -> str:
        text, variables = (argument, {}) if isinstance(argument, str) else argument
        own = {name: self._text(value) for name, value in variables.items()}
        filled = SUB_VARIABLE.sub(lambda found: own.get(found[1], self.values.get(found[1], EXAMPLE)), text)
        return filled.replace("${!", "${")

    def _text(self, node: Any) -> str:
        return str(_Resolver(self.values, self.truths).resolve(node))

    def _items(self, node: Any) -> list[Any]:
        found = _Resolver(self.values, self.truths).resolve(node)
        return found if isinstance(found, list) else [found]
