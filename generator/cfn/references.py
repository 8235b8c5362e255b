"""Finds what a template refers to, and refuses references to nothing: troposphere checks neither."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import Any

from generator.errors import GeneratorError

SUB_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


def references(node: Any) -> Iterator[tuple[str, str]]:
    """Yield (kind, name) for each reference under `node`; kind is `name`, `condition` or `mapping`."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref" and len(node) == 1:
                yield "name", value
            elif key == "Fn::GetAtt":
                yield "name", (value if isinstance(value, str) else value[0]).split(".")[0]
            elif key == "Fn::Sub":
                yield from _sub(value)
            elif key == "Fn::If":
                yield "condition", value[0]
                yield from references(value[1:])
            elif key == "Condition" and isinstance(value, str):
                yield "condition", value
            elif key == "Fn::FindInMap":
                yield "mapping", value[0]
                yield from references(value[1:])
            elif key == "DependsOn":
                for name in [value] if isinstance(value, str) else value:
                    yield "name", name
            else:
                yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def _sub(value: Any) -> Iterator[tuple[str, str]]:
    text, variables = (value, {}) if isinstance(value, str) else value
    yield from references(variables)
    for name in SUB_VARIABLE.findall(text):
        if name not in variables:
            yield "name", name.split(".")[0]


def check_template(template: dict[str, Any], who: str, extra: Container[str] = ()) -> set[str]:
    """Return the names of `extra` that `template` refers to; `who` names the template in errors.

    Raises GeneratorError for a reference to a resource, parameter, condition or mapping that does not exist.
    """
    names = set(template.get("Resources", {})) | set(template.get("Parameters", {}))
    known = {"condition": template.get("Conditions", {}), "mapping": template.get("Mappings", {})}
    found: set[str] = set()
    for section in ("Rules", "Conditions", "Resources", "Outputs"):
        for kind, name in references(template.get(section, {})):
            if kind != "name":
                if name not in known[kind]:
                    raise GeneratorError(f"{who} refers to {kind} {name}, which it does not define: correct the name")
            elif name in extra:
                found.add(name)
            elif name not in names and not name.startswith("AWS::"):
                raise GeneratorError(
                    f"{who} refers to {name}, which is neither its resource nor a parameter it uses: correct the name"
                )
    return found
