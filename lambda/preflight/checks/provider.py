"""ParallelCluster's CloudFormation provider."""

from botocore.exceptions import ClientError

from preflight.case import ANONYMOUS, Case
from preflight.verdicts import Findings, Wrong, check


@check("ParallelCluster's CloudFormation provider is published here", reads=("ParallelClusterVersion",))
def provider(case: Case) -> Findings:
    """It is public, so this function's permissions do not matter."""
    key = f"parallelcluster/{case['ParallelClusterVersion']}/templates/custom_resource/cluster.yaml"
    try:
        case.client("s3", config=ANONYMOUS).head_object(Bucket=f"{case.region}-aws-parallelcluster", Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("403", "404"):
            raise
        yield Wrong("ParallelClusterVersion", f"is not published in {case.region}: choose another.")
