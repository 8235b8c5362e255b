"""Questions: who may reach the portal, under which name, with which certificate."""

from __future__ import annotations

from dataclasses import dataclass

from generator.cfn.template import Value
from generator.form import patterns
from generator.form.question import Group, choice, optional, question


@dataclass(frozen=True)
class Access(Group, title="Access"):
    """Access to the portal."""

    portal_access_cidr: Value = question(
        "Allowed addresses",
        "Address range that may open the portal in a browser, such as 203.0.113.0/24.",
        default=None,
        pattern=patterns.whole(patterns.CIDR),
        constraint="Must be an IPv4 range such as 203.0.113.0/24: name the addresses that may reach the portal.",
    )
    additional_access_cidr: Value = optional(
        "Additional addresses",
        "Optional - A second address range. Leave blank to allow only the first.",
        patterns.CIDR,
        "Must be an IPv4 range such as 198.51.100.0/24, or blank.",
    )
    access_prefix_list_id: Value = optional(
        "Allowed prefix list",
        "Optional - Managed prefix list of further addresses. Leave blank to allow none.",
        patterns.PREFIX_LIST,
        "Must be a prefix list's id such as pl-0123456789abcdef0, or blank.",
    )
    load_balancer_scheme: Value = choice(
        "Load balancer scheme",
        "Public addresses (internet-facing) or only private ones (internal, for VPN and Direct Connect).",
        "internet-facing",
        "internal",
    )
    certificate_arn: Value = optional(
        "Portal certificate",
        "Optional - ARN of an ACM certificate for the domain name. Leave blank to create one: validated in the hosted "
        "zone, or self-signed.",
        patterns.CERTIFICATE_ARN,
        "Must be the ARN of an ACM certificate, or blank.",
    )
    domain_name: Value = optional(
        "Portal domain name",
        "Optional - Host name of the portal. Leave blank to use the load balancer's name.",
        patterns.DOMAIN_NAME,
        "Must be a host name in lower case such as hpc.example.com, or blank.",
    )
    hosted_zone_id: Value = optional(
        "Portal hosted zone",
        "Optional - Route 53 zone of the domain name, for its record and certificate. Leave blank to manage DNS yourself.",
        patterns.HOSTED_ZONE,
        "Must be a hosted zone's id such as Z0123456789ABCDEFGHIJ, or blank.",
    )
    waf: Value = choice(
        "AWS WAF",
        "Protect the portal with AWS WAF's managed rules and a rate limit.",
        "no",
        "yes",
    )
