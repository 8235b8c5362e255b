"""A self-signed certificate for a balancer without a domain of its own, kept in ACM and renewed in place.

Properties: DomainName, the balancer's DNS name, and Tags, a list of Key and Value. Ref and Data.CertificateArn: the
certificate's ARN, which stays for as long as the name does. Called by a schedule with {"CertificateArn": ...,
"DomainName": ...}, it renews that certificate in place if fewer than RENEW_DAYS are left. The private key is in this
function's memory and in ACM, nowhere else.
IAM: acm:ListCertificates (knows no resource); acm:ImportCertificate, acm:DescribeCertificate, acm:DeleteCertificate,
acm:AddTagsToCertificate and acm:RemoveTagsFromCertificate on the account's certificate/* of the region, since ACM chooses
the ARN.
"""

import datetime
import re
import time
from typing import Any, TypeGuard

import boto3
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from common.answer import LOG, Context, Event, Fault, Result, custom_resource

VALID_DAYS = 397  # browsers take no longer ones (CA/Browser Forum, baseline requirements)
RENEW_DAYS = 60  # before the end; the schedule calls more than once within them
COMMON_NAME = 64  # characters (RFC 5280, ub-common-name)
IN_USE_PAUSE = 10  # seconds between tries to delete a certificate that ACM still holds to be in use
IN_USE_TRIES = 24
NAME = re.compile(r"[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 5})


def handler(event: object, context: Context) -> str | None:
    """A schedule's call raises what goes wrong, so that the function's error metric and alarm see it."""
    if isinstance(event, dict) and "RequestType" not in event and "CertificateArn" in event:
        return renew(event["CertificateArn"], event["DomainName"])
    resource(event, context)
    return None


@custom_resource
def resource(event: Event) -> Result:
    """Create and Update import, into the certificate of that name if there is one; Delete deletes.

    An Update of the tags alone leaves the certificate as it is.
    """
    acm = boto3.client("acm", config=CONFIG)
    arn = event.get("PhysicalResourceId")
    if event["RequestType"] == "Delete":
        arn = arn if is_certificate(arn) else find(acm, event["ResourceProperties"].get("DomainName"))
        if arn:
            delete(acm, arn)
        return None, {}
    name = name_of(event["ResourceProperties"])
    tags = tags_of(event["ResourceProperties"])
    old = event.get("OldResourceProperties")
    known = (
        arn if event["RequestType"] == "Update" and isinstance(old, dict) and old.get("DomainName") == name else None
    )
    before = tags_of(old) if known and isinstance(old, dict) else {}
    if not is_certificate(known):
        known = import_certificate(acm, name, find(acm, name))
    elif tags == before:
        known = import_certificate(acm, name, known)
    tag(acm, known, before, tags)
    return known, {"CertificateArn": known}


def name_of(properties: dict[str, Any]) -> str:
    """The balancer's name among a resource's properties. Raises Fault if there is none."""
    name = properties.get("DomainName")
    if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > 253:
        raise Fault(
            f"DomainName {str(name)[:300]} must be the balancer's DNS name: give the balancer's DNSName attribute."
        )
    return name


def tags_of(properties: dict[str, Any]) -> dict[str, str]:
    """The tags among a resource's properties, by key; what is no tag is left out."""
    found = properties.get("Tags")
    items = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return {str(item["Key"]): str(item["Value"]) for item in items if {"Key", "Value"} <= item.keys()}


def tag(acm: Any, arn: str, before: dict[str, str], tags: dict[str, str]) -> None:
    """Gives the certificate its tags, and takes away those of `before` that it is not to have any more."""
    gone = [{"Key": key} for key in before if key not in tags]
    if gone:
        acm.remove_tags_from_certificate(CertificateArn=arn, Tags=gone)
    if tags:
        given = [{"Key": key, "Value": value} for key, value in tags.items()]
        acm.add_tags_to_certificate(CertificateArn=arn, Tags=given)


def is_certificate(arn: object) -> TypeGuard[str]:
    """Whether `arn` is an ACM certificate's, and no stand-in of a failed Create."""
    return isinstance(arn, str) and ":acm:" in arn


def find(acm: Any, name: object) -> str | None:
    """ARN of the imported certificate for `name`, or None. The name is one balancer's alone, so it is ours.

    A repeated Create finds what the first one made, and a Delete what a Create left that was answered too late.
    """
    if not isinstance(name, str) or not name:
        return None
    for page in acm.get_paginator("list_certificates").paginate(Includes={"keyTypes": ["RSA_2048"]}):
        for known in page["CertificateSummaryList"]:
            names = [known.get("DomainName", ""), *known.get("SubjectAlternativeNameSummaries", [])]
            if known.get("Type") == "IMPORTED" and name.lower() in map(str.lower, names):
                return str(known["CertificateArn"])
    return None


def import_certificate(acm: Any, name: str, arn: str | None = None) -> str:
    """Makes a key and a certificate for `name` and imports both, over the certificate `arn` if it is there still."""
    certificate, key = make(name)
    if arn:
        try:
            acm.import_certificate(Certificate=certificate, PrivateKey=key, CertificateArn=arn)
            return arn
        except acm.exceptions.ResourceNotFoundException:
            LOG.warning("%s is gone: importing another", arn)
    return str(acm.import_certificate(Certificate=certificate, PrivateKey=key)["CertificateArn"])


def make(name: str) -> tuple[bytes, bytes]:
    """Certificate and private key for `name`, both as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    common_name = name if len(name) <= COMMON_NAME else "hpc-portal"  # clients go by subjectAltName
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    usage = dict.fromkeys(
        ("content_commitment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # clients' clocks may be slow
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS, hours=-1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_encipherment=True, encipher_only=False, decipher_only=False, **usage
            ),
            critical=True,
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    return certificate.public_bytes(pem), key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)


def renew(arn: str, name: str) -> str:
    """Imports a new certificate over `arn` if it ends soon; returns what was done, for the log."""
    acm = boto3.client("acm", config=CONFIG)
    end = acm.describe_certificate(CertificateArn=arn)["Certificate"]["NotAfter"]
    left = (end - datetime.datetime.now(datetime.timezone.utc)).days
    if left < RENEW_DAYS:
        import_certificate(acm, name, arn)
    done = f"{left} days were left: {'renewed' if left < RENEW_DAYS else 'kept'}"
    LOG.info("%s %s", arn, done)
    return done


def delete(acm: Any, arn: str) -> None:
    """Deletes the certificate once nothing uses it; one that is gone is deleted."""
    for attempt in range(IN_USE_TRIES):
        try:
            acm.delete_certificate(CertificateArn=arn)
            return
        except acm.exceptions.ResourceNotFoundException:
            return
        except acm.exceptions.ResourceInUseException:
            LOG.info("%s is in use still", arn)
        if attempt < IN_USE_TRIES - 1:
            time.sleep(IN_USE_PAUSE)
    users = ", ".join(acm.describe_certificate(CertificateArn=arn)["Certificate"].get("InUseBy", []))
    raise Fault(f"Certificate {arn} is in use by {users or 'a service'}: remove it there, then delete the stack again.")
