"""How names are resolved and given in an existing VPC."""

from preflight.case import Case
from preflight.verdicts import Findings, Warn, Wrong, check

AMAZON = "AmazonProvidedDNS"


@check("The existing VPC's DHCP options resolve AWS's names", reads=("VpcId",), needs=("VpcId",))
def dhcp_options(case: Case) -> Findings:
    """EFS, Lustre and the clusters' nodes are reached by names that the VPC's own resolver alone knows."""
    options = (case.thing("VpcId") or {}).get("DhcpOptionsId", "")
    if options == "default":  # what EC2 calls none at all
        text = f"VpcId {case['VpcId']} has no DHCP options, so names may not resolve"
        yield Warn("VpcId", f"{text}: associate a set with {AMAZON}.")
    if options in ("", "default"):
        return
    found = case.get("ec2", "describe_dhcp_options", DhcpOptionsIds=[options]) or {"DhcpOptions": []}
    values: dict[str, list[str]] = {}
    for configuration in [each for item in found["DhcpOptions"] for each in item["DhcpConfigurations"]]:
        values[configuration["Key"]] = [value["Value"] for value in configuration["Values"]]
    servers = values.get("domain-name-servers", [])
    if AMAZON not in servers:
        named = f"The DHCP options {options} of VpcId name the DNS servers {', '.join(servers) or '(none)'}"
        yield Warn("VpcId", f"{named}: see that they forward to the VPC's own resolver, or add {AMAZON}.")
    domain = " ".join(values.get("domain-name", []))
    if " " in domain:
        yield Wrong("VpcId", f"has the DHCP domain-name {domain}, and Linux takes one name: set one.")


@check("The existing private subnets name instances by their addresses", reads=("PrivateSubnetId",), needs=("VpcId",))
def host_names(case: Case) -> Findings:
    """A replaced portal node keeps its address, and must keep the name under which its files are kept."""
    for name, id_ in case.numbered("PrivateSubnetId").items():
        options = case.subnets.get(id_, {}).get("PrivateDnsNameOptionsOnLaunch", {})
        if options.get("HostnameType") == "resource-name":
            remedy = "set the subnet's host-name type to ip-name, or choose another subnet."
            yield Wrong(name, f"names instances by their ids, which a replaced node does not keep: {remedy}")
