"""Copies a release's files from the publisher's bucket into the stack's own, verified; empties that at the end.

Properties: SourceBucket, SourceRegion (blank: the stack's own region), SourcePrefix, Bucket, Files (each a Key below
SourcePrefix, and the same in Bucket, with its Sha256) and Templates (`name:SHA-256` of each nested template, separated
by commas). Data: Bucket, and Copied, the number of files fetched. The template says what a file must be: nothing that
the publisher's bucket says of it counts. What an earlier version copied is kept: running nodes still need it, and a
rollback takes it from there, also the earlier content of a key, so that it needs nothing of the publisher's.
With the nested templates and SHA256SUMS, the bucket is a copy of the release's folder, but for the parent templates.
IAM: s3:GetObject on SourceBucket/SourcePrefix*; s3:ListBucket on SourceBucket if possible (without it S3 calls a
missing key "access denied"); on Bucket s3:ListBucketVersions; on Bucket/* s3:GetObject, s3:GetObjectVersion,
s3:PutObject, s3:DeleteObject, s3:DeleteObjectVersion.
"""

import hashlib
import io
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from typing import IO, Any, NamedTuple

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from common.answer import LOG, Event, Fault, Result, custom_resource

CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 5})
MANIFEST = "SHA256SUMS"
SHA256 = re.compile("[0-9a-f]{64}")
PASSES = 20  # over the bucket until it is found empty; something may still write into it, such as a copy that ends late


@custom_resource
def handler(event: Event) -> Result:
    """Create and Update copy, Delete empties the bucket."""
    properties = event["ResourceProperties"]
    if event["RequestType"] == "Delete":
        bucket = properties.get("Bucket")
        # A Create that was refused for the publisher's own bucket has copied nothing.
        if isinstance(bucket, str) and bucket and bucket != properties.get("SourceBucket"):
            empty(bucket)
        return None, {}
    wanted = wanted_of(properties)
    if wanted.bucket == wanted.source:
        raise Fault(f"Bucket {wanted.bucket} is the publisher's own: it would be emptied at the end, so name another.")
    copied = copy(Release(wanted.source, wanted.region, wanted.prefix), Own(wanted.bucket), wanted.files)
    return f"assets-in-{wanted.bucket}", {"Bucket": wanted.bucket, "Copied": copied}


class Wanted(NamedTuple):
    """What to copy from where to where; the files with their SHA-256 in hex."""

    bucket: str
    source: str
    region: str
    prefix: str
    files: dict[str, str]


def wanted_of(properties: Mapping[str, Any]) -> Wanted:
    """The properties, if they are what they must be."""
    bucket, source = properties.get("Bucket"), properties.get("SourceBucket")
    region, prefix = properties.get("SourceRegion") or "", properties.get("SourcePrefix") or ""
    if not all(isinstance(text, str) for text in (bucket, source, region, prefix)) or not (bucket and source):
        raise Fault("SourceBucket, SourceRegion, SourcePrefix and Bucket must be texts: give the release's location.")
    return Wanted(bucket, source, region, prefix, files_of(properties))


def files_of(properties: Mapping[str, Any]) -> dict[str, str]:
    """The SHA-256 of each file by its key: of those in Files, and of the nested templates."""
    try:
        files = [(item["Key"], item["Sha256"]) for item in properties["Files"]]
        pairs = (item.split(":") for item in properties["Templates"].split(","))
        files += [(f"templates/{name}", checksum) for name, checksum in pairs]
        if all(key and isinstance(key, str) and SHA256.fullmatch(checksum) for key, checksum in files):
            return dict(files)
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    raise Fault("Files and Templates must name each file with its SHA-256: rebuild the templates from their source.")


class Release:
    """The files below `prefix` in the publisher's `bucket`, which is in `region`."""

    def __init__(self, bucket: str, region: str, prefix: str) -> None:
        self.bucket, self.region, self.prefix = bucket, region, prefix
        self.s3 = boto3.client("s3", region_name=region or None, config=CONFIG)

    def fetch(self, key: str, checksum: str, file: IO[bytes]) -> None:
        """Writes the object into `file`, which is then at its start again, if it is what the template names."""
        where = f"s3://{self.bucket}/{self.prefix}{key}"
        try:
            self.s3.download_fileobj(self.bucket, self.prefix + key, file)
        except ClientError as error:
            raise Fault(f"{where} {explain_refusal(error, self.region)}") from None
        except BotoCoreError as error:
            raise Fault(f"{where} cannot be fetched ({error}): check AssetsBucketRegion, then try again.") from None
        found = digest(file)
        if found != checksum:
            differs = f"{where} has SHA-256 {found}, and the template names {checksum}"
            raise Fault(f"{differs}: find out who changed the file, and publish the release again.")


class Own:
    """The stack's own bucket, which keeps every version of what was copied."""

    def __init__(self, bucket: str) -> None:
        self.bucket, self.s3 = bucket, boto3.client("s3", config=CONFIG)

    def holds(self, key: str, checksum: str, **version: str) -> bool:
        """Whether an earlier run has put this very content there. Any refusal means: copy it."""
        try:
            metadata = self.s3.head_object(Bucket=self.bucket, Key=key, **version)["Metadata"]
            return bool(metadata.get("sha256") == checksum)
        except ClientError:
            return False

    def versions(self, key: str) -> Iterator[str]:
        """The ids of the key's versions, newest first."""
        for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=key):
            yield from (item["VersionId"] for item in page.get("Versions", []) if item["Key"] == key)

    def recover(self, key: str, checksum: str, file: IO[bytes]) -> bool:
        """Writes an earlier version with this content into `file`; returns whether there is one."""
        try:
            for version in self.versions(key):
                if self.holds(key, checksum, VersionId=version):
                    self.s3.download_fileobj(self.bucket, key, file, ExtraArgs={"VersionId": version})
                    if digest(file) == checksum:
                        return True
        except ClientError as error:
            LOG.warning("%s", error)
        file.seek(0)
        file.truncate()
        return False

    def keep(self, key: str, checksum: str, file: IO[bytes]) -> None:
        """Puts the content of `file` there."""
        try:
            self.s3.upload_fileobj(file, self.bucket, key, ExtraArgs={"Metadata": {"sha256": checksum}})
        except (ClientError, Boto3Error) as error:
            what = f"{key} cannot be copied to bucket {self.bucket}, {in_s3_words(str(error))}"
            raise Fault(what) from None


def explain_refusal(error: ClientError, region: str) -> str:
    """What S3's refusal means, and the remedy."""
    code, words = error.response["Error"]["Code"], error.response["Error"].get("Message") or ""
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    home = headers.get("x-amz-bucket-region")
    if home and home != region and code not in ("403", "AccessDenied", "404", "NoSuchKey"):
        return f"is in region {home}: give that as AssetsBucketRegion."
    if code in ("404", "NoSuchKey", "NoSuchBucket"):
        return "does not exist: check AssetsBucket, AssetsBucketRegion and AssetsPrefix, or publish the release again."
    if "kms" in f"{code} {words}".lower() or "explicit deny" in words.lower():
        return f"may not be read, {in_s3_words(words or code)}"
    if code in ("403", "AccessDenied"):
        return "is missing or may not be read: check AssetsPrefix, and that the bucket's policy admits this account."
    return f"cannot be fetched ({code}): check AssetsBucket, AssetsBucketRegion and AssetsPrefix."


def in_s3_words(words: str) -> str:
    """S3's own words of a refusal, with what to do."""
    words = words.rstrip(". ")
    if "explicit deny" in words.lower():
        return f"{words}: have whoever keeps that policy admit it."
    if "kms" in words.lower():
        return f"{words}: publish to a bucket without a customer managed KMS key, or let this account use that key."
    return f"{words}: mend that, then try again."


def copy(release: Release, own: Own, files: Mapping[str, str]) -> int:
    """Brings the files into the stack's own bucket unless they are there; returns how many were fetched."""
    copied = 0
    for key, checksum in files.items():
        if own.holds(key, checksum):
            continue
        with tempfile.TemporaryFile() as file:
            recovered = own.recover(key, checksum, file)
            if not recovered:
                release.fetch(key, checksum, file)
            own.keep(key, checksum, file)
        LOG.info("recovered %s" if recovered else "copied %s", key)
        copied += not recovered
    manifest = "".join(f"{checksum}  {key}\n" for key, checksum in sorted(files.items())).encode()
    whole = hashlib.sha256(manifest).hexdigest()
    if not own.holds(MANIFEST, whole):
        own.keep(MANIFEST, whole, io.BytesIO(manifest))
    return copied


def digest(file: IO[bytes]) -> str:
    """SHA-256 of the file's content in hex; the file is at its start afterwards."""
    sha256 = hashlib.sha256()
    file.seek(0)
    for block in iter(lambda: file.read(1 << 20), b""):
        sha256.update(block)
    file.seek(0)
    return sha256.hexdigest()


def empty(bucket: str) -> None:
    """Deletes all versions and delete markers of `bucket`, until there are none."""
    s3 = boto3.client("s3", config=CONFIG)
    stuck: list[dict[str, str]] = []
    for attempt in range(PASSES):
        try:
            found, stuck = delete_versions(s3, bucket)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NoSuchBucket":
                return
            raise Fault(f"Bucket {bucket} cannot be emptied ({code}): empty it by hand, then delete again.") from None
        if not found:
            return
        if stuck:
            time.sleep(min(attempt, 5))
    reason = f"{stuck[0].get('Key')}: {stuck[0].get('Code')}" if stuck else "something keeps writing into it"
    raise Fault(f"Bucket {bucket} cannot be emptied ({reason}): empty it by hand, then delete again.")


def delete_versions(s3: Any, bucket: str) -> tuple[int, list[dict[str, str]]]:
    """Deletes what is there once over; returns how much was found, and S3's errors."""
    found, errors = 0, []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        names = [
            {"Key": item["Key"], "VersionId": item["VersionId"]}
            for item in page.get("Versions", []) + page.get("DeleteMarkers", [])
        ]
        if names:
            found += len(names)
            done = s3.delete_objects(Bucket=bucket, Delete={"Objects": names, "Quiet": True})
            errors += done.get("Errors", [])
    return found, errors
