"""The reach of a changed answer: properties of resources, through parameters, conditions and outputs.

Templates alone say that: a changed parameter changes whatever refers to it, a changed condition whatever it chooses, a
replaced resource whatever refers to that resource. What a change of a property does to its resource is asked of a
`Judge`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from generator.cfn.references import Path, references

Template = dict[str, Any]
STACK_TYPE = "AWS::CloudFormation::Stack"
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
    """The paths under `node` at which something changed is referred to.

    `changed` holds names as Ref gives them, `Name.Attribute`, `Name.*` for all attributes, and `?Condition`.
    """
    for reference in references(node, path):
        if reference.kind == "condition":
            names = {f"?{reference.name}"}
        elif reference.attribute:
            names = {f"{reference.name}.{reference.attribute}", f"{reference.name}.*"}
        else:
            names = {reference.name}
        if names & changed:
            yield reference.path


def reach(templates: dict[str, Template], name: str, changed: set[str], judge: Judge) -> tuple[set[Change], set[str]]:
    """Everything in the template `name`, and in those nested in it, that a change of the parameters `changed` reaches.

    Returns the changes and the names of the template's outputs that change. `templates` goes by file name without
    `.template.yaml`, which is also how a nested stack's TemplateURL ends.
    """
    return _Spread(templates, name, changed, judge).result()


class _Spread:
    """What has changed in one template so far. Each round adds what refers to it, until a round adds nothing."""

    def __init__(self, templates: dict[str, Template], name: str, changed: set[str], judge: Judge) -> None:
        self.templates, self.name, self.judge = templates, name, judge
        self.template = templates[name]
        self.changed = set(changed)
        self.changes: dict[str, set[Change]] = {}  # logical id -> what may happen to it or, if nested, in it
        self.together: dict[str, set[str]] = {}  # condition -> what comes and goes with it

    def result(self) -> tuple[set[Change], set[str]]:
        """The changes and the outputs that change."""
        self._conditions()
        while True:
            before = set(self.changed)
            for title, body in self.template["Resources"].items():
                self._resource(title, body)
            if self.changed == before:
                break
        outputs = {
            output for output, body in self.template.get("Outputs", {}).items() if _hit(body["Value"], self.changed)
        }
        return set().union(*self.changes.values()), outputs

    def _conditions(self) -> None:
        """Add the conditions that a change may turn."""
        while True:
            conditions = self.template.get("Conditions", {}).items()
            turned = {f"?{name}" for name, rule in conditions if _hit(rule, self.changed)}
            if turned <= self.changed:
                return
            self.changed |= turned

    def _resource(self, title: str, body: dict[str, Any]) -> None:
        child, condition = _child(body, self.templates), str(body.get("Condition", ""))
        made = f"?{condition}" in self.changed
        if made:
            self.together.setdefault(condition, set()).update({title, f"{title}.*"})
            self.changed |= self.together[condition]
        if child and made:
            self.changes[title] = _all(self.templates, child)
        elif child:
            self._nested(title, body, child)
        else:
            self._own(title, body, made)

    def _nested(self, title: str, body: dict[str, Any], child: str) -> None:
        """A nested stack: what reaches it through its parameters, and what it hands out then."""
        parameters = body["Properties"].get("Parameters", {})
        handed = {key for key, value in parameters.items() if _hit(value, self.changed)}
        if handed:
            self.changes[title], outputs = reach(self.templates, child, handed, self.judge)
            self.changed |= {f"{title}.Outputs.{output}" for output in outputs}

    def _own(self, title: str, body: dict[str, Any], made: bool) -> None:
        """A resource of the template itself. Things that come and go together do not change each other."""
        paths = _paths(body, self.changed - self.together.get(body.get("Condition", ""), set()))
        if not paths and not made:
            return
        change = Change(self.name, title, body["Type"], paths, made)
        self.changes[title] = {change}
        if self.judge(change):
            self.changed |= {title, f"{title}.*"}
        for path in paths:
            self.changed |= {f"{title}.{handed}" for handed in HANDED_ON.get((body["Type"], path[0]), ())}


def _paths(body: dict[str, Any], changed: set[str]) -> frozenset[Path]:
    return frozenset(touched(body.get("Properties", {}), changed))


def _hit(value: Any, changed: set[str]) -> bool:
    return next(touched(value, changed), None) is not None


def _all(templates: dict[str, Template], name: str) -> set[Change]:
    """Every resource of a nested stack that is made or removed as a whole."""
    return {Change(name, title, body["Type"], made=True) for title, body in templates[name]["Resources"].items()}


def _child(body: dict[str, Any], templates: dict[str, Template]) -> str | None:
    """The template of ours that a resource nests, if it does."""
    if body["Type"] != STACK_TYPE:
        return None
    file = str(body["Properties"]["TemplateURL"]).rsplit("/", 1)[-1]
    return next((name for name in templates if file.startswith(f"{name}.template.yaml")), None)
