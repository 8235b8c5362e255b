"""Every check, in the order in which they report."""

from preflight.checks.account import ebs_default_key, public_access, tls_policy
from preflight.checks.clusters import clusters
from preflight.checks.database import database_offer
from preflight.checks.directory import directory
from preflight.checks.domain import certificate, delegation, hosted_zone
from preflight.checks.downloads import DOWNLOAD_CHECKS
from preflight.checks.frozen import frozen
from preflight.checks.image import held_image, machine_image
from preflight.checks.instance_types import instance_types
from preflight.checks.lustre import lustre_type
from preflight.checks.name_service import dhcp_options, host_names
from preflight.checks.provider import provider, provider_templates
from preflight.checks.quotas import database_quota, lustre_quota, network_quotas
from preflight.checks.ranges import ranges
from preflight.checks.release import release_files
from preflight.checks.routes import routes
from preflight.checks.secrets import admin_secret, secret_keys
from preflight.checks.service_roles import service_roles, spot_role
from preflight.checks.stack import stack_name
from preflight.checks.subnets import existing_subnets, existing_vpc, ssh_ranges, vpc_cidr
from preflight.checks.things import THING_CHECKS
from preflight.checks.vcpus import vcpu_quotas
from preflight.checks.warn_only import warn_only_check
from preflight.checks.zones import zones

ALL_BUT_ITS_OWN = (
    zones,
    *THING_CHECKS,
    instance_types,
    vcpu_quotas,
    network_quotas,
    lustre_quota,
    database_quota,
    lustre_type,
    database_offer,
    ranges,
    admin_secret,
    secret_keys,
    directory,
    certificate,
    hosted_zone,
    delegation,
    ebs_default_key,
    public_access,
    tls_policy,
    vpc_cidr,
    existing_vpc,
    existing_subnets,
    ssh_ranges,
    dhcp_options,
    host_names,
    routes,
    provider,
    provider_templates,
    machine_image,
    held_image,
    *DOWNLOAD_CHECKS,
    release_files,
    service_roles,
    spot_role,
    stack_name,
    frozen,
    clusters,
)
CHECKS = (*ALL_BUT_ITS_OWN, warn_only_check(ALL_BUT_ITS_OWN))
