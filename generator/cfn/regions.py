"""Regions, the partitions that they are in, and the domains of these: plain facts, without troposphere.

The emulator, which has an environment of its own, reads them too.
"""

from __future__ import annotations

from generator.errors import GeneratorError

# The regions of AWS ParallelCluster 3.16.1 (`pcluster/resources/supported-regions`), without the isolated partitions.
REGIONS = {
    "aws": (
        *("af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1"),
        *("ap-southeast-2", "ap-southeast-3", "ap-southeast-5", "ap-southeast-7", "ca-central-1", "eu-central-1"),
        *("eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-south-1"),
        *("sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    ),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-us-gov": ("us-gov-east-1", "us-gov-west-1"),
}
PARTITIONS = tuple(REGIONS)
URL_SUFFIX = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}
# How a region's name begins, of regions that are not listed above too: a bucket may be in any.
BEGINNINGS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso": "aws-iso",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
}


def partition_of(region: str) -> str:
    """The partition of a region; raises GeneratorError for one that there are no templates for."""
    found = next((name for beginning, name in BEGINNINGS.items() if region.startswith(beginning)), "aws")
    if found not in PARTITIONS:
        raise GeneratorError(f"REGION {region} is in partition {found}: choose a region of {', '.join(PARTITIONS)}.")
    return found


def url_suffix(region: str) -> str:
    """The domain of a region's endpoints, as AWS::URLSuffix gives it."""
    return URL_SUFFIX[partition_of(region)]
