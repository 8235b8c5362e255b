"""The portal's own domain name: certificate and hosted zone must fit it."""

from typing import Any

import pytest

from preflight.checks.domain import certificate, hosted_zone
from testing.answers import NAMED
from testing.launches import Bad, assert_alone
from testing.responses import ZONE


def zone(**more: Any) -> dict[str, Any]:
    """Route 53's answer of a zone with these differences."""
    return {"GetHostedZone": {"HostedZone": {**ZONE, **more}}}


def test_a_certificate_for_another_name_is_refused() -> None:
    sentence = "is for *.example.com: give one for DomainName a.b.example.com."
    bad = Bad({**NAMED, "DomainName": "a.b.example.com"}, {}, "CertificateArn")
    assert_alone(certificate, bad._replace(sentence=f"CertificateArn {NAMED['CertificateArn']} {sentence}"))


@pytest.mark.parametrize(
    "bad",
    [
        Bad(
            NAMED,
            zone(Name="ample.com."),
            "HostedZoneId",
            "HostedZoneId Z0123456789 is of ample.com: give the zone that holds DomainName hpc.example.com.",
        ),
        Bad(
            {**NAMED, "CertificateArn": ""},
            zone(Config={"PrivateZone": True}),
            "HostedZoneId",
            "HostedZoneId Z0123456789 is private, so no certificate can be validated in it: give a public zone.",
        ),
        Bad(
            NAMED,
            {
                "ListResourceRecordSets": {
                    "ResourceRecordSets": [{"Name": "hpc.example.com.", "Type": "CNAME"}],
                    "IsTruncated": False,
                    "MaxItems": "1",
                }
            },
            "DomainName",
            "DomainName hpc.example.com has a record in its zone: delete it, since the stack makes its own.",
        ),
    ],
    ids=["another domain's", "private", "the name is taken"],
)
def test_a_hosted_zone_that_does_not_fit_is_refused(bad: Bad) -> None:
    assert_alone(hosted_zone, bad)
