"""The portal's own domain name: its certificate and its hosted zone."""

from preflight.case import Case
from preflight.checks.public_dns import name_servers
from preflight.verdicts import Findings, Warn, Wrong, check


@check("The certificate is for the domain name", reads=("CertificateArn", "DomainName"), needs=("CertificateArn",))
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
    needs=("HostedZoneId",),
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


@check(
    "The hosted zone is where the internet looks for its names",
    reads=("HostedZoneId", "CertificateArn"),
    needs=("HostedZoneId",),
)
def delegation(case: Case) -> Findings:
    """A certificate that is validated in a zone to which nobody delegates is never issued.

    A fault only where that would stop the launch, and where the resolver is AWS's: that of a company's network may know
    a zone of its own.
    """
    found = case.get("route53", "get_hosted_zone", Id=case["HostedZoneId"])
    if not found or found["HostedZone"]["Config"]["PrivateZone"]:
        return
    zone = found["HostedZone"]["Name"].rstrip(".")
    own = {server.lower().rstrip(".") for server in found["DelegationSet"]["NameServers"]}
    public = name_servers(zone)
    if own & public:
        return
    elsewhere = f"is not where the internet looks for {zone} ({', '.join(sorted(public)) or 'no name server'})"
    remedy = f"name {', '.join(sorted(own))} as its name servers at the parent domain, or give a CertificateArn."
    if case.may_make and not case["CertificateArn"]:
        yield Wrong("HostedZoneId", f"{elsewhere}: {remedy}")
    else:
        yield Warn("HostedZoneId", f"HostedZoneId {case['HostedZoneId']} {elsewhere}: {remedy}")
