"""Rules of the form: what depends on two answers, refused by CloudFormation before anything is made, in a sentence.

Rules know only parameters and pseudo parameters; what needs a look into the account is preflight's.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from troposphere import And, AWSHelperFn, Equals, Not, Or, Ref

from generator.cfn.regions import REGIONS
from generator.cfn.template import Value
from generator.form import MAIN, Form
from generator.form.portal import ENGINFRAME_INSTALLER
from generator.form.storage import PERSISTENT_1_THROUGHPUTS, PERSISTENT_2_THROUGHPUTS


def contains(options: Sequence[str], value: Value) -> dict[str, Any]:
    """Rule function Fn::Contains, which troposphere lacks: whether `value` is one of `options`."""
    return {"Fn::Contains": [list(options), value]}


def answered(value: Value) -> AWSHelperFn:
    """Whether an optional answer was given."""
    return Not(Equals(value, ""))


def either(*conditions: Any) -> Any:
    """Any of `conditions`; Fn::Or itself wants at least two."""
    return conditions[0] if len(conditions) == 1 else Or(*conditions)


def rule(sentence: str, must: Any, *, when: Any = None) -> dict[str, Any]:
    """A rule that asserts `must`, at all times or only `when` a condition holds; `sentence` says what to do."""
    body: dict[str, Any] = {"Assertions": [{"Assert": must, "AssertDescription": sentence}]}
    return {"RuleCondition": when, **body} if when is not None else body


def rules(form: Form, parent: str) -> dict[str, dict[str, Any]]:
    """All rules of the template `parent`, by name."""
    found = {
        "DomainNameBringsItsCertificate": rule(
            "DomainName needs HostedZoneId or CertificateArn: give one of them.",
            either(answered(form.access.hosted_zone_id), answered(form.access.certificate_arn)),
            when=answered(form.access.domain_name),
        ),
        "HostedZoneIsForADomainName": rule(
            "HostedZoneId is of use only with DomainName: give the portal's host name in that zone, or leave it blank.",
            answered(form.access.domain_name),
            when=answered(form.access.hosted_zone_id),
        ),
        "CertificateIsForADomainName": rule(
            "CertificateArn needs DomainName: give the host name that the certificate is for.",
            answered(form.access.domain_name),
            when=answered(form.access.certificate_arn),
        ),
        "ProvisionedDatabaseHasAClass": rule(
            "DatabaseMode provisioned needs DatabaseInstanceClass: give a class such as db.r6g.large.",
            answered(form.database.database_instance_class),
            when=Equals(form.database.database_mode, "provisioned"),
        ),
        "ServerlessDatabaseHasNoClass": rule(
            "DatabaseInstanceClass is only for DatabaseMode provisioned: leave it blank, or choose provisioned.",
            Equals(form.database.database_mode, "provisioned"),
            when=answered(form.database.database_instance_class),
        ),
        "EFPortalHasALicense": rule(
            "PortalFlavor EFPortal needs LicenseSecretArn: put the text of license.ef into a secret and give its ARN.",
            answered(form.portal.license_secret_arn),
            when=Equals(form.portal.portal_flavor, "EFPortal"),
        ),
        "EFPortalHasItsInstaller": rule(
            "PortalFlavor EFPortal needs PortalInstallerUrl: give the location of EF Portal's own installer.",
            Not(Equals(form.portal.portal_installer_url, ENGINFRAME_INSTALLER)),
            when=Equals(form.portal.portal_flavor, "EFPortal"),
        ),
        "EnginFrameNeedsNoLicense": rule(
            "LicenseSecretArn is only for PortalFlavor EFPortal: leave it blank, or choose EFPortal.",
            Equals(form.portal.portal_flavor, "EFPortal"),
            when=answered(form.portal.license_secret_arn),
        ),
        "NoScratchLustreInChina": rule(
            "LustreDeploymentType SCRATCH_2 does not exist in China: choose auto or PERSISTENT_1.",
            Not(Equals(form.storage.lustre_deployment_type, "SCRATCH_2")),
            when=contains(REGIONS["aws-cn"], Ref("AWS::Region")),
        ),
        "Persistent1Throughput": rule(
            "LustreDeploymentType auto and PERSISTENT_1 take LustreThroughput 50, 100 or 200: choose one of these.",
            contains([str(value) for value in PERSISTENT_1_THROUGHPUTS], form.storage.lustre_throughput),
            when=contains(["auto", "PERSISTENT_1"], form.storage.lustre_deployment_type),  # auto is that in China
        ),
        "Persistent2Throughput": rule(
            "LustreDeploymentType PERSISTENT_2 takes LustreThroughput 125, 250, 500 or 1000: choose one of these.",
            contains([str(value) for value in PERSISTENT_2_THROUGHPUTS], form.storage.lustre_throughput),
            when=Equals(form.storage.lustre_deployment_type, "PERSISTENT_2"),
        ),
        "ReleaseIsNamed": rule(
            "AssetsBucket or AssetsBucketRegion is blank: launch from a published link, or name the release's place.",
            And(answered(form.assets.assets_bucket), answered(form.assets.assets_bucket_region)),
        ),
        "RestoredDatabaseComesWithItsFiles": rule(
            "DatabaseSnapshotArn needs ExistingFileSystemId: give the file system of the same deployment.",
            answered(form.storage.existing_file_system_id),
            when=answered(form.database.database_snapshot_arn),
        ),
    }
    directory = (
        form.directory.directory_domain_name,
        form.directory.directory_domain_addr,
        form.directory.directory_domain_read_only_user,
        form.directory.directory_password_secret_arn,
    )
    found["DirectoryIsWhole"] = rule(
        "A directory is half given: with one of DirectoryDomainName, DirectoryDomainAddr, DirectoryDomainReadOnlyUser, "
        "DirectoryPasswordSecretArn, DirectoryCaCertSecretArn or DirectoryLdapAccessFilter give the first four.",
        And(*map(answered, directory)),
        when=either(
            *map(
                answered,
                (*directory, form.directory.directory_ca_cert_secret_arn, form.directory.directory_ldap_access_filter),
            )
        ),
    )
    if parent == MAIN:
        found |= _zone_rules([zone.availability_zone for zone in form.location.zones])
    else:
        found["SubnetsAreDistinct"] = _distinct(
            "The private subnets are the same: choose one subnet in each Availability Zone.",
            [zone.private_subnet_id for zone in form.location.zones],
        )
        found["LoadBalancerSubnetsAreDistinct"] = _distinct(
            "The load balancer's subnets are the same: choose one subnet in each Availability Zone.",
            [zone.load_balancer_subnet_id for zone in form.location.zones],
        )
    return found


def _distinct(sentence: str, values: Sequence[Value], when: Any = None) -> dict[str, Any]:
    same = [Equals(one, other) for one, other in combinations(values, 2)]
    return rule(sentence, Not(either(*same)), when=when)


def _zone_rules(zones: Sequence[Value]) -> dict[str, dict[str, Any]]:
    """All zones named, and each another; or none."""
    blank = [Equals(zone, "") for zone in zones]
    return {
        "ZonesAllOrNone": rule(
            "Some Availability Zones are named and some are blank: name one for each, or leave all blank.",
            either(And(*blank), And(*[Not(condition) for condition in blank])),
        ),
        "ZonesAreDistinct": _distinct(
            "The Availability Zones are the same: name a different one for each, or leave all blank.",
            zones,
            when=answered(zones[0]),  # and with it, by the rule above, all others
        ),
    }
