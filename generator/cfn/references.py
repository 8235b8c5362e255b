"""Finds what a template refers to, and refuses references to nothing: troposphere checks neither."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from typing import Any, NamedTuple

from generator.errors import GeneratorError

SUB_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")
Path = tuple[str, ...]


class Reference(NamedTuple):
    """A reference to `name`: `kind` is `name` (resource or parameter), `condition` or `mapping`.

    `attribute` is what a Fn::GetAtt asks for, blank for a Ref. `path` leads from the node that was searched to the property
    with the reference; functions and list positions are no part of it.
    """

    kind: str
    name: str
    attribute: str
    path: Path


def references(node: Any, path: Path = ()) -> Iterator[Reference]:
    """Every reference under `node`, which `path` leads to."""
    if isinstance(node, list):
        for item in node:
            yield from references(item, path)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in READERS:
                yield from READERS[key](value, path)
            else:
                yield from references(value, path if key.startswith("Fn::") else (*path, key))


def _dotted(text: str, path: Path) -> Reference:
    name, _, attribute = text.partition(".")
    return Reference("name", name, attribute, path)


def _ref(value: Any, path: Path) -> Iterator[Reference]:
    yield Reference("name", value, "", path)


def _get_att(value: Any, path: Path) -> Iterator[Reference]:
    yield _dotted(value if isinstance(value, str) else ".".join(map(str, value)), path)


def _sub(value: Any, path: Path) -> Iterator[Reference]:
    text, variables = (value, {}) if isinstance(value, str) else value
    yield from references([*variables.values()], path)
    yield from (_dotted(name, path) for name in SUB_VARIABLE.findall(text) if name not in variables)


def _if(value: Any, path: Path) -> Iterator[Reference]:
    yield Reference("condition", value[0], "", path)
    yield from references(value[1:], path)


def _condition(value: Any, path: Path) -> Iterator[Reference]:
    if isinstance(value, str):
        yield Reference("condition", value, "", path)
    else:  # an IAM policy's
        yield from references(value, (*path, "Condition"))


def _find_in_map(value: Any, path: Path) -> Iterator[Reference]:
    yield Reference("mapping", value[0], "", path)
    yield from references(value[1:], path)


def _depends_on(value: Any, path: Path) -> Iterator[Reference]:
    for name in [value] if isinstance(value, str) else value:
        yield Reference("name", name, "", path)


READERS: dict[str, Callable[[Any, Path], Iterator[Reference]]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::If": _if,
    "Condition": _condition,
    "Fn::FindInMap": _find_in_map,
    "DependsOn": _depends_on,
}


def check_template(template: dict[str, Any], who: str, extra: Container[str] = ()) -> set[str]:
    """Return the names of `extra` that `template` refers to; `who` names the template in errors.

    Raises GeneratorError for a reference to a resource, parameter, condition or mapping that does not exist.
    """
    names = set(template.get("Resources", {})) | set(template.get("Parameters", {}))
    known = {"condition": template.get("Conditions", {}), "mapping": template.get("Mappings", {})}
    used: set[str] = set()
    for section in ("Rules", "Conditions", "Resources", "Outputs"):
        for kind, name in {(found.kind, found.name) for found in references(template.get(section, {}))}:
            if kind == "name" and name in extra:
                used.add(name)
            elif kind == "name" and name not in names and not name.startswith("AWS::"):
                raise GeneratorError(
                    f"{who} refers to {name}, which is neither its resource nor a parameter it uses: correct the name"
                )
            elif kind != "name" and name not in known[kind]:
                raise GeneratorError(f"{who} refers to {kind} {name}, which it does not define: correct the name")
    return used
