"""The stack's own bucket, in its own region, and the copier that fills it with the release's files.

Nodes and Lambdas read only this bucket, so that a release may be published in another region, and even be removed later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere import GetAtt, Join, Ref
from troposphere.awslambda import Code
from troposphere.s3 import (
    AbortIncompleteMultipartUpload,
    Bucket,
    BucketEncryption,
    LifecycleConfiguration,
    LifecycleRule,
    NoncurrentVersionExpiration,
    PublicAccessBlockConfiguration,
    ServerSideEncryptionByDefault,
    ServerSideEncryptionRule,
    VersioningConfiguration,
)

from generator import form
from generator.cfn.custom_resources import SERVICE, VALUE, StrictCustomResource
from generator.cfn.partition import bucket_arn
from generator.cfn.ports import Ports, port
from generator.cfn.template import GOES_WITH_THE_STACK, Value
from generator.cfn.wiring import Tier
from generator.text import archives
from generator.tiers.functions import function
from generator.tiers.iam import allow, bucket_policy, may_read_release


class AssetCopy(StrictCustomResource):
    """Copies the release's files into the stack's own bucket, and empties it at the end (lambda/assets)."""

    resource_type = "Custom::AssetCopy"
    props = {
        **SERVICE,
        "SourceBucket": (VALUE, True),
        "SourceRegion": (VALUE, True),
        "SourcePrefix": (VALUE, True),
        "Bucket": (VALUE, True),
        "Files": (list, True),
        "Templates": (VALUE, True),
    }


@dataclass(frozen=True)
class Nested(Ports):
    """What the parent alone knows of the nested templates: the release fills it in when all are written."""

    template_checksums: Value = port("SHA-256 of each nested template")


@dataclass(frozen=True)
class Assets(Ports):
    """Where nodes and Lambdas find the release's files, once they have been copied."""

    local_assets_bucket: Value = port("The stack's own asset bucket")
    certificate_packages_zip: Value = port("Key of the certificate function's packages")
    portal_bundle: Value = port("Key of the portal nodes' bundle")
    portal_bundle_sha256: Value = port("SHA-256 of the portal nodes' bundle")
    cluster_scripts: Value = port("Key prefix of the clusters' node scripts")


def private_bucket(title: str, **properties: Any) -> Bucket:
    """A bucket without public access, encrypted with S3's own key."""
    return Bucket(
        title,
        BucketEncryption=BucketEncryption(
            ServerSideEncryptionConfiguration=[
                ServerSideEncryptionRule(
                    ServerSideEncryptionByDefault=ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
                )
            ]
        ),
        PublicAccessBlockConfiguration=PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        **properties,
    )


def build(tier: Tier, assets: form.Assets, operations: form.Operations, nested: Nested) -> Assets:
    """Bucket and copier. The outputs exist only once every file has been copied and verified."""
    t = tier.template
    bucket = t.add_resource(
        private_bucket(
            "AssetBucket",
            **GOES_WITH_THE_STACK,
            VersioningConfiguration=VersioningConfiguration(Status="Enabled"),
            LifecycleConfiguration=LifecycleConfiguration(
                Rules=[
                    LifecycleRule(
                        Id="OldVersions",
                        Status="Enabled",
                        NoncurrentVersionExpiration=NoncurrentVersionExpiration(NoncurrentDays=30),
                        AbortIncompleteMultipartUpload=AbortIncompleteMultipartUpload(DaysAfterInitiation=1),
                    )
                ]
            ),
        )
    )
    policy = bucket_policy(tier, "AssetBucketPolicy", bucket)
    copier = function(
        tier,
        operations,
        "CopyFunction",
        Code(ZipFile=tier.sources.inline_function("assets")),
        [
            may_read_release(tier, assets),
            # Without it S3 calls a missing key "access denied".
            allow(["s3:ListBucket"], [bucket_arn(assets.assets_bucket)]),
            allow(["s3:ListBucketVersions"], [bucket_arn(Ref(bucket))]),
            allow(
                [
                    *("s3:PutObject", "s3:GetObject", "s3:DeleteObject"),
                    # A rollback brings the earlier content of a key back.
                    *("s3:GetObjectVersion", "s3:DeleteObjectVersion"),
                ],
                [bucket_arn(Ref(bucket), "*")],
            ),
        ],
        timeout=600,
        memory=512,
        description="Copies the release's files into the stack's own bucket, and empties it at the end.",
    )
    packages = tier.sources.packages_checksum()
    own = tier.sources.own_files()
    files = {key: archives.digest(content) for key, content in own.contents.items()}
    files[archives.packages_key(packages)] = packages
    t.add_resource(
        AssetCopy(
            "Copy",
            DependsOn=policy,
            ServiceToken=GetAtt(copier, "Arn"),
            ServiceTimeout="660",
            SourceBucket=assets.assets_bucket,
            SourceRegion=assets.assets_bucket_region,
            SourcePrefix=Join("", [assets.assets_prefix, tier.release_folder]),
            Bucket=Ref(bucket),
            Files=[{"Key": key, "Sha256": checksum} for key, checksum in sorted(files.items())],
            Templates=nested.template_checksums,
        )
    )
    return Assets(
        local_assets_bucket=Ref(bucket),
        certificate_packages_zip=archives.packages_key(packages),
        portal_bundle=own.bundle,
        portal_bundle_sha256=files[own.bundle],
        cluster_scripts=own.scripts,
    )
