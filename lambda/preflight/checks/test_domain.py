"""The portal's own domain name: certificate and hosted zone must fit it."""

from typing import Any

import pytest

from preflight.checks import domain
from preflight.checks.domain import certificate, delegation, hosted_zone
from preflight.verdicts import WARNING
from testing.answers import NAMED
from testing.launches import Bad, assert_alone, findings
from testing.responses import SERVERS, ZONE


def zone(**more: Any) -> dict[str, Any]:
    """Route 53's answer of a zone with these differences."""
    servers = {"NameServers": [*SERVERS]}
    return {"GetHostedZone": {"HostedZone": {**ZONE, **more}, "DelegationSet": servers}}


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


VALIDATED = {**NAMED, "CertificateArn": "", "SpotMaxNodes": "0"}


@pytest.mark.parametrize(
    ("public", "words"),
    [
        (set(), "no name server"),
        ({"ns.other.example", "a.other.example"}, "a.other.example, ns.other.example"),
    ],
    ids=["nobody delegates to it", "another zone of that name"],
)
def test_a_zone_that_the_internet_does_not_ask_is_refused(
    monkeypatch: pytest.MonkeyPatch, public: set[str], words: str
) -> None:
    monkeypatch.setattr(domain, "name_servers", lambda zone: public)
    sentence = (
        f"HostedZoneId Z0123456789 is not where the internet looks for example.com ({words}): name ns-1.awsdns-01.com, "
        "ns-2.awsdns-02.net as its name servers at the parent domain, or give a CertificateArn."
    )
    assert_alone(delegation, Bad(VALIDATED, {}, "HostedZoneId", sentence))
    (found,) = findings(VALIDATED, {})
    assert (found.level, found.text) == (WARNING, sentence), "a company's resolver may know a zone of its own"
    (found,) = findings(NAMED, {}, may_make=True)
    assert found.level == WARNING, "nothing waits for that zone"


def test_a_private_zone_is_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "name_servers", lambda zone: pytest.fail("asked"))
    assert findings(NAMED, zone(Config={"PrivateZone": True})) == []


def test_a_resolver_that_does_not_answer_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(zone: str) -> set[str]:
        raise TimeoutError("timed out")

    monkeypatch.setattr(domain, "name_servers", silent)
    (found,) = findings(VALIDATED, {}, may_make=True)
    assert (found.check, found.level) == (delegation.title, WARNING)
