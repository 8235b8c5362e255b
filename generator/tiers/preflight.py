"""Checks the answers against the account within a minute, before anything that costs money, and picks Availability Zones.

One Lambda serves two resources: the checks, which hold the zones they picked, and the portal's machine image, which is
looked up once and again only when the ParallelCluster version or the refresh answer changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from awacs.aws import Condition as PolicyCondition
from awacs.aws import StringEquals
from troposphere import GetAtt, If, Join, NoValue, Ref, Select, Split
from troposphere.awslambda import Code

from generator.cfn import partition
from generator.cfn.custom_resources import SERVICE, VALUE, StrictCustomResource
from generator.cfn.ports import Ports, each_port, port
from generator.cfn.template import Value
from generator.cfn.wiring import Tier
from generator.form import Form
from generator.text.functions import load_function
from generator.tiers import choices
from generator.tiers.conditions import DIRECTORY_CA_GIVEN, DIRECTORY_GIVEN, directory_ca_secret, if_given
from generator.tiers.functions import function
from generator.tiers.iam import allow, may_decrypt, may_download, may_read_release


class PreflightChecks(StrictCustomResource):
    """Checks the answers against the account and picks Availability Zones (lambda/preflight)."""

    resource_type = "Custom::Preflight"
    props = {**SERVICE, "Answers": (dict, True), "Zones": (VALUE, True), "Resolved": (dict, True)}


class ParallelClusterImage(StrictCustomResource):
    """Looks ParallelCluster's machine image up once, and again when a property changes (lambda/preflight)."""

    resource_type = "Custom::ParallelClusterImage"
    props = {
        **SERVICE,
        "ParallelClusterVersion": (VALUE, True),
        "PortalAmiId": (VALUE, True),
        "PortalImageRefresh": (VALUE, True),
    }


@dataclass(frozen=True)
class PreflightZone(Ports):
    """What preflight settles for one zone."""

    picked_zone: Value = port("Availability Zone, held across updates")


@dataclass(frozen=True)
class Preflight(Ports):
    """What preflight settles for the whole deployment."""

    zones: tuple[PreflightZone, ...]
    portal_image_id: Value = port("Machine image of the portal nodes")
    network_cidr: Value = port("Address range of the VPC")


def build(tier: Tier, form: Form) -> Preflight:
    """Preflight's function, the checks and the image; everything else in the parent comes after this tier."""
    facts = load_function("preflight", "facts")
    code = Code(ZipFile=tier.sources.inline_function("preflight"))
    services = [partition.service_principal(service) for service in facts.SERVICE_ROLES.values()]
    checker = function(
        tier,
        form.operations,
        "PreflightFunction",
        code,
        _rights(tier, form, facts.ACTIONS, services),
        timeout=60,
        memory=1024,  # the checks' clients cost processor time, which comes with memory
        description="Checks a launch before anything is made.",
    )
    service: dict[str, Any] = {"ServiceToken": GetAtt(checker, "Arn"), "ServiceTimeout": "120"}
    checks = tier.template.add_resource(
        PreflightChecks(
            "Checks",
            **service,
            # No others, so that an update of another answer leaves the checks alone.
            Answers={name: value for name, _, value in each_port(form) if facts.is_one_of(name, facts.READ)},
            Zones=str(tier.zone_count),
            Resolved={
                "DatabaseInstanceClass": choices.database_class(tier.template, form.database),
                "AssetsPrefix": Join("", [form.assets.assets_prefix, tier.release_folder]),
                "LustreDeploymentType": choices.lustre_type(tier.template, form.storage),
                "TlsPolicy": partition.fact(tier.template, "TlsPolicy"),
            },
        )
    )
    image = tier.template.add_resource(
        ParallelClusterImage(
            "PortalImage",
            **service,
            ParallelClusterVersion=form.clusters.parallel_cluster_version,
            PortalAmiId=form.portal.portal_ami_id,
            PortalImageRefresh=form.portal.portal_image_refresh,
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


def _rights(tier: Tier, form: Form, actions: Sequence[str], services: Sequence[Value]) -> list[Any]:
    """What the checks may do: read, look into what the answers name, and make the roles that AWS's `services` need.

    A right that is taken away costs a warning, not the launch.
    """
    t, own_name = tier.template, Ref("AWS::StackName")
    secrets, admin_arn = "secretsmanager", form.portal.admin_password_secret_arn
    looks = [f"{secrets}:DescribeSecret", f"{secrets}:GetSecretValue"]
    admin = if_given(t, "AdminSecretGiven", admin_arn)
    license_ = if_given(t, "LicenseGiven", form.portal.license_secret_arn)
    directory = if_given(t, DIRECTORY_GIVEN, form.directory.directory_password_secret_arn)
    ca = directory_ca_secret(t, form.directory)
    return [
        allow(actions),
        If(admin, allow(looks, [admin_arn]), NoValue),
        If(admin, may_decrypt(admin_arn), NoValue),
        If(license_, allow(looks[:1], [form.portal.license_secret_arn]), NoValue),
        If(directory, allow(looks, [form.directory.directory_password_secret_arn, ca]), NoValue),
        If(DIRECTORY_CA_GIVEN, may_decrypt(form.directory.directory_ca_cert_secret_arn), NoValue),
        may_read_release(tier, form.assets),
        may_download(t, "Installer", form.portal.portal_installer_url),
        may_download(t, "Driver", form.portal.jdbc_driver_url),
        # On an update: where the clusters are, and whether their compute fleets run.
        allow(
            ["cloudformation:DescribeStackResource"],
            [
                partition.arn(
                    "cloudformation", "stack/${Parent}/*", Parent=Select(0, Split("-PreflightStack-", own_name))
                )
            ],
        ),
        allow(["dynamodb:GetItem"], [partition.arn("dynamodb", "table/parallelcluster-slurm-hpc-????????-az*")]),
        # AWS::IAM::ServiceLinkedRole fails where the role exists, and a head node may not make Spot's.
        allow(
            ["iam:CreateServiceLinkedRole"],
            [partition.arn("iam", f"role/aws-service-role/{each}/*", region=False) for each in services],
            PolicyCondition(StringEquals({"iam:AWSServiceName": services})),
        ),
    ]
