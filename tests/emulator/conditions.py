"""The Conditions section, with every function that CloudFormation allows in it.

ministack compares what is inside Fn::Equals as text unless it is a parameter: a Fn::FindInMap, Fn::Join or pseudo
parameter in a condition would silently be something else.
"""

from collections.abc import Mapping
from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers, stacks

Template = Mapping[str, Any]


class _Conditions:
    """One evaluation of a template's conditions for given parameters."""

    def __init__(self, template: Template, parameters: Mapping[str, Any]) -> None:
        self.definitions: Mapping[str, Any] = template.get("Conditions") or {}
        self.mappings = template.get("Mappings") or {}
        self.parameters = parameters
        self.known: dict[str, bool] = {}

    def named(self, name: str) -> bool:
        """The truth of a named condition."""
        if name not in self.definitions:
            raise ValueError(f"Template format error: Unresolved condition dependency {name}")
        if name not in self.known:
            self.known[name] = self.truth(self.definitions[name])
        return self.known[name]

    def value(self, node: Any) -> Any:
        """A side of Fn::Equals: text, or a list of texts."""
        resolved = engine._resolve_refs(node, {}, self.parameters, {}, self.mappings, "", "")
        if isinstance(resolved, dict):
            raise ValueError(f"Template format error: {node} is not allowed in a condition")
        if isinstance(resolved, bool):
            return str(resolved).lower()
        return resolved if isinstance(resolved, list) else str(resolved)

    def truth(self, node: Any) -> bool:
        """The truth of a condition function."""
        if not isinstance(node, Mapping) or len(node) != 1:
            raise ValueError(f"Template format error: {node} is no condition")
        [(function, arguments)] = node.items()
        if function == "Condition":
            return self.named(arguments)
        if function == "Fn::Equals":
            left, right = arguments
            return bool(self.value(left) == self.value(right))
        if function not in ("Fn::And", "Fn::Or", "Fn::Not"):
            raise ValueError(f"Template format error: {function} is no condition")
        truths = [self.truth(argument) for argument in arguments]
        return {"Fn::And": all(truths), "Fn::Or": any(truths), "Fn::Not": not truths[0]}[function]


def evaluate(template: Template, parameters: Mapping[str, Any]) -> dict[str, bool]:
    """Every condition of the template; `parameters` as ministack resolves them ({name: {Value, Type, …}})."""
    conditions = _Conditions(template, parameters)
    return {name: conditions.named(name) for name in conditions.definitions}


def install() -> None:
    """Replace ministack's evaluation wherever it was imported."""
    for module in (changesets, engine, handlers, stacks):
        if not hasattr(module, "_evaluate_conditions"):
            raise RuntimeError(
                f"ministack's {module.__name__} no longer evaluates conditions: mend tests/emulator/conditions.py."
            )
        module._evaluate_conditions = evaluate
