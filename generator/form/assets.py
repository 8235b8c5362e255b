"""Questions: where the release's files are; a published link answers them."""

from __future__ import annotations

from dataclasses import dataclass

from generator.cfn.template import Value
from generator.form import patterns
from generator.form.question import Group, optional, question


@dataclass(frozen=True)
class Assets(Group, title="Assets"):
    """Where the release was published."""

    assets_bucket: Value = optional(
        "Release bucket",
        "Bucket of the published release. A published link fills it in.",
        patterns.BUCKET,
        "Must be a bucket's name, without dots.",
    )
    assets_bucket_region: Value = optional(
        "Release bucket region",
        "Region of the release bucket, which may differ from the stack's. A published link fills it in.",
        patterns.REGION,
        "Must be a region such as us-east-1.",
    )
    assets_prefix: Value = question(
        "Release prefix",
        "Prefix of the releases in the bucket; each release is a folder under it.",
        default="hpc-portal/",
        pattern=patterns.whole(patterns.PREFIX),
        constraint="Must be a prefix that ends in a slash, such as hpc-portal/.",
    )
