"""Checks the answers against the account within a minute, before anything that costs money, and picks Availability Zones.

One Lambda serves two resources: the checks, which hold the zones they picked, and the portal's machine image, which is
looked up once and again only when the ParallelCluster version or the refresh answer changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere import GetAtt
from troposphere.awslambda import Code

from generator import custom
from generator.params import Answers, Form
from generator.policies import allow, function
from generator.tiers import choices
from generator.wiring import Ports, Tier, Value, each_port, port

# The checks only read; these actions support no narrower resource, or only one that an answer names.
READS = (
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeImages",
)


@dataclass(frozen=True)
class PreflightZone(Ports):
    """What preflight settles for one zone."""

    picked_zone: Value = port("Availability Zone, held across updates")


@dataclass(frozen=True)
class Preflight(Ports):
    """What preflight settles for the whole deployment."""

    zones: tuple[PreflightZone, ...]
    portal_image_id: Value = port("Machine image of the portal nodes", "AWS::EC2::Image::Id")
    network_cidr: Value = port("Address range of the VPC")


def build(tier: Tier, form: Form, answers: Answers) -> Preflight:
    """Preflight's function, the checks and the image; everything else in the parent comes after this tier."""
    code = Code(ZipFile=tier.sources.inline_function("preflight"))
    checker = function(
        tier,
        form,
        "PreflightFunction",
        code,
        [allow(READS)],
        timeout=60,
        memory=512,
        description="Checks a launch before anything is made.",
    )
    service: dict[str, Any] = {"ServiceToken": GetAtt(checker, "Arn"), "ServiceTimeout": "120"}
    checks = tier.template.add_resource(
        custom.Preflight(
            "Checks",
            **service,
            Answers=[value for _, _, value in each_port(answers)],
            Zones=str(tier.zone_count),
            Resolved={
                "DatabaseInstanceClass": choices.database_class(tier.template, form),
                "LustreDeploymentType": choices.lustre_type(tier.template, form),
            },
        )
    )
    image = tier.template.add_resource(
        custom.ParallelClusterImage(
            "PortalImage",
            **service,
            ParallelClusterVersion=form.parallel_cluster_version,
            PortalAmiId=form.portal_ami_id,
            PortalImageRefresh=form.portal_image_refresh,
        )
    )
    return Preflight(
        zones=tuple(
            PreflightZone(picked_zone=GetAtt(checks, f"AvailabilityZone{number}"))
            for number in range(1, tier.zone_count + 1)
        ),
        portal_image_id=GetAtt(image, "ImageId"),
        network_cidr=GetAtt(checks, "NetworkCidr"),
    )
