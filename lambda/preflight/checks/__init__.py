"""Every check, in the order in which they report."""

from preflight.checks.clusters import clusters
from preflight.checks.database import database_offer
from preflight.checks.directory import directory
from preflight.checks.domain import certificate, hosted_zone
from preflight.checks.downloads import DOWNLOAD_CHECKS
from preflight.checks.frozen import frozen
from preflight.checks.image import machine_image
from preflight.checks.instance_types import instance_types
from preflight.checks.lustre import lustre_type
from preflight.checks.provider import provider
from preflight.checks.quotas import database_quota, lustre_quota, network_quotas
from preflight.checks.ranges import ranges
from preflight.checks.release import release_files
from preflight.checks.routes import routes
from preflight.checks.secrets import admin_secret, secret_keys
from preflight.checks.spot import spot_role
from preflight.checks.stack import stack_name
from preflight.checks.subnets import existing_subnets, existing_vpc, vpc_cidr
from preflight.checks.things import THING_CHECKS
from preflight.checks.vcpus import vcpu_quotas
from preflight.checks.zones import zones

CHECKS = (
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
    vpc_cidr,
    existing_vpc,
    existing_subnets,
    routes,
    provider,
    machine_image,
    *DOWNLOAD_CHECKS,
    release_files,
    spot_role,
    stack_name,
    frozen,
    clusters,
)
