"""Opens a session with an AWS account for the commands that need one, and puts AWS's errors into sentences."""

from __future__ import annotations

import re
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ProfileNotFound,
)

from generator import patterns
from generator.errors import GeneratorError
from generator.partition import partition_of

CONFIG = Config(connect_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})
# What S3 and STS answer to credentials that do not exist in the partition that was asked, or no longer.
UNKNOWN = {"InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException", "AuthFailure"}
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
DENIED = {"AccessDenied", "AllAccessDisabled", "403", "Forbidden", "UnauthorizedOperation"}
NO_CREDENTIALS = (
    "There are no AWS credentials: sign in (`aws configure`, `aws sso login`), or name a profile with PROFILE=…."
)


def connect(profile: str, region: str) -> boto3.Session:
    """A session whose credentials AWS accepts in its region.

    A blank `profile` or `region` is what the AWS configuration says. Raises GeneratorError, in a sentence, for a missing
    or unknown region and for credentials that are missing, expired, or of another partition.
    """
    try:
        session = boto3.Session(profile_name=profile or None, region_name=region or None)
    except ProfileNotFound:
        raise GeneratorError(
            f"PROFILE {profile} is not in the AWS configuration: see `aws configure list-profiles`."
        ) from None
    found = session.region_name
    if not found:
        raise GeneratorError("No region is known: name one with REGION=…, or set one in the AWS configuration.")
    if not re.fullmatch(patterns.REGION, found):
        raise GeneratorError(f"REGION {found} is no region: name one such as us-east-1.")
    partition_of(found)
    try:
        session.client("sts", config=CONFIG).get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        raise spoken(error, f"The credentials cannot be checked in {found}") from error
    return session


def code_of(error: Exception) -> str:
    """AWS's code of an error, blank if it did not come from AWS."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def spoken(error: ClientError | BotoCoreError, failed: str, needs: str = "") -> GeneratorError:
    """An error of AWS as a sentence that begins with `failed`; `needs` names the rights that are wanted."""
    code, region = code_of(error), _region_of(error)
    if isinstance(error, NoCredentialsError):
        return GeneratorError(NO_CREDENTIALS)
    if code in UNKNOWN:
        return GeneratorError(
            f"{failed}: AWS does not know these credentials there; the partitions aws, aws-cn and aws-us-gov have "
            "accounts of their own: take a PROFILE of the region's partition."
        )
    if code in EXPIRED:
        return GeneratorError(f"{failed}: the credentials have expired; sign in again.")
    if code in DENIED:
        return GeneratorError(f"{failed}: access is denied; the credentials need {needs or 'the right to do so'}.")
    if isinstance(error, (ConnectionError, HTTPClientError)):
        return GeneratorError(f"{failed}: {region or 'AWS'} cannot be reached; check network, proxy and REGION.")
    said = error.response["Error"].get("Message") or code if isinstance(error, ClientError) else str(error)
    return GeneratorError(f"{failed}: {' '.join(str(said).split()).rstrip('.')}.")


def _region_of(error: Any) -> str:
    """The address that could not be reached."""
    return str(getattr(error, "kwargs", {}).get("endpoint_url", ""))
