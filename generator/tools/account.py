"""The account and region that a tool looks into, and what AWS refuses, said in words."""

from __future__ import annotations

import functools
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from generator.account import code_of, connect, spoken

__all__ = ["REFUSED", "Account", "code_of", "sentence"]

# Services that speak JSON have another word for it than S3 and STS.
REFUSED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")
RETRIES = {"mode": "standard", "total_max_attempts": 8}  # CloudFormation throttles early


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


def sentence(error: ClientError | BotoCoreError) -> str:
    """What went wrong between a tool and AWS, and what to do about it."""
    if not isinstance(error, ClientError):
        return str(spoken(error, "AWS cannot be asked"))
    if code_of(error) in REFUSED:
        return (
            f"These credentials may not call {error.operation_name}: take others (PROFILE=…), or have that right added "
            f"to them. AWS says: {error.response['Error'].get('Message', '').rstrip('.')}."
        )
    return str(spoken(error, f"AWS refuses {error.operation_name}"))
