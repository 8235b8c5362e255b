"""The database can be had as the answers want it."""

import re

from preflight.case import Case
from preflight.verdicts import Findings, Wrong, check


def version_numbers(version: str) -> list[int]:
    """The numbers in a version, to compare."""
    return [int(number) for number in re.findall(r"\d+", version)]


@check("The database's version and class are offered", reads=("DatabaseInstanceClass", "DatabaseEngineVersion"))
def database_offer(case: Case) -> Findings:
    """Somewhere in the region, and in every zone."""
    class_ = case["DatabaseInstanceClass"]
    if not case.database_zones:
        versions = case.list_all("rds", "describe_db_engine_versions", "DBEngineVersions", Engine="aurora-mysql")
        known = ", ".join(sorted((version["EngineVersion"] for version in versions), key=version_numbers))
        remedy = f"choose another DatabaseInstanceClass or one of {known}."
        yield Wrong("DatabaseEngineVersion", f"is not offered as {class_}: {remedy}")
    elif not case.database_zones.issuperset(case.zones):
        remedy = "choose another class, or other zones."
        yield Wrong("DatabaseInstanceClass", f"is not offered in all of {', '.join(case.zones)}: {remedy}")
