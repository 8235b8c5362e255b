"""FSx for Lustre exists as the answers want it."""

from preflight.case import Case
from preflight.verdicts import Findings, Wrong, check

# FSx's pages in the user guides of the China regions and of GovCloud. The types begin so.
NOT_OFFERED = {"aws-cn": "SCRATCH", "aws-us-gov": "PERSISTENT_2"}


@check("Lustre's type and size exist in this region", reads=("LustreDeploymentType", "LustreStorageCapacity"))
def lustre_type(case: Case) -> Findings:
    """An "auto" has been replaced by the type that it stands for."""
    missing = NOT_OFFERED.get(case.partition)
    if missing and case["LustreDeploymentType"].startswith(missing):
        yield Wrong("LustreDeploymentType", f"does not exist in {case.region}: choose PERSISTENT_1.")
    size = case.number("LustreStorageCapacity")
    if size != 1200 and (size <= 0 or size % 2400):
        yield Wrong("LustreStorageCapacity", "is no size of Lustre: choose 1200 or a multiple of 2400.")
