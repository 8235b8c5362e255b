"""The Rules section of a template, evaluated as CloudFormation does before it creates or updates a stack.

Without troposphere: beside `make preflight` the emulator uses it, in an environment of its own.

    found = broken(template, {"DomainName": "portal.example.org"}, region="eu-west-1")

`found` is a list of sentences, one for each assertion that the answers violate.
"""

from collections.abc import Callable, Mapping
from typing import Any

from generator.cfn.regions import partition_of, url_suffix

Template = Mapping[str, Any]
# Fn::RefAll(parameter type) -> ids, Fn::ValueOf(parameter type, id, attribute) -> value: only an account can answer these.
RefAll = Callable[[str], list[str]]
ValueOf = Callable[[str, str, str], str]


class RuleError(ValueError):
    """The Rules section itself is wrong: a function that rules do not have, or arguments that it does not take."""


def completed(template: Template, given: Mapping[str, str]) -> dict[str, str]:
    """`given`, and the template's defaults for parameters that are not among them."""
    asked = template.get("Parameters", {})
    return {name: str(body["Default"]) for name, body in asked.items() if "Default" in body} | dict(given)


def _no_account(*question: str) -> Any:
    raise RuntimeError(f"this rule asks the account about {' '.join(question)}: pass ref_all and value_of")


LOGIC: dict[str, Callable[[list[bool]], bool]] = {
    "Fn::And": all,
    "Fn::Or": any,
    "Fn::Not": lambda truths: not truths[0],
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Fn::Equals": lambda left, right: bool(left == right),
    "Fn::Contains": lambda left, right: right in left,
    "Fn::EachMemberEquals": lambda left, right: all(member == right for member in left),
    "Fn::EachMemberIn": lambda left, right: all(member in right for member in left),
}


class _Rules:
    """One evaluation: the template's parameter types, the answers, the pseudo parameters."""

    def __init__(
        self,
        template: Template,
        values: Mapping[str, str],
        pseudo: Mapping[str, str],
        ref_all: RefAll = _no_account,
        value_of: ValueOf = _no_account,
    ) -> None:
        self.parameters: Mapping[str, Any] = template.get("Parameters", {})
        self.values = completed(template, values)
        self.pseudo, self.ref_all, self.value_of = pseudo, ref_all, value_of

    def type_of(self, name: str) -> tuple[str, bool]:
        """A parameter's type and whether it holds a list of that type."""
        declared = str(self.parameters[name].get("Type", "String"))
        if declared == "CommaDelimitedList":
            return "String", True
        if declared.startswith("List<"):
            return declared[5:-1], True
        return declared, False

    def parameter(self, name: str) -> str | list[str]:
        """A parameter's answer; lists as lists."""
        if name not in self.values:
            raise RuleError(f"parameter {name} has neither a value nor a default")
        value = self.values[name]
        return [part.strip() for part in value.split(",")] if self.type_of(name)[1] else value

    def ref(self, name: str) -> str | list[str]:
        if name in self.parameters:
            return self.parameter(name)
        if name in self.pseudo:
            return self.pseudo[name]
        raise RuleError(f"Unresolved dependencies [{name}] in the Rules block of the template")

    def attribute(self, name: str, attribute: str) -> str | list[str]:
        """Fn::ValueOf: an attribute of what a parameter names."""
        kind, _ = self.type_of(name)
        value = self.parameter(name)
        if isinstance(value, list):
            return [self.value_of(kind, item, attribute) for item in value]
        return self.value_of(kind, value, attribute)

    def evaluate(self, node: Any) -> Any:
        """The value of an expression: a string, a list of strings, or true or false."""
        if isinstance(node, list):
            return [self.evaluate(item) for item in node]
        if not isinstance(node, Mapping):
            return str(node).lower() if isinstance(node, bool) else str(node)
        if len(node) != 1:
            raise RuleError(f"a function has one name, not {sorted(node)}")
        [(function, arguments)] = node.items()
        if function == "Ref":
            return self.ref(arguments)
        if function in ("Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll"):
            return self.ask(function, arguments)
        if function in LOGIC:
            return self.logic(function, arguments)
        if function in COMPARISONS:
            return self.compare(function, arguments)
        raise RuleError(f"Following functions are not supported in the Rules block of the template: [{function}]")

    def ask(self, function: str, arguments: Any) -> Any:
        """The functions that only an account can answer."""
        if function == "Fn::RefAll":
            return self.ref_all(arguments)
        if not all(isinstance(item, str) for item in arguments):
            raise RuleError(f"{function} takes two strings; no function can be used within it")
        if function == "Fn::ValueOf":
            return self.attribute(*arguments)
        return [self.value_of(arguments[0], item, arguments[1]) for item in self.ref_all(arguments[0])]

    def logic(self, function: str, arguments: Any) -> bool:
        """The functions of conditions."""
        fewest, most, wanted = (1, 1, "one condition") if function == "Fn::Not" else (2, 10, "2 to 10 conditions")
        if not isinstance(arguments, list) or not fewest <= len(arguments) <= most:
            raise RuleError(f"{function} takes a list of {wanted}")
        return LOGIC[function]([self.truth(item, function) for item in arguments])

    def compare(self, function: str, arguments: Any) -> bool:
        """The functions of two values."""
        if not isinstance(arguments, list) or len(arguments) != 2:
            raise RuleError(f"{function} takes two arguments")
        left, right = self.evaluate(arguments[0]), self.evaluate(arguments[1])
        if function != "Fn::Equals" and not isinstance(left, list):
            raise RuleError(f"{function} takes a list of strings first, not {left!r}")
        if function == "Fn::EachMemberIn" and not isinstance(right, list):
            raise RuleError(f"{function} takes two lists, not {right!r}")
        return COMPARISONS[function](left, right)

    def truth(self, node: Any, where: str) -> bool:
        """The value of an expression that must be true or false."""
        value = self.evaluate(node)
        if not isinstance(value, bool):
            raise RuleError(f"{where} needs a condition, not {value!r}")
        return value


def broken(
    template: Template,
    values: Mapping[str, str],
    *,
    region: str = "us-east-1",
    account: str = "123456789012",
    ref_all: RefAll = _no_account,
    value_of: ValueOf = _no_account,
) -> list[str]:
    """The AssertDescriptions of all assertions that these parameter values violate, in the template's order.

    `values` are the operator's answers; a parameter that is not among them has its default. Pseudo parameters follow
    from `region`. `ref_all` and `value_of` answer Fn::RefAll and Fn::ValueOf, which depend on the account. Raises
    RuleError for a Rules section that CloudFormation would not accept.
    """
    pseudo = {
        "AWS::Region": region,
        "AWS::AccountId": account,
        "AWS::Partition": partition_of(region),
        "AWS::URLSuffix": url_suffix(region),
    }
    rules = _Rules(template, values, pseudo, ref_all, value_of)
    found = []
    for name, rule in template.get("Rules", {}).items():
        if "RuleCondition" in rule and not rules.truth(rule["RuleCondition"], f"the RuleCondition of {name}"):
            continue
        for assertion in rule["Assertions"]:
            if not rules.truth(assertion["Assert"], f"an assertion of {name}"):
                found.append(str(assertion.get("AssertDescription", f"an assertion of rule {name} is false")))
    return found
