"""Updates of clusters: fleets that must be stopped, stacks that are not at rest, updates that failed before."""

from collections.abc import Mapping

import pytest

from preflight.case import Case
from preflight.checks import CHECKS
from preflight.checks.clusters import clusters
from preflight.facts import ANY, FEWER, OF_CLUSTERS, OFF
from preflight.verdicts import FAULT, OK, WARNING, Verdict, judge
from testing.account import Account
from testing.answers import ANSWERS, RESOLVED
from testing.responses import good, living_clusters

BEFORE = {
    **ANSWERS,
    **RESOLVED,
    "ComputeMinNodes": "1",
    "SpotMaxNodes": "5",
    "ComputeEfa": "yes",
    "SlurmAccounting": "yes",
}
CHANGES = {ANY: {"ComputeInstanceType": "m6i.large"}, FEWER: {"ComputeMaxNodes": "9"}, OFF: {"ComputeEfa": "no"}}
NAMES = ("hpc-0a1b2c3d-az1", "hpc-0a1b2c3d-az2")
STOP = "stop the fleets of all clusters, and update again (docs/operations.md)."


def verdicts(
    new: Mapping[str, str],
    fleets: tuple[str, ...] = ("RUNNING",) * 2,
    stacks: tuple[str, ...] = ("UPDATE_COMPLETE",) * 2,
) -> tuple[list[Verdict], Account]:
    """What the check says of an update, with fleets and stacks of the two clusters in these states."""
    states = dict(zip(NAMES, zip(stacks, fleets, strict=True), strict=True))
    account = Account({**good(), **living_clusters(states)})
    case = Case(
        {**BEFORE, **new},
        "us-east-1",
        account,
        old_answers=BEFORE,
        held_zones=("us-east-1a", "us-east-1b"),
        stack="hpc",
    )
    return [verdict for verdict in judge(case, CHECKS) if verdict.check == clusters.title], account


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_that_needs_stopped_fleets_is_refused_while_one_runs(kind: str) -> None:
    [verdict], _ = verdicts(CHANGES[kind], ("STOPPED", "STOPPING"))
    [name] = CHANGES[kind]
    assert verdict.level == FAULT
    assert verdict.text == f"The compute fleet of {NAMES[1]} is STOPPING, and {name} needs it stopped: {STOP}"


@pytest.mark.parametrize("kind", CHANGES)
def test_with_all_fleets_stopped_it_passes(kind: str) -> None:
    [verdict], _ = verdicts(CHANGES[kind], ("STOPPED", "STOPPED"))
    assert verdict.level == OK


@pytest.mark.parametrize(
    "new", [{"ComputeMaxNodes": "11"}, {"ComputeMinNodes": "2"}, {"SpotMaxNodes": "6"}, {"LogRetentionDays": "30"}]
)
def test_a_change_that_running_clusters_take_passes_and_no_fleet_is_looked_at(new: dict[str, str]) -> None:
    [verdict], account = verdicts(new)
    assert verdict.level == OK and "GetItem" not in account.operations()


def test_an_update_of_something_else_does_not_look_at_the_clusters() -> None:
    found, account = verdicts({"PortalInstanceType": "m6i.xlarge"})
    asked = [parameters.get("LogicalResourceId") for _, _, parameters in account.calls]
    assert found == [] and "ClustersStack" not in asked


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_cluster_that_is_not_at_rest_is_not_updated(status: str) -> None:
    [verdict], _ = verdicts({"ComputeMaxNodes": "11"}, stacks=(status, "UPDATE_COMPLETE"))
    told = f"The stack of the cluster {NAMES[0]} is {status}: wait until it is at rest, or mend it."
    assert (verdict.level, verdict.text) == (FAULT, told)


def test_after_a_failed_update_the_next_one_wants_stopped_fleets_whatever_it_changes() -> None:
    failed = ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_COMPLETE")
    [verdict], _ = verdicts({"ComputeMaxNodes": "11"}, stacks=failed)
    told = f"The compute fleet of {NAMES[0]} is RUNNING, and the cluster's last update failed: {STOP}"
    assert (verdict.level, verdict.text) == (FAULT, told)
    [verdict], _ = verdicts({"ComputeMaxNodes": "11"}, ("STOPPED", "STOPPED"), failed)
    assert verdict.level == OK


def test_what_may_not_be_read_is_a_warning() -> None:
    _, account = verdicts({})
    account.responses["GetItem"] = "AccessDeniedException"
    case = Case({**BEFORE, "ComputeEfa": "no"}, "us-east-1", account, old_answers=BEFORE, stack="hpc")
    [verdict] = judge(case, (clusters,))
    assert verdict.level == WARNING and "AccessDenied" in verdict.text


@pytest.mark.parametrize("name", OF_CLUSTERS)
def test_every_answer_of_the_clusters_reaches_the_check(name: str) -> None:
    assert Case({}, "us-east-1", Account(good()))[name] == ""
