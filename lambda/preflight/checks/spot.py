"""The service-linked role of EC2 Spot, which ParallelCluster's head node may not make."""

from preflight.case import Case
from preflight.verdicts import Findings, Warn, check


@check("The service-linked role of Spot is there, or made", reads=("SpotMaxNodes",))
def spot_role(case: Case) -> Findings:
    """A launch makes it; a look from a shell does not."""
    if case.number("SpotMaxNodes") and not case.get("iam", "get_role", RoleName="AWSServiceRoleForEC2Spot"):
        if case.may_make:
            case.client("iam").create_service_linked_role(AWSServiceName="spot.amazonaws.com")
        yield Warn("SpotMaxNodes", "AWSServiceRoleForEC2Spot was missing: the launch makes it.")
