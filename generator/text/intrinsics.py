"""CloudFormation's intrinsic functions: their short forms in YAML, and the form of their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Functions of Rules (Fn::Contains, …) have no documented short form and keep their long one.
SHORT_FORMS = {
    "Ref": "!Ref",
    "Condition": "!Condition",
    **{
        f"Fn::{name}": f"!{name}"
        for name in (
            *("And", "Equals", "If", "Not", "Or"),
            *("Base64", "Cidr", "FindInMap", "GetAtt", "GetAZs", "ImportValue", "Join", "Select", "Split", "Sub"),
        )
    },
}
LONG_FORMS = {short: long for long, short in SHORT_FORMS.items()}


def _name(argument: Any) -> bool:
    return isinstance(argument, str) and bool(argument)


def _sub(argument: Any) -> bool:
    if isinstance(argument, str):
        return True
    return isinstance(argument, list) and list(map(type, argument)) == [str, dict]


def _get_att(argument: Any) -> bool:
    return isinstance(argument, list) and len(argument) == 2 and _name(argument[0])


def _if(argument: Any) -> bool:
    return isinstance(argument, list) and len(argument) == 3 and _name(argument[0])


def _join(argument: Any) -> bool:
    return _pair(argument) and isinstance(argument[0], str) and isinstance(argument[1], list | dict)


def _select(argument: Any) -> bool:
    return _pair(argument) and str(argument[0]).isdecimal() and isinstance(argument[1], list | dict)


def _split(argument: Any) -> bool:
    return _pair(argument) and _name(argument[0]) and isinstance(argument[1], str | dict)


def _find_in_map(argument: Any) -> bool:
    return isinstance(argument, list) and len(argument) == 3 and _name(argument[0])


def _pair(argument: Any) -> bool:
    return isinstance(argument, list) and len(argument) == 2


# Function: whether an argument has its form, and that form in words.
ARGUMENTS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "Ref": (_name, "the name of a parameter or resource"),
    "Fn::Sub": (_sub, "a text, or a list of a text and a mapping of its variables"),
    "Fn::GetAtt": (_get_att, "a resource and its attribute, as in Resource.Attribute"),
    "Fn::If": (_if, "a list of a condition's name, the value if it holds, and the value if it does not"),
    "Fn::Join": (_join, "a list of a separator and a list"),
    "Fn::Select": (_select, "a list of a number and a list"),
    "Fn::Split": (_split, "a list of a separator and a text"),
    "Fn::FindInMap": (_find_in_map, "a list of a mapping's name and two keys"),
}


def fault(name: str, argument: Any) -> str | None:
    """What is wrong with the argument of the function `name`, in a sentence; None if nothing is known to be."""
    fits, form = ARGUMENTS.get(name, (None, ""))
    if fits is None or fits(argument):
        return None
    return f"{SHORT_FORMS[name]} takes {form}: correct it"
