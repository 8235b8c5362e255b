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

import boto3
from answer import LOG, Fault, custom_resource
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 5})
MANIFEST = "SHA256SUMS"
PASSES = 20  # over the bucket until it is found empty; something may still write into it, such as a copy that ends late


@custom_resource
def handler(event):
    """Create and Update copy, Delete empties the bucket."""
    properties = event["ResourceProperties"]
    bucket, source = (properties.get(name) for name in ("Bucket", "SourceBucket"))
    if event["RequestType"] == "Delete":
        if isinstance(bucket, str) and bucket and bucket != source:  # a Create that was refused has copied nothing
            empty(bucket)
        return None, {}
    region, prefix = (properties.get(name) or "" for name in ("SourceRegion", "SourcePrefix"))
    keys = properties.get("Keys")
    if not all(isinstance(text, str) for text in (bucket, source, region, prefix)) or not (bucket and source):
        raise Fault("SourceBucket, SourceRegion, SourcePrefix and Bucket must be texts: give the release's location.")
    if not isinstance(keys, list) or not all(isinstance(key, str) and key for key in keys):
        raise Fault("Keys must be a list of texts: rebuild the template from an unchanged source.")
    if bucket == source:
        raise Fault(f"Bucket {bucket} is the publisher's own: it would be emptied at the end, so name another.")
    copied = copy(Release(source, region, prefix), bucket, keys)
    return f"assets-in-{bucket}", {"Bucket": bucket, "Copied": copied}


class Release:
    """The files below `prefix` in the publisher's `bucket`, which is in `region`."""

    def __init__(self, bucket, region, prefix):
        self.bucket, self.region, self.prefix = bucket, region, prefix
        self.s3 = boto3.client("s3", region_name=region or None, config=CONFIG)

    def checksums(self):
        """SHA-256 in hex by key, from the release's manifest."""
        with tempfile.TemporaryFile() as file:
            self.fetch(MANIFEST, file)
            lines = file.read().decode("utf-8", "replace").splitlines()
        return {line[66:]: line[:64] for line in lines}  # sha256sum: 64 digits, a blank, a blank or *, the name

    def fetch(self, key, file):
        """Writes the object into `file`, which is then at its start again."""
        where = f"s3://{self.bucket}/{self.prefix}{key}"
        try:
            self.s3.download_fileobj(self.bucket, self.prefix + key, file)
        except ClientError as error:
            raise Fault(f"{where} {explain(error, self.region)}") from None
        except BotoCoreError as error:
            raise Fault(f"{where} cannot be fetched ({error}): check AssetsBucketRegion, then try again.") from None
        file.seek(0)


def explain(error, region):
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


def copy(release, bucket, keys):
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


def digest(file):
    """SHA-256 of the file's content in hex; the file is at its start before and after."""
    sha256 = hashlib.sha256()
    for block in iter(lambda: file.read(1 << 20), b""):
        sha256.update(block)
    file.seek(0)
    return sha256.hexdigest()


def present(s3, bucket, key, checksum):
    """Whether an earlier run has put this very content there. Any refusal means: copy it."""
    try:
        return s3.head_object(Bucket=bucket, Key=key)["Metadata"].get("sha256") == checksum
    except ClientError:
        return False


def empty(bucket):
    """Deletes all versions and delete markers of `bucket`, until there are none."""
    s3 = boto3.client("s3", config=CONFIG)
    stuck = []
    for attempt in range(PASSES):
        try:
            pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
            found, stuck = 0, []
            for page in pages:
                names = [
                    {"Key": item["Key"], "VersionId": item["VersionId"]}
                    for item in page.get("Versions", []) + page.get("DeleteMarkers", [])
                ]
                if names:
                    found += len(names)
                    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": names, "Quiet": True})
                    stuck += done.get("Errors", [])
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
