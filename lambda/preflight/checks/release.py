"""This release's own files."""

from preflight.case import Case
from preflight.verdicts import Findings, Wrong, check


@check("The release's files are where the answers say", reads=("AssetsBucket", "AssetsBucketRegion", "AssetsPrefix"))
def release_files(case: Case) -> Findings:
    """AssetsPrefix has the release's own folder behind it."""
    key = case["AssetsPrefix"] + "SHA256SUMS"
    found = case.get("s3", "get_object", case["AssetsBucketRegion"], Bucket=case["AssetsBucket"], Key=key)
    if not found or b"  userdata/portal" not in found["Body"].read():
        remedy = "correct AssetsBucket, AssetsBucketRegion or AssetsPrefix, or publish the release again."
        yield Wrong("AssetsBucket", f"has no whole release at {key}: {remedy}")
