"""The publisher's bucket: what it holds of a release, and bringing there what is missing. Nothing is ever overwritten."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from generator import ZONES_FOLDER
from generator.aws import CONFIG, connect, error_code, explain_error
from generator.cfn.regions import partition_of
from generator.errors import GeneratorError
from generator.form import patterns
from generator.text.archives import MANIFEST

RIGHTS = "s3:ListBucket on the bucket, s3:GetObject and s3:PutObject on what is in it"
NOTHING = {"404", "NoSuchKey", "NotFound"}
OTHER_ZONES = re.compile(ZONES_FOLDER.format(r"\d+"))


def sha256(content: bytes) -> str:
    """SHA-256 as S3 writes it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


@dataclass(frozen=True)
class Bucket:
    """A bucket that was found to be there: its name, its own region, the prefix of the releases, a client of S3."""

    name: str
    region: str
    prefix: str
    s3: Any

    @classmethod
    def open(cls, name: str, profile: str, region: str, prefix: str) -> Bucket:
        """Look for the bucket; `region` may be blank, and is then what the AWS configuration and the bucket say.

        Raises GeneratorError, in a sentence, for malformed names, bad credentials, and a bucket that is not there, is
        in another region than the one named, or may not be read.
        """
        if not re.fullmatch(patterns.BUCKET, name):
            given = f"BUCKET {name} is no name that will do" if name else "No bucket is named"
            raise GeneratorError(f"{given}: give BUCKET=… in lower case letters, digits and hyphens, without dots.")
        if not re.fullmatch(patterns.PREFIX, prefix):
            raise GeneratorError(f"PREFIX {prefix} will not do: it must end in a slash, such as hpc-portal/.")
        session = connect(profile, region)
        asked = str(session.region_name)
        s3 = session.client("s3", config=CONFIG)
        try:
            home = str(s3.head_bucket(Bucket=name).get("BucketRegion") or asked)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) in NOTHING:
                raise GeneratorError(
                    f"There is no bucket {name} in partition {partition_of(asked)}: correct BUCKET, take a PROFILE or "
                    f"REGION of its partition, or make it (`aws s3 mb s3://{name} --region {asked}`)."
                ) from None
            raise explain_error(error, f"Bucket {name} cannot be read", RIGHTS) from error
        if region and home != region:
            raise GeneratorError(f"Bucket {name} is in {home}, not in {region}: give REGION={home}, or leave it out.")
        return cls(name, home, prefix, session.client("s3", region_name=home, config=CONFIG))

    def place(self, folder: str, key: str = "") -> str:
        """Where a file of the release `folder` is, for people."""
        return f"s3://{self.name}/{self.prefix}{folder}{key}"

    def keys(self, folder: str) -> set[str]:
        """The relative keys of all that is under the release `folder`, except releases for another number of zones."""
        start = f"{self.prefix}{folder}"
        try:
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=start)
            found = {item["Key"].removeprefix(start) for page in pages for item in page.get("Contents", [])}
        except (ClientError, BotoCoreError) as error:
            raise explain_error(error, f"{self.place(folder)} cannot be listed", RIGHTS) from error
        return {key for key in found if not OTHER_ZONES.match(key)}

    def complete(self, folder: str) -> bool:
        """Whether the release `folder` was published to its end."""
        return MANIFEST in self.keys(folder)

    def checksum(self, folder: str, key: str) -> str:
        """SHA-256 of what is there; it is downloaded where S3 has not been given the checksum."""
        asked = {"Bucket": self.name, "Key": f"{self.prefix}{folder}{key}"}
        try:
            known = self.s3.head_object(**asked, ChecksumMode="ENABLED")
            if "ChecksumSHA256" in known and known.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT":
                return str(known["ChecksumSHA256"])
            return sha256(self.s3.get_object(**asked)["Body"].read())
        except (ClientError, BotoCoreError) as error:
            raise explain_error(error, f"{self.place(folder, key)} cannot be read", RIGHTS) from error

    def encrypted_with(self, folder: str) -> str:
        """The KMS key of the release `folder`, by its manifest; blank if S3's own key encrypts it."""
        try:
            known = self.s3.head_object(Bucket=self.name, Key=f"{self.prefix}{folder}{MANIFEST}")
        except (ClientError, BotoCoreError) as error:
            raise explain_error(error, f"{self.place(folder, MANIFEST)} cannot be read", RIGHTS) from error
        return str(known.get("SSEKMSKeyId", ""))

    def missing(self, folder: str, files: Mapping[str, bytes]) -> list[str]:
        """The keys of `files` that are not there yet, in their order.

        Raises GeneratorError if anything else is there, or the same with other bytes: a release never changes.
        """
        there = self.keys(folder)
        other = [
            key for key, content in files.items() if key in there and self.checksum(folder, key) != sha256(content)
        ]
        other += sorted(there - files.keys())
        if other:
            more = f" and {len(other) - 1} more" if len(other) > 1 else ""
            raise GeneratorError(
                f"{self.place(folder)} holds another release of this version ({other[0]}{more} differ): a release is "
                "never overwritten, so raise the version in generator/__init__.py, or take another PREFIX."
            )
        return [key for key in files if key not in there]

    def put(self, folder: str, key: str, content: bytes) -> None:
        """Write one file, if nothing is there; S3 compares the checksum."""
        try:
            self.s3.put_object(
                Bucket=self.name,
                Key=f"{self.prefix}{folder}{key}",
                Body=content,
                ChecksumSHA256=sha256(content),
                IfNoneMatch="*",
            )
        except (ClientError, BotoCoreError) as error:
            if error_code(error) in ("PreconditionFailed", "ConditionalRequestConflict"):
                raise GeneratorError(
                    f"Somebody else has just written {self.place(folder, key)}: run the same command again."
                ) from None
            raise explain_error(error, f"{self.place(folder, key)} cannot be written", RIGHTS) from error

    def bring(self, folder: str, files: Mapping[str, bytes], done: Callable[[str, int], None]) -> int:
        """Write what is missing of `files`, the manifest last, and return how many were; safe to run again.

        `done` is told each key that is there and its size in bytes.
        """
        missing = set(self.missing(folder, files))
        for key in sorted(files, key=lambda key: (key == MANIFEST, key)):
            if key in missing:
                self.put(folder, key, files[key])
            done(key, len(files[key]))
        return len(missing)
