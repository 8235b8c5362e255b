"""Templates as they come out for given answers in a given region: cloud-radar resolves conditions and functions.

cloud-radar takes every deployment for one in the partition aws and knows no AWS::NoValue but the empty string, which an
answer may well be. So partition and URL suffix are set here from the region, and what came to nothing is taken out here.
It resolves both branches of each Fn::If, so that what an attribute comes to must be plausible: see ATTRIBUTES.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from cloud_radar.cf.unit import Template

from generator.cfn.regions import partition_of, url_suffix
from tests.support.built import REQUIRED, questions, templates

ACCOUNT = "123456789012"
STACK_ID = "arn:{partition}:cloudformation:{region}:123456789012:stack/hpc/0a1b2c3d-0000-1111-2222-333344445555"
NOTHING = "\0nothing"
# Attributes that a template takes apart; any other comes to "LogicalId.Attribute".
ATTRIBUTES: dict[str, dict[str, str]] = {}
# What the other tiers hand in where a text of the port's own name would not do.
PORTS = {"PortalImageId": "ami-0123456789abcdef0", "ZoneNumber": "1", "SubnetCount": "2"}


class _Secrets(dict[str, str]):
    """Resolves every dynamic reference, to a text that says which."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> str:
        return f"<secret {key}>"


def rendered(name: str, region: str = "us-east-1", zones: int = 2, /, **answers: str) -> dict[str, Any]:
    """The template `name` with its conditions decided and its functions resolved: {"Resources": …, "Outputs": …}.

    `answers` are those of the form; whatever else the template takes has the form's default or its own name. The result
    is shared: do not change it.
    """
    return _rendered(name, region, zones, tuple(sorted(answers.items())))


@cache
def _rendered(name: str, region: str, zones: int, given: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    answers = dict(given)
    template = json.loads(json.dumps(templates(zones)[name]))
    for title, attributes in ATTRIBUTES.items():
        if title in template["Resources"]:
            template["Resources"][title]["Metadata"] = {"Cloud-Radar": {"attribute-values": attributes}}
    unknown = answers.keys() - template.get("Parameters", {}).keys()
    assert not unknown, f"{name} does not take {sorted(unknown)}"
    values = {title: answers.get(title, default(title)) for title in template.get("Parameters", {})}
    # The form's constraints have tests of their own; cloud-radar takes no fraction for a number.
    for body in template.get("Parameters", {}).values():
        body.clear()
        body["Type"] = "String"
    partition = partition_of(region)
    made = Template(template, dynamic_references={"secretsmanager": _Secrets()})
    made.NoValue = NOTHING
    made.AccountId = ACCOUNT
    made.Partition = partition
    made.URLSuffix = url_suffix(region)
    made.StackName = "hpc"
    made.StackId = STACK_ID.format(partition=partition, region=region)
    found = without_nothing(made.render(values, region))
    return {section: found.get(section, {}) for section in ("Resources", "Outputs", "Conditions")}


def default(title: str) -> str:
    """The form's default of an answer, or some value of a port."""
    asked = questions().get(title)
    if asked and asked.default is not None:
        return str(asked.default)
    return REQUIRED.get(title) or PORTS.get(title) or title


def properties(name: str, title: str, region: str = "us-east-1", **answers: str) -> dict[str, Any]:
    """The resolved properties of one resource."""
    found: dict[str, Any] = rendered(name, region, **answers)["Resources"][title]["Properties"]
    return found


def without_nothing(node: Any) -> Any:
    """`node` without what came to AWS::NoValue."""
    if isinstance(node, dict):
        return {key: without_nothing(value) for key, value in node.items() if value != NOTHING}
    if isinstance(node, list):
        return [without_nothing(item) for item in node if item != NOTHING]
    return node
