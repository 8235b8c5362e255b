"""The stack's own bucket, in its own region, and the copier that fills it with the release's files.

Nodes and Lambdas read only this bucket, so that a release may be published in another region and may even go away.
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

from generator import custom
from generator.package import FIXED_SCRIPTS
from generator.params import Form
from generator.partition import bucket_arn
from generator.policies import allow, bucket_policy, function, may_read_release
from generator.wiring import GOES_WITH_THE_STACK, Ports, Tier, Value, port


@dataclass(frozen=True)
class Assets(Ports):
    """Where nodes and Lambdas find the release's files, once they have been copied."""

    local_assets_bucket: Value = port("The stack's own asset bucket")
    certificate_code: Value = port("Key of the certificate function's zip")
    portal_bundle: Value = port("Key of the portal nodes' bundle")
    portal_bundle_sha256: Value = port("SHA-256 of the portal nodes' bundle")
    cluster_scripts: Value = port("Key prefix of the clusters' node scripts")


def private_bucket(title: str, **properties: Any) -> Bucket:
    """A bucket that nobody but its readers by IAM sees, encrypted with S3's own key."""
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


def build(tier: Tier, form: Form) -> Assets:
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
        form,
        "CopyFunction",
        Code(ZipFile=tier.sources.inline_function("assets")),
        [
            may_read_release(tier, form),
            # Without it S3 calls a missing key "access denied".
            allow(["s3:ListBucket"], [bucket_arn(form.assets_bucket)]),
            allow(["s3:ListBucketVersions"], [bucket_arn(Ref(bucket))]),
            allow(
                ["s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:DeleteObjectVersion"],
                [bucket_arn(Ref(bucket), "*")],
            ),
        ],
        timeout=600,
        memory=512,
        description="Copies the release's files into the stack's own bucket, and empties it at the end.",
    )
    bundle, bundle_sha256 = tier.sources.portal_bundle
    scripts, names = tier.sources.cluster_scripts
    t.add_resource(
        custom.AssetCopy(
            "Copy",
            DependsOn=policy,
            ServiceToken=GetAtt(copier, "Arn"),
            ServiceTimeout="660",
            SourceBucket=form.assets_bucket,
            SourceRegion=form.assets_bucket_region,
            SourcePrefix=Join("", [form.assets_prefix, tier.sources.release]),
            Bucket=Ref(bucket),
            Keys=sorted(
                [
                    tier.sources.certificate_key,
                    bundle,
                    *(f"{prefix}/{name}" for prefix in (scripts, FIXED_SCRIPTS) for name in names),
                ]
            ),
        )
    )
    return Assets(
        local_assets_bucket=Ref(bucket),
        certificate_code=tier.sources.certificate_key,
        portal_bundle=bundle,
        portal_bundle_sha256=bundle_sha256,
        cluster_scripts=scripts,
    )
