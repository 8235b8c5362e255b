"""Copies a release's files from the publisher's bucket into the stack's own, verified; empties that at the end.

Properties: SourceBucket, SourceRegion (blank: the stack's own region), SourcePrefix, Bucket, Keys (below SourcePrefix,
and the same in Bucket). Data: Bucket, and Copied, the number of files fetched. What an earlier version copied is kept:
running nodes still need it. A key whose content changed is copied anew.
IAM: s3:GetObject on SourceBucket/SourcePrefix*; s3:ListBucket on SourceBucket if possible (without it S3 calls a
missing key "access denied"); on Bucket s3:ListBucketVersions; on Bucket/* s3:GetObject, s3:PutObject, s3:DeleteObject,
s3:DeleteObjectVersion.
"""

import hashlib
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from common.answer import LOG, Event, Fault, Result, custom_resource

CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 5})
MANIFEST = "SHA256SUMS"
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
    copied = copy(Release(wanted.source, wanted.region, wanted.prefix), wanted.bucket, wanted.keys)
    return f"assets-in-{wanted.bucket}", {"Bucket": wanted.bucket, "Copied": copied}


class Wanted(NamedTuple):
    """What to copy from where to where."""

    bucket: str
    source: str
    region: str
    prefix: str
    keys: list[str]


def wanted_of(properties: Mapping[str, Any]) -> Wanted:
    """The properties, if they are what they must be."""
    bucket, source = properties.get("Bucket"), properties.get("SourceBucket")
    region, prefix = properties.get("SourceRegion") or "", properties.get("SourcePrefix") or ""
    keys = properties.get("Keys")
    if not all(isinstance(text, str) for text in (bucket, source, region, prefix)) or not (bucket and source):
        raise Fault("SourceBucket, SourceRegion, SourcePrefix and Bucket must be texts: give the release's location.")
    if not isinstance(keys, list) or not all(isinstance(key, str) and key for key in keys):
        raise Fault("Keys must be a list of texts: rebuild the template from an unchanged source.")
    return Wanted(bucket, source, region, prefix, keys)


class Release:
    """The files below `prefix` in the publisher's `bucket`, which is in `region`."""

    def __init__(self, bucket: str, region: str, prefix: str) -> None:
        self.bucket, self.region, self.prefix = bucket, region, prefix
        self.s3 = boto3.client("s3", region_name=region or None, config=CONFIG)

    def checksums(self) -> dict[str, str]:
        """SHA-256 in hex by key, from the release's manifest."""
        with tempfile.TemporaryFile() as file:
            self.fetch(MANIFEST, file)
            lines = file.read().decode("utf-8", "replace").splitlines()
        return {line[66:]: line[:64] for line in lines}  # sha256sum: 64 digits, a blank, a blank or *, the name

    def fetch(self, key: str, file: IO[bytes]) -> None:
        """Writes the object into `file`, which is then at its start again."""
        where = f"s3://{self.bucket}/{self.prefix}{key}"
        try:
            self.s3.download_fileobj(self.bucket, self.prefix + key, file)
        except ClientError as error:
            raise Fault(f"{where} {explain_refusal(error, self.region)}") from None
        except BotoCoreError as error:
            raise Fault(f"{where} cannot be fetched ({error}): check AssetsBucketRegion, then try again.") from None
        file.seek(0)


def explain_refusal(error: ClientError, region: str) -> str:
    """What S3's refusal means, and the remedy."""
    code = error.response["Error"]["Code"]
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    home = headers.get("x-amz-bucket-region")
    if home and home != region and code not in ("403", "AccessDenied", "404", "NoSuchKey"):
        return f"is in region {home}: give that as AssetsBucketRegion."
    if code in ("404", "NoSuchKey", "NoSuchBucket"):
        return "does not exist: check AssetsBucket, AssetsBucketRegion and AssetsPrefix, or publish the release again."
    if code in ("403", "AccessDenied"):
        return "is missing or may not be read: check AssetsPrefix, and that the bucket's policy admits this account."
    return f"cannot be fetched ({code}): check AssetsBucket, AssetsBucketRegion and AssetsPrefix."


def copy(release: Release, bucket: str, keys: Sequence[str]) -> int:
    """Brings `keys` into `bucket` unless they are there; returns how many were fetched."""
    checksums = release.checksums()
    unknown = [key for key in keys if key not in checksums]
    if unknown:
        raise Fault(f"{unknown[0]} is not in {MANIFEST} of {release.prefix}: publish the release again, complete.")
    s3 = boto3.client("s3", config=CONFIG)
    copied = 0
    for key in keys:
        if present(s3, bucket, key, checksums[key]):
            continue
        with tempfile.TemporaryFile() as file:
            release.fetch(key, file)
            found = digest(file)
            if found != checksums[key]:
                raise Fault(f"{key} has SHA-256 {found} and not {checksums[key]}: publish the release again.")
            s3.upload_fileobj(file, bucket, key, ExtraArgs={"Metadata": {"sha256": found}})
        LOG.info("copied %s", key)
        copied += 1
    return copied


def digest(file: IO[bytes]) -> str:
    """SHA-256 of the file's content in hex; the file is at its start before and after."""
    sha256 = hashlib.sha256()
    for block in iter(lambda: file.read(1 << 20), b""):
        sha256.update(block)
    file.seek(0)
    return sha256.hexdigest()


def present(s3: Any, bucket: str, key: str, checksum: str) -> bool:
    """Whether an earlier run has put this very content there. Any refusal means: copy it."""
    try:
        return bool(s3.head_object(Bucket=bucket, Key=key)["Metadata"].get("sha256") == checksum)
    except ClientError:
        return False


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
