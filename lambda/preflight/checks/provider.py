"""ParallelCluster's CloudFormation provider: that AWS publishes it here, and that it is as this project takes it to be."""

import re

from botocore.exceptions import ClientError

from preflight.case import ANONYMOUS, Case
from preflight.facts import PROVIDER_TEMPLATES
from preflight.verdicts import Findings, Warn, Wrong, check

BOUNDARY = "PermissionsBoundaryPolicy"
# The parameter's pattern in YAML or JSON: between double quotes, between single ones, or plain.
PATTERN = BOUNDARY + r"""[\"']?:.*?AllowedPattern[\"']?:\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+))"""


@check("ParallelCluster's CloudFormation provider is published here", reads=("ParallelClusterVersion",))
def provider(case: Case) -> Findings:
    """It is public, so this function's permissions do not matter."""
    if published(case, "custom_resource/cluster.yaml") is None:
        yield Wrong("ParallelClusterVersion", f"is not published in {case.region}: choose another.")


@check(
    "ParallelCluster's templates have what this release uses",
    reads=("ParallelClusterVersion", "PermissionsBoundaryArn"),
)
def provider_templates(case: Case) -> Findings:
    """Their parameters, outputs and logical ids, and the boundaries that they admit."""
    boundary = case["PermissionsBoundaryArn"]
    for path, names in PROVIDER_TEMPLATES.items():
        is_of_boundary = BOUNDARY in names
        text = published(case, path) if boundary or not is_of_boundary else None
        if text is None:
            continue  # not published, which is a fault of its own, or not used
        missing = [name for name in names if not re.search(rf"\b{name}[\"']?\s*:", text)]
        if missing:
            of_version = f"{path} of ParallelCluster {case['ParallelClusterVersion']} in {case.region}"
            lacks = f"{of_version} has no {', '.join(missing)}, which this release uses"
            yield Warn("ParallelClusterVersion", f"{lacks}: choose a version that the guide names as tried.")
        if is_of_boundary and not admits(text, boundary):
            yield Wrong("PermissionsBoundaryArn", f"does not fit the pattern in {path}: take a policy without a path.")


def admits(text: str, boundary: str) -> bool:
    """Whether the template's parameter for the boundary takes it; a pattern that is not found takes everything."""
    found = re.search(PATTERN, text, re.DOTALL)
    if not found:
        return True
    pattern = found[1].replace("\\\\", "\\") if found[1] else found[2] or found[3]
    return bool(re.fullmatch(pattern, boundary, re.ASCII))


def published(case: Case, path: str) -> str | None:
    """The text of a template of the version, from AWS's public bucket of the region; None if it is not there."""
    key = f"parallelcluster/{case['ParallelClusterVersion']}/templates/{path}"
    try:
        found = case.client("s3", config=ANONYMOUS).get_object(Bucket=f"{case.region}-aws-parallelcluster", Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("403", "404", "AccessDenied", "NoSuchKey"):
            raise
        return None
    return str(found["Body"].read().decode())
