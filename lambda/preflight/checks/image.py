"""The portal nodes' machine image."""

import datetime

from botocore.exceptions import ClientError

from preflight.case import Case, Item, only
from preflight.verdicts import Findings, Warn, Wrong, check

HELD = "PortalImage"  # logical id of the resource that holds the image (generator/tiers/preflight.py)


@check(
    "ParallelCluster has a machine image for the portal",
    reads=("ParallelClusterVersion", "PortalAmiId"),
    without=("PortalAmiId",),
)
def machine_image(case: Case) -> Findings:
    """Unless the operator gives one."""
    if not newest_image(case):
        yield no_image(case)


@check("The machine image that is held is still there", of_updates=True, always=True)
def held_image(case: Case) -> Findings:
    """Nodes are replaced with the image that was looked up once; AWS and operators deregister old ones."""
    resource = case.get("cloudformation", "describe_stack_resource", StackName=case.own_stack, LogicalResourceId=HELD)
    image = resource["StackResourceDetail"].get("PhysicalResourceId", "") if resource else ""
    if not image.startswith("ami-"):
        return
    found = case.get("ec2", "describe_images", ImageIds=[image], IncludeDeprecated=True)
    if not found or not [each for each in found["Images"] if each["State"] == "available"]:
        text = f"The portal's image {image} cannot be had any more, so a failed node is not replaced"
        yield Warn("", f"{text}: set PortalImageRefresh, or another PortalAmiId.")


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
    """The fault of a version without images, or with images that the account hides."""
    if hides_images(case):
        hidden = f"has no image in {case.region} that EC2's setting Allowed AMIs admits"
        return Wrong("ParallelClusterVersion", f"{hidden}: admit the provider amazon, or give PortalAmiId.")
    return Wrong("ParallelClusterVersion", f"has no image in {case.region}: choose another, or give PortalAmiId.")


def hides_images(case: Case) -> bool:
    """Whether the account admits chosen images alone, so that EC2 does not describe others; no if it may not be asked."""
    try:
        return bool(case.client("ec2").get_allowed_images_settings()["State"] == "enabled")
    except ClientError:
        return False
