"""The generated templates, built once for all tests of the generator, and ways to walk through them.

Templates go by their file name without `.template.yaml`; they are plain dictionaries with the long forms of functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from generator import form, stack
from generator.form import Question
from generator.text.yaml import to_yaml

SUFFIX = ".template.yaml"
PARENTS = form.PARENTS
REQUIRED = {"PortalAccessCidr": "203.0.113.0/24", "AssetsBucket": "publisher", "AssetsBucketRegion": "us-east-1"}
"""What a published link and the operator must give, and nothing else."""


@cache
def templates(zones: int = 2) -> dict[str, dict[str, Any]]:
    """Every template of a build for `zones` Availability Zones. Shared: do not change it."""
    return {name.removesuffix(SUFFIX): template for name, template in stack.build(zones).items()}


@cache
def texts() -> dict[str, str]:
    """Every template as YAML."""
    return {name: to_yaml(template) for name, template in templates().items()}


NAMES = tuple(templates())
TIERS = tuple(name for name in NAMES if name not in PARENTS)


def resources(kind: str = "", zones: int = 2) -> list[tuple[str, dict[str, Any]]]:
    """(`template.LogicalId`, resource) of all resources, or of those of one type, or of a service (`AWS::IAM::`)."""
    return [
        (f"{name}.{title}", body)
        for name, template in templates(zones).items()
        for title, body in template["Resources"].items()
        if body["Type"] == kind or not kind or (kind.endswith("::") and body["Type"].startswith(kind))
    ]


def resource(place: str, zones: int = 2) -> dict[str, Any]:
    """The properties of the resource `template.LogicalId`."""
    name, title = place.split(".")
    return cast(dict[str, Any], templates(zones)[name]["Resources"][title]["Properties"])


def walk(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield (path, value) of `node` and of everything under it."""
    yield path, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, (*path, index))


def strings(node: Any) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Yield (path, string) of every string value under `node`."""
    for path, value in walk(node):
        if isinstance(value, str):
            yield path, value


def branches(value: Any) -> list[Any]:
    """What `value` may come to, whichever way its Fn::If decide; nothing stands for AWS::NoValue."""
    if isinstance(value, dict) and set(value) == {"Fn::If"}:
        return [leaf for branch in value["Fn::If"][1:] for leaf in branches(branch)]
    return [] if value == {"Ref": "AWS::NoValue"} else [value]


def as_list(value: Any) -> list[Any]:
    """`value`, if it is a list, else a list of it; with every branch of every Fn::If in it."""
    return [leaf for item in (value if isinstance(value, list) else [value]) for leaf in branches(item)]


@cache
def questions(zones: int = 2) -> dict[str, Question]:
    """Every question of both parents' forms by the parameter's name."""
    return form.questions(zones)


def package_folder(package: str) -> Path:
    """Where a package is installed, found without importing it: cfn-lint and moto take seconds."""
    spec = find_spec(package)
    assert spec and spec.origin
    return Path(spec.origin).parent
