"""The service-linked roles of AWS's services, which their first use in an account makes if it may."""

from botocore.exceptions import ClientError

from preflight.case import Case
from preflight.facts import SERVICE_ROLES, SPOT_ROLE
from preflight.verdicts import Findings, Warn, check


@check("The service-linked roles are there, or made")
def service_roles(case: Case) -> Findings:
    """A launch makes them; a look from a shell does not."""
    yield from made(case, [role for role in SERVICE_ROLES if role != SPOT_ROLE])


@check("The service-linked role of Spot is there, or made", reads=("SpotMaxNodes",), needs=("SpotMaxNodes",))
def spot_role(case: Case) -> Findings:
    """ParallelCluster's head node may not make it."""
    yield from made(case, [SPOT_ROLE], "SpotMaxNodes")


def made(case: Case, roles: list[str], parameter: str = "") -> Findings:
    """Makes the roles that are missing, if this is a launch."""
    for role in roles:
        if case.get("iam", "get_role", RoleName=role):
            continue
        try:
            if case.may_make:
                case.client("iam").create_service_linked_role(AWSServiceName=f"{SERVICE_ROLES[role]}.amazonaws.com")
        except ClientError as error:
            if "has been taken" not in str(error):  # by another launch, a moment ago
                raise
        yield Warn(parameter, f"{role} was missing: the launch makes it.")
