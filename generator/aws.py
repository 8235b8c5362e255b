"""Sessions with an AWS account for the commands that need one, and AWS's errors as sentences."""

from __future__ import annotations

import argparse
import functools
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

from generator.cfn.regions import partition_of
from generator.errors import GeneratorError
from generator.form import patterns

RETRIES = {"mode": "standard", "total_max_attempts": 8}  # CloudFormation throttles early
CONFIG = Config(connect_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})
# What S3 and STS answer to credentials that do not exist in the partition that was asked, or no longer.
UNKNOWN = {"InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException", "AuthFailure"}
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
# Services that speak JSON name this error differently from S3 and STS.
REFUSED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")
DENIED = {"AccessDenied", "AllAccessDisabled", "403", "Forbidden", "UnauthorizedOperation"}
NO_CREDENTIALS = (
    "There are no AWS credentials: sign in (`aws configure`, `aws sso login`), or name a profile with PROFILE=…."
)


def account_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that name an account's region."""
    parser.add_argument("--region", default="", help="default: that of the environment or the profile")
    parser.add_argument("--profile", default="", help="a profile of the AWS configuration")


def stack_argument(parser: argparse.ArgumentParser) -> None:
    """The option that names a stack, for commands that need one."""

    def named(text: str) -> str:
        if not text:
            raise argparse.ArgumentTypeError("name the stack, for example STACK=hpc-portal")
        return text

    parser.add_argument("--stack", type=named, required=True, help="name or id of the parent stack, or of a nested one")


def connect(profile: str, region: str) -> boto3.Session:
    """A session whose credentials AWS accepts in its region.

    A blank `profile` or `region` is what the AWS configuration says. Raises GeneratorError, in a sentence, for a missing
    or unknown region and for credentials that are missing, expired, or of another partition.
    """
    session = open_session(profile, region)
    check_credentials(session)
    return session


def open_session(profile: str, region: str) -> boto3.Session:
    """A session with a region, whose credentials nobody has looked at yet; otherwise as `connect`."""
    try:
        session = boto3.Session(profile_name=profile or None, region_name=region or None)
    except ProfileNotFound:
        raise GeneratorError(
            f"PROFILE {profile} is not in the AWS configuration: see `aws configure list-profiles`."
        ) from None
    known = session.region_name
    if not known:
        raise GeneratorError("No region is known: name one with REGION=…, or set one in the AWS configuration.")
    if not re.fullmatch(patterns.REGION, known):
        raise GeneratorError(f"REGION {known} is no region: name one such as us-east-1.")
    partition_of(known)
    return session


def check_credentials(session: boto3.Session) -> None:
    """Raises GeneratorError, in a sentence, for credentials that AWS does not accept in the session's region."""
    try:
        session.client("sts", config=CONFIG).get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        failed = f"The credentials cannot be checked in {session.region_name}"
        raise explain_error(error, failed) from error


def error_code(error: Exception) -> str:
    """AWS's code of an error, blank if it did not come from AWS."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def explain_error(error: ClientError | BotoCoreError, failed: str, needs: str = "") -> GeneratorError:
    """An error of AWS as a sentence that begins with `failed`; `needs` names the rights that are wanted."""
    code, region = error_code(error), _region_of(error)
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
    message = error.response["Error"].get("Message") or code if isinstance(error, ClientError) else str(error)
    return GeneratorError(f"{failed}: {' '.join(str(message).split()).rstrip('.')}.")


def _region_of(error: Any) -> str:
    """The address that could not be reached."""
    return str(getattr(error, "kwargs", {}).get("endpoint_url", ""))


def explain_call(error: ClientError | BotoCoreError) -> str:
    """What went wrong with a call of AWS, and what to do about it."""
    if not isinstance(error, ClientError):
        return str(explain_error(error, "AWS cannot be asked"))
    if error_code(error) in REFUSED:
        return (
            f"These credentials may not call {error.operation_name}: take others (PROFILE=…), or have that right added "
            f"to them. AWS says: {error.response['Error'].get('Message', '').rstrip('.')}."
        )
    return str(explain_error(error, f"AWS refuses {error.operation_name}"))


class Account:
    """Clients for one region of one account; blank is what the AWS configuration says.

    Raises GeneratorError where region, profile or credentials are missing or unknown.
    """

    def __init__(self, region: str = "", profile: str = "") -> None:
        self._session = connect(profile, region)
        self.region = str(self._session.region_name)

    @functools.cache  # noqa: B019 - an account lives as long as the program
    def client(self, service: str) -> Any:
        """A boto3 client."""
        return self._session.client(service, config=Config(retries=RETRIES))
