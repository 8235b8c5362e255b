"""What the portal nodes download from its vendors."""

import functools
import hashlib
import urllib.error
import urllib.request
from typing import IO, NamedTuple

from preflight.case import Case
from preflight.checks.stored import key_warning, stored
from preflight.verdicts import Check, Findings, Warn, Wrong

SMALLEST = 10_000  # bytes; a smaller installer or driver is an error page
HASHED = 16 << 20  # bytes; nodes alone check larger files
DOWNLOADS = ("PortalInstaller", "JdbcDriver")


class Download(NamedTuple):
    """A file that is there."""

    body: IO[bytes]
    length: int
    kind: str
    warning: str = ""


def can_be_fetched(case: Case, name: str) -> Findings:
    """The file is there and no web page; a small one has its checksum.

    A look from a shell may be from a closed network, so that no answer of a host is no fault there.
    """
    remedy = "correct it, or put the file into S3 and give s3://..."
    wanted = case[f"{name}Sha256"]
    try:
        found = open_download(case, case[f"{name}Url"])
        if found.warning:
            yield Warn(f"{name}Url", found.warning)
        with found.body as body:
            if found.length < SMALLEST or "html" in found.kind:
                yield Wrong(f"{name}Url", f"answers with {found.length} bytes of {found.kind}, no archive: {remedy}")
            elif wanted and found.length <= HASHED and hashlib.sha256(body.read()).hexdigest() != wanted:
                differs = f"is not that of {name}Url"
                yield Wrong(f"{name}Sha256", f"{differs}: correct it, or find out who changed the file.")
    except (OSError, ValueError) as error:
        answered = isinstance(error, urllib.error.HTTPError) or not isinstance(error, OSError)
        if answered or case.may_make:
            yield Wrong(f"{name}Url", f"cannot be fetched ({error}): {remedy}")
        else:
            url = case[f"{name}Url"].partition("?")[0]
            failed = f"{name}Url {url} cannot be reached from here ({error})"
            yield Warn(f"{name}Url", f"{failed}: check it in the account's network, from which the launch fetches it.")


def open_download(case: Case, url: str) -> Download:
    """The file at the URL. Raises OSError or ValueError if it cannot be fetched."""
    if url.startswith("s3://"):
        bucket, _, key = url.removeprefix("s3://").partition("/")
        found = stored(case, bucket, key)
        warning = key_warning(case, url.partition("?")[0], found)
        return Download(found["Body"], found["ContentLength"], found.get("ContentType", ""), warning)
    body = urllib.request.urlopen(url, timeout=8)  # no HEAD, which some servers refuse; only headers come at once
    length = int(body.headers.get("Content-Length") or HASHED + 1)
    return Download(body, length, body.headers.get_content_type())


DOWNLOAD_CHECKS = [
    Check(
        f"{name}Download",
        f"{name} can be fetched",
        functools.partial(can_be_fetched, name=name),
        reads=(f"{name}Url", f"{name}Sha256"),
    )
    for name in DOWNLOADS
]
