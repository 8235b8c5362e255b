"""The certificate is what browsers and ACM take, keeps its ARN, is renewed in time and deleted when free."""

import datetime
import logging
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from certificate import handler as certificate
from testing.cloudformation import CloudFormation, Context

NAME = "internal-hpc-Balan-1A2B-123456789.us-east-1.elb.amazonaws.com"
LONG = f"internal-{'b' * 40}-1234567890.cn-northwest-1.elb.amazonaws.com.cn"


@pytest.fixture
def acm() -> Iterator[Any]:
    """ACM of an empty account."""
    with mock_aws():
        yield boto3.client("acm", region_name="us-east-1")


@pytest.fixture(autouse=True)
def one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making keys takes time: one does for all tests but that of the key."""
    monkeypatch.setattr(certificate.rsa, "generate_private_key", lambda **_: KEY)


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def send(cloudformation: CloudFormation, request_type: str, name: Any = NAME, **more: Any) -> dict[str, Any]:
    return cloudformation.send(certificate.handler, request_type, {"DomainName": name}, **more)


def imported(acm: Any, arn: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(acm.get_certificate(CertificateArn=arn)["Certificate"].encode())


def tagged(acm: Any, arn: str) -> dict[str, str]:
    return {item["Key"]: item["Value"] for item in acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]}


COST, OWNER = {"Key": "CostCenter", "Value": "42"}, {"Key": "Owner", "Value": "hpc"}
TAGGED = {"DomainName": NAME, "Tags": [COST, OWNER]}


def test_create_tags_the_certificate(cloudformation: CloudFormation, acm: Any) -> None:
    arn = cloudformation.send(certificate.handler, "Create", TAGGED)["PhysicalResourceId"]
    assert tagged(acm, arn) == {"CostCenter": "42", "Owner": "hpc"}


def test_an_update_of_the_tags_leaves_the_certificate_as_it_is(cloudformation: CloudFormation, acm: Any) -> None:
    arn = cloudformation.send(certificate.handler, "Create", TAGGED)["PhysicalResourceId"]
    serial = imported(acm, arn).serial_number
    new = {"DomainName": NAME, "Tags": [{"Key": "Owner", "Value": "physics"}]}
    before = {"PhysicalResourceId": arn, "OldResourceProperties": TAGGED}
    assert cloudformation.send(certificate.handler, "Update", new, **before)["PhysicalResourceId"] == arn
    assert tagged(acm, arn) == {"Owner": "physics"}
    assert imported(acm, arn).serial_number == serial


@pytest.mark.parametrize("name", [NAME, LONG])
def test_the_certificate_is_for_its_name_and_signed_by_its_own_key(name: str) -> None:
    pem, key_pem = certificate.make(name)
    made = x509.load_pem_x509_certificate(pem)
    key = serialization.load_pem_private_key(key_pem, None)
    assert isinstance(key, rsa.RSAPrivateKey) and key.key_size == 2048
    assert made.public_key() == key.public_key()
    key.public_key().verify(made.signature, made.tbs_certificate_bytes, padding.PKCS1v15(), hashes.SHA256())
    assert isinstance(made.signature_hash_algorithm, hashes.SHA256)
    extensions = made.extensions
    assert extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName) == [
        name
    ]
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    assert not extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    assert [*extensions.get_extension_for_class(x509.ExtendedKeyUsage).value] == [ExtendedKeyUsageOID.SERVER_AUTH]
    common_name = str(made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    assert len(common_name) <= 64 and common_name == (name if len(name) <= 64 else "hpc-portal")
    assert made.not_valid_after_utc - made.not_valid_before_utc == datetime.timedelta(days=397)
    now = datetime.datetime.now(datetime.timezone.utc)
    assert made.not_valid_before_utc < now < made.not_valid_after_utc
    assert made.serial_number != x509.load_pem_x509_certificate(certificate.make(name)[0]).serial_number


def test_every_certificate_has_a_key_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert certificate.make(NAME)[1] != certificate.make(NAME)[1]


def test_create_imports_and_answers_with_the_arn(cloudformation: CloudFormation, acm: Any) -> None:
    got = send(cloudformation, "Create")
    arn = got["PhysicalResourceId"]
    assert got["Status"] == "SUCCESS" and got["Data"] == {"CertificateArn": arn} and ":certificate/" in arn
    assert NAME in str(imported(acm, arn).subject)


def test_a_repeated_create_makes_no_second_certificate(cloudformation: CloudFormation, acm: Any) -> None:
    first = send(cloudformation, "Create")["PhysicalResourceId"]
    assert send(cloudformation, "Create")["PhysicalResourceId"] == first
    assert len(acm.list_certificates()["CertificateSummaryList"]) == 1


def test_update_of_the_same_name_keeps_the_arn(cloudformation: CloudFormation, acm: Any, monkeypatch: Any) -> None:
    arn = send(cloudformation, "Create")["PhysicalResourceId"]
    serial = imported(acm, arn).serial_number
    monkeypatch.setattr(certificate, "find", lambda *_: None)  # not even when ACM's list does not show it
    got = send(cloudformation, "Update", PhysicalResourceId=arn, OldResourceProperties={"DomainName": NAME})
    assert got["PhysicalResourceId"] == arn and imported(acm, arn).serial_number != serial


def test_update_of_the_name_makes_another(cloudformation: CloudFormation, acm: Any) -> None:
    arn = send(cloudformation, "Create")["PhysicalResourceId"]
    got = send(cloudformation, "Update", LONG, PhysicalResourceId=arn, OldResourceProperties={"DomainName": NAME})
    assert got["Status"] == "SUCCESS" and got["PhysicalResourceId"] != arn
    assert imported(acm, arn), "the old one stays until CloudFormation deletes it"


def test_update_of_a_certificate_that_is_gone_makes_another(cloudformation: CloudFormation, acm: Any) -> None:
    arn = send(cloudformation, "Create")["PhysicalResourceId"]
    acm.delete_certificate(CertificateArn=arn)
    got = send(cloudformation, "Update", PhysicalResourceId=arn, OldResourceProperties={"DomainName": NAME})
    assert got["Status"] == "SUCCESS" and imported(acm, got["PhysicalResourceId"])


def test_a_delete_can_be_repeated(cloudformation: CloudFormation, acm: Any) -> None:
    arn = send(cloudformation, "Create")["PhysicalResourceId"]
    for _ in range(2):
        assert send(cloudformation, "Delete", PhysicalResourceId=arn)["Status"] == "SUCCESS"
    assert acm.list_certificates()["CertificateSummaryList"] == []


def test_delete_after_a_failed_create_succeeds(cloudformation: CloudFormation, acm: Any) -> None:
    assert send(cloudformation, "Delete", None, PhysicalResourceId="not-created")["Status"] == "SUCCESS"
    send(cloudformation, "Create", LONG)
    send(cloudformation, "Create")  # which came so late that CloudFormation knows no ARN
    assert send(cloudformation, "Delete", PhysicalResourceId="not-created")["Status"] == "SUCCESS"
    assert len(acm.list_certificates()["CertificateSummaryList"]) == 1


def busy(monkeypatch: pytest.MonkeyPatch, times: int) -> list[float]:
    """Makes ACM say so many times that the certificate is in use; returns the pauses between tries."""
    pauses: list[float] = []
    real, left = boto3.client, [times]

    def client(*arguments: Any, **options: Any) -> Any:
        found = real(*arguments, **options)
        delete = found.delete_certificate

        def refuse(**asked: Any) -> Any:
            left[0] -= 1
            if left[0] >= 0:
                raise found.exceptions.ResourceInUseException({"Error": {"Code": "ResourceInUseException"}}, "Delete")
            return delete(**asked)

        monkeypatch.setattr(found, "delete_certificate", refuse)
        return found

    monkeypatch.setattr(certificate.boto3, "client", client)
    monkeypatch.setattr(certificate.time, "sleep", pauses.append)
    return pauses


def test_delete_waits_until_nobody_uses_it(cloudformation: CloudFormation, acm: Any, monkeypatch: Any) -> None:
    arn = send(cloudformation, "Create")["PhysicalResourceId"]
    pauses = busy(monkeypatch, 3)
    assert send(cloudformation, "Delete", PhysicalResourceId=arn)["Status"] == "SUCCESS" and len(pauses) == 3
    assert acm.list_certificates()["CertificateSummaryList"] == []


def test_delete_gives_up_with_a_reason(cloudformation: CloudFormation, acm: Any, monkeypatch: Any) -> None:
    arn = send(cloudformation, "Create")["PhysicalResourceId"]
    pauses = busy(monkeypatch, 10**6)
    got = send(cloudformation, "Delete", PhysicalResourceId=arn)
    assert got["Status"] == "FAILED" and f"Certificate {arn} is in use by" in got["Reason"]
    assert 120 <= sum(pauses) <= 280, "bounded, and within a Lambda of 300 seconds"


@pytest.mark.parametrize(("days", "renewed"), [(397, False), (61, False), (59, True), (1, True)])
def test_a_certificate_is_renewed_in_place_when_it_is_due(
    acm: Any, monkeypatch: pytest.MonkeyPatch, days: int, renewed: bool
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(certificate, "VALID_DAYS", days + 0.5)
        pem, key = certificate.make(NAME)
    arn = acm.import_certificate(Certificate=pem, PrivateKey=key)["CertificateArn"]
    serial = imported(acm, arn).serial_number
    done = certificate.handler({"CertificateArn": arn, "DomainName": NAME}, Context())
    assert ("renewed" in str(done)) is renewed
    assert (imported(acm, arn).serial_number != serial) is renewed
    if renewed:
        left = imported(acm, arn).not_valid_after_utc - datetime.datetime.now(datetime.timezone.utc)
        assert left > datetime.timedelta(days=390)


def test_a_renewal_that_fails_is_an_error_of_the_function(acm: Any) -> None:
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/gone"
    with pytest.raises(Exception, match="ResourceNotFound"):
        certificate.handler({"CertificateArn": arn, "DomainName": NAME}, Context())


def test_the_private_key_is_neither_logged_nor_answered(cloudformation: CloudFormation, acm: Any, caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    arn = send(cloudformation, "Create")["PhysicalResourceId"]
    certificate.handler({"CertificateArn": arn, "DomainName": NAME}, Context())
    assert "PRIVATE" not in caplog.text and "PRIVATE" not in str(cloudformation.answers)


@pytest.mark.parametrize(
    "name", [None, "", "a b.example", "nodots", "x" * 300, "*.example.com", ["a.b"], "a..b", "ä.b", "a.b\n"]
)
def test_a_wrong_name_is_said(cloudformation: CloudFormation, acm: Any, name: Any) -> None:
    got = send(cloudformation, "Create", name)
    assert got["Status"] == "FAILED" and "must be the balancer's DNS name: give" in got["Reason"]
    assert acm.list_certificates()["CertificateSummaryList"] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    request_type=st.sampled_from(["Create", "Update", "Delete", "Read", None]),
    properties=st.fixed_dictionaries({}, optional={"DomainName": st.just(NAME) | JSON}) | JSON,
    old=st.just({"DomainName": NAME}) | JSON,
    physical_id=st.just("arn:aws:acm:us-east-1:123456789012:certificate/gone") | JSON,
)
def test_any_event_is_answered_once(
    cloudformation: CloudFormation, acm: Any, request_type: Any, properties: Any, old: Any, physical_id: Any
) -> None:
    cloudformation.answers.clear()
    more = {"PhysicalResourceId": physical_id, "OldResourceProperties": old}
    certificate.handler(cloudformation.event(request_type, properties, **more), Context())
    assert len(cloudformation.answers) == 1
