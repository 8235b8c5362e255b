"""What a change of one answer reaches: which properties of which resources, through parameters, conditions and outputs.

Templates alone say that: a changed parameter changes whatever refers to it, a changed condition whatever it chooses, a
replaced resource whatever refers to that resource. What a change of a property does to its resource is asked of a
`Judge`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from generator.cfn.references import SUB_VARIABLE

Template = dict[str, Any]
Path = tuple[str, ...]
STACK = "AWS::CloudFormation::Stack"
# Attributes that change when this property is updated in place; a replacement changes all of them.
HANDED_ON = {
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData"): ("LatestVersionNumber",),
    ("Custom::ParallelClusterImage", "ParallelClusterVersion"): ("ImageId",),
    ("Custom::ParallelClusterImage", "PortalAmiId"): ("ImageId",),
    ("Custom::ParallelClusterImage", "PortalImageRefresh"): ("ImageId",),
}


@dataclass(frozen=True)
class Change:
    """What may happen to one resource: `paths` are the properties that may change, `made` if it may come or go."""

    template: str
    title: str
    type: str
    paths: frozenset[Path] = frozenset()
    made: bool = False


Judge = Callable[[Change], bool]
"""Whether a change takes a new resource."""


def touched(node: Any, changed: set[str], path: Path = ()) -> Iterator[Path]:
    """The paths under `node` at which something changed is referred to; functions and list positions are no part of them.

    `changed` holds names as Ref gives them, `Name.Attribute`, `Name.*` for all attributes, and `?Condition`.
    """
    if isinstance(node, list):
        for item in node:
            yield from touched(item, changed, path)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield from [path] if value in changed else []
            elif key == "Fn::GetAtt":
                name, _, attribute = (value if isinstance(value, str) else ".".join(value)).partition(".")
                yield from [path] if {f"{name}.{attribute}", f"{name}.*"} & changed else []
            elif key == "Fn::Sub":
                text, variables = (value, {}) if isinstance(value, str) else value
                yield from touched([*variables.values()], changed, path)
                names = {name for name in SUB_VARIABLE.findall(text) if name not in variables}
                yield from [path] if names & changed else []
            elif key == "Fn::If":
                yield from [path] if f"?{value[0]}" in changed else touched(value[1:], changed, path)
            elif key == "Condition" and isinstance(value, str):
                yield from [path] if f"?{value}" in changed else []
            else:
                yield from touched(value, changed, path if key.startswith("Fn::") else (*path, key))


def _conditions(template: Template, changed: set[str]) -> None:
    """Add the conditions that a change may turn to `changed`."""
    while True:
        found = {f"?{name}" for name, rule in template.get("Conditions", {}).items() if [*touched(rule, changed)]}
        if found <= changed:
            return
        changed |= found


def reach(templates: dict[str, Template], name: str, changed: set[str], judge: Judge) -> tuple[set[Change], set[str]]:
    """Everything in the template `name`, and in those nested in it, that a change of the parameters `changed` reaches.

    Returns the changes and the names of the template's outputs that change. `templates` goes by file name without
    `.template.yaml`, which is also how a nested stack's TemplateURL ends.
    """
    template, changed = templates[name], set(changed)
    _conditions(template, changed)
    found: dict[str, set[Change]] = {}
    together: dict[str, set[str]] = {}  # condition -> what comes and goes with it
    while True:
        before = set(changed)
        for title, body in template["Resources"].items():
            child, condition = _child(body, templates), body.get("Condition")
            made = f"?{condition}" in changed
            if made:
                together.setdefault(condition, set()).update({title, f"{title}.*"})
                changed |= together[condition]
            if child and made:
                found[title] = _all(templates, child)
            elif child:
                handed = {
                    key for key, value in body["Properties"].get("Parameters", {}).items() if _hit(value, changed)
                }
                if handed:
                    found[title], outputs = reach(templates, child, handed, judge)
                    changed |= {f"{title}.Outputs.{output}" for output in outputs}
            elif (paths := _paths(body, changed - together.get(condition, set()))) or made:
                change = Change(name, title, body["Type"], paths, made)
                found[title] = {change}
                if judge(change):
                    changed |= {title, f"{title}.*"}
                for path in paths:
                    changed |= {f"{title}.{handed}" for handed in HANDED_ON.get((body["Type"], path[0]), ())}
        if changed == before:
            break
    outputs = {output for output, body in template.get("Outputs", {}).items() if _hit(body["Value"], changed)}
    return set().union(*found.values()), outputs


def _paths(body: dict[str, Any], changed: set[str]) -> frozenset[Path]:
    return frozenset(touched(body.get("Properties", {}), changed))


def _hit(value: Any, changed: set[str]) -> bool:
    return next(touched(value, changed), None) is not None


def _all(templates: dict[str, Template], name: str) -> set[Change]:
    """Every resource of a nested stack that is made or removed as a whole."""
    return {Change(name, title, body["Type"], made=True) for title, body in templates[name]["Resources"].items()}


def _child(body: dict[str, Any], templates: dict[str, Template]) -> str | None:
    """The template of ours that a resource nests, if it does."""
    if body["Type"] != STACK:
        return None
    file = str(body["Properties"]["TemplateURL"]).rsplit("/", 1)[-1]
    return next((name for name in templates if file.startswith(f"{name}.template.yaml")), None)
