"""Quotas leave room for the launch. An update checks none: what the stack itself uses would count twice."""

from botocore.exceptions import EndpointConnectionError

from preflight.case import Case
from preflight.verdicts import Findings, Wrong, check

LUSTRE_QUOTAS = {"SCRATCH_2": "L-AD2FC696", "PERSISTENT_1": "L-C8640C82", "PERSISTENT_2": "L-8F1B9C74"}


def within_quota(case: Case, unit: str, service: str, code: str, needed: float, used: float) -> Findings:
    """A fault if the account's quota, or AWS's default where it has none of its own, leaves no room."""
    own = case.get("service-quotas", "get_service_quota", ServiceCode=service, QuotaCode=code)
    quota = own or case.client("service-quotas").get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)
    limit = quota["Quota"]["Value"]
    if needed + used > limit:
        yield no_room(unit, needed, used, limit, f"{service} {code}")


def no_room(unit: str, needed: float, used: float, limit: float, where: str) -> Wrong:
    """The fault of a quota that is too small."""
    room = f"{needed:g} needed, {used:g} of {limit:g} in use"
    return Wrong("", f"{unit}: {room}: ask for more in Service Quotas ({where}).")


@check("Room for a VPC and its NAT gateways' addresses", without=("VpcId",))
def network_quotas(case: Case) -> Findings:
    """Only a new VPC needs either."""
    yield from within_quota(case, "VPCs", "vpc", "L-F678F1CE", 1, len(case.list_all("ec2", "describe_vpcs", "Vpcs")))
    used = len(case.client("ec2").describe_addresses()["Addresses"])
    yield from within_quota(case, "Elastic IP addresses", "ec2", "L-0263D0A3", case.zone_count, used)


@check("FSx for Lustre is offered, and has room")
def lustre_quota(case: Case) -> Findings:
    """Both types of scratch share a quota."""
    deployment_type = case["LustreDeploymentType"]
    counted = "SCRATCH" if deployment_type.startswith("SCRATCH") else deployment_type
    try:
        systems = case.list_all("fsx", "describe_file_systems", "FileSystems")
    except EndpointConnectionError:
        yield Wrong("", f"FSx for Lustre is not offered in {case.region}: choose another region.")
        return
    used = sum(
        system["StorageCapacity"]
        for system in systems
        if system.get("LustreConfiguration", {}).get("DeploymentType", "").startswith(counted)
    )
    needed = case.zone_count * case.number("LustreStorageCapacity")
    yield from within_quota(case, "GiB of Lustre", "fsx", LUSTRE_QUOTAS[deployment_type], needed, used)


@check("Room for the database")
def database_quota(case: Case) -> Findings:
    """RDS itself counts what is in use."""
    needs = {"DBClusters": 1, "DBInstances": case.zone_count}
    for quota in case.client("rds").describe_account_attributes()["AccountQuotas"]:
        name, used, limit = quota["AccountQuotaName"], quota["Used"], quota["Max"]
        if name in needs and used + needs[name] > limit:
            yield no_room(name, needs[name], used, limit, "rds")
