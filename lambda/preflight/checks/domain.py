"""The portal's own domain name: its certificate and its hosted zone."""

from preflight.case import Case
from preflight.verdicts import Findings, Wrong, check


@check("The certificate is for the domain name", reads=("CertificateArn", "DomainName"))
def certificate(case: Case) -> Findings:
    """By name or by wildcard."""
    found, domain = case.thing("CertificateArn"), case["DomainName"]
    if not found or not domain:
        return
    names = {found["DomainName"], *found.get("SubjectAlternativeNames", [])}
    wildcard = "*." + domain.partition(".")[2]
    if domain not in names and wildcard not in names:
        yield Wrong("CertificateArn", f"is for {', '.join(sorted(names))}: give one for DomainName {domain}.")


@check(
    "The hosted zone is public and fits the domain name, which is free",
    reads=("HostedZoneId", "DomainName", "CertificateArn"),
)
def hosted_zone(case: Case) -> Findings:
    """A private zone does where no certificate must be validated in it."""
    zone, domain = case.thing("HostedZoneId"), case["DomainName"]
    if not zone:
        return
    zone_name = zone["Name"].rstrip(".")
    if not f".{domain}".endswith(f".{zone_name}"):
        yield Wrong("HostedZoneId", f"is of {zone_name}: give the zone that holds DomainName {domain}.")
    if zone["Config"]["PrivateZone"] and not case["CertificateArn"]:
        yield Wrong("HostedZoneId", "is private, so no certificate can be validated in it: give a public zone.")
    if case.is_launch and has_record(case, domain):
        yield Wrong("DomainName", "has a record in its zone: delete it, since the stack makes its own.")


def has_record(case: Case, domain: str) -> bool:
    """Whether the zone has an address of the name."""
    records = case.client("route53").list_resource_record_sets(
        HostedZoneId=case["HostedZoneId"], StartRecordName=domain, StartRecordType="A", MaxItems="1"
    )["ResourceRecordSets"]
    return any(record["Name"] == f"{domain}." and record["Type"] in ("A", "CNAME") for record in records)
