"""How names are resolved and given in an existing VPC."""

from typing import Any

from preflight.checks.name_service import dhcp_options, host_names
from preflight.verdicts import WARNING
from testing.answers import VPC
from testing.launches import Bad, assert_alone, findings
from testing.responses import dhcp_options as options
from testing.responses import subnet


def test_dns_servers_of_a_company_are_a_warning() -> None:
    (found,) = findings(VPC, {"DescribeDhcpOptions": options("10.1.1.1", "10.1.1.2")})
    assert (found.check, found.level, found.parameter) == (dhcp_options.title, WARNING, "VpcId")
    assert found.text == (
        "The DHCP options dopt-1 of VpcId name the DNS servers 10.1.1.1, 10.1.1.2: see that they forward to the VPC's own "
        "resolver, or add AmazonProvidedDNS."
    )


def test_several_domain_names_are_refused() -> None:
    bad = {"DescribeDhcpOptions": options("AmazonProvidedDNS", domain="a.example b.example")}
    sentence = "VpcId vpc-1 has the DHCP domain-name a.example b.example, and Linux takes one name: set one."
    assert_alone(dhcp_options, Bad(VPC, bad, "VpcId", sentence))


def test_a_vpc_without_dhcp_options_is_a_warning() -> None:
    vpc = {"VpcId": "vpc-1", "State": "available", "CidrBlock": "10.9.0.0/16", "DhcpOptionsId": "default"}
    (found,) = findings(VPC, {"DescribeVpcs": {"Vpcs": [vpc]}})
    assert (found.check, found.level) == (dhcp_options.title, WARNING)
    assert (
        found.text
        == "VpcId vpc-1 has no DHCP options, so names may not resolve: associate a set with AmazonProvidedDNS."
    )


def test_a_private_subnet_that_names_instances_by_their_ids_is_refused() -> None:
    def named(number: int, kind: str) -> dict[str, Any]:
        return {**subnet(number, "ab"[(number - 1) % 2]), "PrivateDnsNameOptionsOnLaunch": {"HostnameType": kind}}

    subnets = [named(1, "ip-name"), named(2, "resource-name"), named(3, "resource-name"), named(4, "ip-name")]
    sentence = (
        "PrivateSubnetId2 subnet-2 names instances by their ids, which a replaced node does not keep: set the subnet's "
        "host-name type to ip-name, or choose another subnet."
    )
    assert_alone(host_names, Bad(VPC, {"DescribeSubnets": {"Subnets": subnets}}, "PrivateSubnetId2", sentence))
