"""What a question of the form is: a parameter of the parents, declared as a field of its group's dataclass.

Label, description, pattern and default stand once, in the field; the parents' and tiers' parameters, the console's
groups and labels, launch links and the parameter reference derive from it. Descriptions have one grammar: a sentence
that says what the answer does; an answer that may be left out begins "Optional - " and has a "Leave blank to …".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from troposphere import Parameter

from generator.cfn.ports import Port, Ports
from generator.form import numbers, patterns

MAIN = "main"
EXISTING_VPC = "main-existing-vpc"
PARENTS = (MAIN, EXISTING_VPC)


@dataclass(frozen=True)
class Question(Port):
    """A parameter of the form.

    `asked_by` names the parents that ask it; for the others the answer is blank.
    """

    label: str = ""
    default: str | float | None = ""
    pattern: str = ""
    constraint: str = ""
    allowed: tuple[str | int, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    asked_by: tuple[str, ...] = PARENTS

    def parameter(self, name: str) -> Parameter:
        """The child's Parameter: no default, AWS-specific types relaxed so that blank passes.

        The parent has checked the pattern; the other constraints tell cfn-lint which values a property may have.
        """
        kind = self.type if self.type == "Number" else "String"
        constraints = {"AllowedValues": list(self.allowed), "MinValue": self.minimum, "MaxValue": self.maximum}
        given = {key: value for key, value in constraints.items() if value not in ([], None)}
        return Parameter(name, Type=kind, Description=numbered(self.label, name), **given)

    def asked(self, name: str) -> Parameter:
        """The parent's Parameter, as the console shows it; a number is a text, whose spelling can be checked."""
        texts = {
            "AllowedValues": [str(value) for value in self.allowed],
            "AllowedPattern": self.pattern,
            "ConstraintDescription": self.constraint,
        }
        default = {} if self.default is None else {"Default": str(self.default)}
        return Parameter(
            name,
            Type="String" if self.type == "Number" else self.type,
            Description=numbered(self.description, name),
            **{key: value for key, value in texts.items() if value},
            **default,
        )


@dataclass(frozen=True)
class Group(Ports):
    """A group of questions, under one title in the console and in the parameter reference.

    A group is declared as `class Access(Group, title="Access")`; its fields are questions, in the order of the form.
    """

    title: ClassVar[str]

    def __init_subclass__(cls, title: str, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.title = title


def numbered(text: str, name: str) -> str:
    """`text` with the number at the end of the parameter's name in place of {zone}."""
    return text.replace("{zone}", name[len(name.rstrip("0123456789")) :])


def question(label: str, description: str, **facts: Any) -> Any:
    """Declare a field of a group; `facts` are the further fields of `Question`."""
    return field(metadata={"port": Question(description, label=label, **facts)})


def choice(label: str, description: str, *allowed: str | int, **facts: Any) -> Any:
    """A question with a closed set of answers, the first being the default unless `default` says otherwise."""
    facts.setdefault("default", allowed[0])
    listed = ", ".join(str(value) for value in allowed[:-1])
    facts.setdefault("constraint", f"Choose {listed} or {allowed[-1]}.")
    return question(label, description, allowed=allowed, **facts)


def number(
    label: str, description: str, default: float, minimum: float, maximum: float, *, step: float = 1, **more: Any
) -> Any:
    """A question for a number from `minimum` to `maximum` in steps of `step`."""
    facts = {
        "default": default,
        "minimum": minimum,
        "maximum": maximum,
        "pattern": patterns.whole(numbers.pattern(minimum, maximum, step)),
        "constraint": numbers.sentence(minimum, maximum, step),
        **more,
    }
    return question(label, description, type="Number", **facts)


def optional(label: str, description: str, pattern: str, constraint: str, **facts: Any) -> Any:
    """A question that may be left blank."""
    return question(label, description, pattern=patterns.blank_or(pattern), constraint=constraint, **facts)


def instance_type(label: str, description: str, default: str) -> Any:
    """A question for an x86-64 EC2 instance type."""
    return question(
        label,
        description,
        default=default,
        pattern=patterns.whole(patterns.X86_INSTANCE),
        constraint="Must be an x86-64 instance type such as m6i.xlarge: Arm (Graviton) families cannot run the portal.",
    )
