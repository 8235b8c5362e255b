"""The form: every question that an operator answers, one dataclass for each group, a module for each dataclass.

One question has no default: which addresses may reach the portal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any, cast

from troposphere import Ref

from generator.cfn.ports import Ports, each_port, translate
from generator.cfn.template import StrictTemplate, Value
from generator.form.access import Access
from generator.form.assets import Assets
from generator.form.clusters import Clusters
from generator.form.database import Database
from generator.form.directory import Directory
from generator.form.location import Location, ZoneQuestions
from generator.form.operations import Operations
from generator.form.portal import Portal
from generator.form.question import EXISTING_VPC, MAIN, PARENTS, Group, Question, numbered
from generator.form.storage import Storage

__all__ = [
    "EXISTING_VPC",
    "MAIN",
    "PARENTS",
    "Access",
    "Assets",
    "Clusters",
    "Database",
    "Directory",
    "Form",
    "Location",
    "Operations",
    "Portal",
    "Question",
    "Storage",
    "ask",
    "groups",
    "questions",
]


@dataclass(frozen=True)
class Form(Ports):
    """All groups, in the order of the form."""

    location: Location
    access: Access
    portal: Portal
    database: Database
    storage: Storage
    clusters: Clusters
    directory: Directory
    operations: Operations
    assets: Assets


def groups(zone_count: int) -> Iterator[tuple[str, dict[str, Question]]]:
    """The title of each group and its questions by parameter, in the order of the form."""
    form = _filled(lambda name, question: "", zone_count)
    for item in fields(Form):
        group: Group = getattr(form, item.name)
        yield group.title, {name: cast(Question, port) for name, port, _ in each_port(group)}


def questions(zone_count: int) -> dict[str, Question]:
    """Every question of the form by its parameter's name."""
    return {name: question for _, asked in groups(zone_count) for name, question in asked.items()}


def ask(template: StrictTemplate, parent: str, zone_count: int) -> Form:
    """Put the form of `parent` (one of PARENTS) into its template; a question that it does not ask has a blank answer."""
    labels: dict[str, dict[str, str]] = {}

    def enter(name: str, question: Question) -> Value:
        if parent not in question.asked_by:
            return ""
        template.add_parameter(question.asked(name))
        labels[name] = {"default": numbered(question.label, name)}
        return Ref(name)

    form = _filled(enter, zone_count)
    listed = [
        {"Label": {"default": title}, "Parameters": [name for name in asked if name in labels]}
        for title, asked in groups(zone_count)
    ]
    template.set_metadata({"AWS::CloudFormation::Interface": {"ParameterGroups": listed, "ParameterLabels": labels}})
    return form


def _filled(answer: Callable[[str, Question], Value], zone_count: int) -> Form:
    """A form in which `answer(parameter, question)` is the answer to each question."""

    def blank(kind: type[Ports], **values: Any) -> Any:
        return kind(**{item.name: values.get(item.name, "") for item in fields(kind)})

    empty = blank(
        Form,
        location=blank(Location, zones=tuple(blank(ZoneQuestions) for _ in range(zone_count))),
        access=blank(Access),
        portal=blank(Portal),
        database=blank(Database),
        storage=blank(Storage),
        clusters=blank(Clusters),
        directory=blank(Directory),
        operations=blank(Operations),
        assets=blank(Assets),
    )
    return cast(Form, translate(empty, lambda name, port, _: answer(name, cast(Question, port))))
