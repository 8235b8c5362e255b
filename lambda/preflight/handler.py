"""Checks a launch against the account before anything billable exists, picks the zones, looks up the portal's image.

A launch runs all checks; an update runs those whose answers changed, and refuses what would replace or lose data; a
rollback runs none, since its answers were good once. The permissions are those of the stack's role (ACTIONS in facts.py
and, for what the answers name, the generator's tiers/preflight.py).

Custom::Preflight: Answers, Resolved, Zones -> AvailabilityZone1..n, NetworkCidr; the physical id holds the zones.
Custom::ParallelClusterImage: ParallelClusterVersion, PortalAmiId, PortalImageRefresh -> ImageId, also the physical id.
From a shell: check_launch(answers, region, session) -> verdicts; it makes nothing.
"""

import re
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from common.answer import LOG, Event, Fault, Result, custom_resource
from preflight.case import Case
from preflight.checks import CHECKS
from preflight.checks.image import newest_image, no_image
from preflight.checks.subnets import network_cidr
from preflight.verdicts import FAULT, Verdict, judge, sentence

Properties = Mapping[str, Any]
IMAGE_PROPERTIES = ("ParallelClusterVersion", "PortalAmiId", "PortalImageRefresh")


def check_launch(answers: Mapping[str, object], region: str, session: Any = None, **more: Any) -> list[Verdict]:
    """The verdicts on the answers to a launch; nothing is made. For `more` see Case."""
    return judge(Case(answers, region, session, **more), CHECKS)


@custom_resource
def handler(event: Event) -> Result:
    """Nothing is made that a Delete could remove."""
    if event["RequestType"] == "Delete":
        return None, {}
    work = {"Custom::Preflight": preflight, "Custom::ParallelClusterImage": portal_image}[event["ResourceType"]]
    old = event["OldResourceProperties"] if event["RequestType"] == "Update" else None
    return work(event, event["ResourceProperties"], old)


def preflight(event: Event, properties: Properties, old: Properties | None) -> Result:
    """Custom::Preflight."""
    case = case_of(event, properties, old)
    if not (old and is_rolling_back(case)):
        refuse_faults(judge(case, CHECKS))
    if len(case.zones) < case.zone_count:
        raise Fault(f"AWS does not list the zones of {case.region}: name one in each AvailabilityZone question.")
    zones = {f"AvailabilityZone{number}": zone for number, zone in enumerate(case.zones, 1)}
    return "az:" + ",".join(case.zones), {**zones, "NetworkCidr": network_cidr(case)}


def case_of(event: Event, properties: Properties, old: Properties | None) -> Case:
    """What the event asks to check."""
    session = boto3.Session()
    held = event["PhysicalResourceId"].partition("az:")[2] if old else ""
    # The function's own stack is called OPERATORS-PreflightStack-0123456789AB.
    parent = re.search(":stack/(.+)-[^-/]+-[A-Z0-9]+/", event["StackId"])
    return Case(
        answers_of(properties),
        session.region_name,
        session,
        zone_count=int(properties["Zones"]),
        old_answers=answers_of(old) if old else None,
        held_zones=held.split(",") if held else (),
        stack=parent[1] if parent else "",
        may_make=True,
        own_stack=event["StackId"],
    )


def answers_of(properties: Properties) -> dict[str, object]:
    """The answers by parameter; those in Resolved replace an "auto"."""
    return {**properties["Answers"], **properties["Resolved"]}


def refuse_faults(verdicts: list[Verdict]) -> None:
    """Log every verdict, and raise all faults as one."""
    for verdict in verdicts:
        LOG.info("%s: %s %s", verdict.check, verdict.level, verdict.text)
    faults = [verdict.text for verdict in verdicts if verdict.level == FAULT]
    if faults:
        numbered = " ".join(f"({number}) {fault}" for number, fault in enumerate(faults, 1))
        raise Fault(f"Faults found: {len(faults)}, all in the log. {numbered}")


def is_rolling_back(case: Case) -> bool:
    """Whether the checks' own stack, or the operator's that holds it, returns to answers that were good."""
    for name in filter(None, (case.own_stack, case.stack)):
        try:
            described = case.client("cloudformation").describe_stacks(StackName=name)
        except ClientError as error:
            LOG.warning("%s", error)
            return False
        if "ROLLBACK" in described["Stacks"][0]["StackStatus"]:
            return True
    return False


def portal_image(event: Event, properties: Properties, old: Properties | None) -> Result:
    """Custom::ParallelClusterImage: the image that is held, if no property changed."""
    if old and all(old.get(name) == properties.get(name) for name in IMAGE_PROPERTIES):
        image = event["PhysicalResourceId"]
    else:
        case = Case({name: properties[name] for name in IMAGE_PROPERTIES}, boto3.Session().region_name)
        image = case["PortalAmiId"] or newest_image(case)
        if not image:
            raise Fault(sentence(case, no_image(case)))
    return image, {"ImageId": image}
