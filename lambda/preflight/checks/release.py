"""This release's own files."""

from preflight.case import Case
from preflight.checks.stored import stored
from preflight.verdicts import Findings, Wrong, check


@check("The release's files are where the answers say", reads=("AssetsBucket", "AssetsBucketRegion", "AssetsPrefix"))
def release_files(case: Case) -> Findings:
    """AssetsPrefix has the release's own folder behind it."""
    key = case["AssetsPrefix"] + "SHA256SUMS"
    remedy = "correct AssetsBucket, AssetsBucketRegion or AssetsPrefix, or publish the release again."
    try:
        found = stored(case, case["AssetsBucket"], key, case["AssetsBucketRegion"])
    except ValueError as error:
        yield Wrong("AssetsBucket", f"does not give {key} ({error}): {remedy}")
        return
    if b"  userdata/portal" not in found["Body"].read():
        yield Wrong("AssetsBucket", f"has no whole release at {key}: {remedy}")
