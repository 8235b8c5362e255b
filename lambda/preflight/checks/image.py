"""The portal nodes' machine image."""

import datetime

from preflight.case import Case, Item, only
from preflight.verdicts import Findings, Wrong, check


@check("ParallelCluster has a machine image for the portal", reads=("ParallelClusterVersion", "PortalAmiId"))
def machine_image(case: Case) -> Findings:
    """Unless the operator gives one."""
    if not case["PortalAmiId"] and not newest_image(case):
        yield no_image(case)


def newest_image(case: Case) -> str | None:
    """ParallelCluster's newest image, if possible not deprecated, as ParallelCluster itself chooses."""
    name = f"aws-parallelcluster-{case['ParallelClusterVersion']}-amzn2023-hvm-x86_64-*"
    filters = only("name", {name}) + only("state", {"available"})
    response = case.client("ec2").describe_images(Owners=["amazon"], Filters=filters, IncludeDeprecated=True)
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()

    def rank(image: Item) -> tuple[bool, str]:
        return image.get("DeprecationTime", "9") > now, image["CreationDate"]

    newest = max(response["Images"], key=rank, default=None)
    return newest and newest["ImageId"]


def no_image(case: Case) -> Wrong:
    """The fault of a version without images."""
    return Wrong("ParallelClusterVersion", f"has no image in {case.region}: choose another, or give PortalAmiId.")
