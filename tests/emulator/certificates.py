"""ACM's certificates: what an imported one says of itself is what ACM says of it, and a requested one waits for validation.

ministack makes names and dates up and leaves type and names out of the list, so that nobody finds a certificate by its
name.
"""

import json
import time
from typing import Any

from cryptography import x509
from ministack.services import acm

from tests.emulator import cancellation, control
from tests.emulator.handlers import Failed, Made, Properties, wraps

STAMP = "%Y-%m-%dT%H:%M:%SZ"
Answer = tuple[int, dict[str, str], bytes]
POLL = 0.02  # seconds


@wraps("AWS::CertificateManager::Certificate")
class Requested:
    """CloudFormation waits until a certificate is validated: where nobody delegates to the zone, until it is cancelled."""

    @staticmethod
    def create(stock: Any, logical_id: str, properties: Properties, stack: str) -> Made:
        made: Made = stock(logical_id, properties, stack)
        while control.CLOCK.undelegated:
            try:
                cancellation.check(stack)
            except cancellation.Cancelled as cancelled:
                raise Failed(str(cancelled), made[0]) from None
            time.sleep(POLL)
        return made


def facts(pem: str) -> dict[str, Any]:
    """Names and dates of a certificate, as ACM's record has them."""
    read = x509.load_pem_x509_certificate(pem.encode())
    common = [str(name.value) for name in read.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    try:
        extension = read.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = extension.value.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        names = []
    dates = {"NotBefore": read.not_valid_before_utc, "NotAfter": read.not_valid_after_utc}
    return {
        "DomainName": (common or names or [""])[0],
        "SubjectAlternativeNames": names or common,
        **{name: date.strftime(STAMP) for name, date in dates.items()},
    }


def install() -> None:
    """Read what is imported, and list it as ACM does."""
    take, show = acm._import_certificate, acm._list_certificates

    def imported(data: dict[str, Any]) -> Answer:
        try:
            known = facts(acm._decode_pem_field(data.get("Certificate")))
        except ValueError:
            told = "The certificate field contains more than one certificate or no certificate in PEM format."
            refused: Answer = acm.error_response_json("ValidationException", told, 400)
            return refused
        answer: Answer = take(data)
        if arn := json.loads(answer[2]).get("CertificateArn"):
            acm._certificates[arn].update(known)
        return answer

    def listed(data: dict[str, Any]) -> Answer:
        status, headers, body = show(data)
        told = json.loads(body)
        for summary in told["CertificateSummaryList"]:
            record = acm._certificates[summary["CertificateArn"]]
            summary["Type"] = record.get("Type", "AMAZON_ISSUED")
            summary["SubjectAlternativeNameSummaries"] = record.get("SubjectAlternativeNames", [])
        return status, headers, json.dumps(told).encode()

    acm._import_certificate, acm._list_certificates = imported, listed
