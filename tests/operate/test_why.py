"""`make why` on the emulator: it names the first real cause and shows the log that belongs to it."""

from __future__ import annotations

import re
import uuid

import pytest

from generator import RELEASE_FOLDER
from generator.operate import leftovers
from tests.emulator.client import Emulator, Fault
from tests.emulator.release import BUCKET, PREFIX, prepare, release
from tests.support.commands import Tools, thing
from tests.support.small_templates import Template, nested, resource, template

REGION = "us-east-1"


@pytest.fixture
def tools(faults: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tools:
    """The tools, looking at the emulator."""
    return Tools(faults, monkeypatch, capsys, REGION)


def field(out: str, name: str) -> str:
    """One field of what is told about the cause."""
    [found] = re.findall(rf"^  {name} +(.*)$", out, re.MULTILINE)
    return str(found)


def inside(emulator: Emulator, child: Template, name: str) -> Template:
    """A template with `child` two levels below, and a bystander that a failure cancels or rolls back."""
    key = f"{name}-{uuid.uuid4().hex}"  # what a template location names never changes
    below = nested(emulator, child, f"{key}-child.json")
    middle = nested(emulator, template({"Child": below}), f"{key}-middle.json")
    return template({"Middle": middle, "Bystander": resource("AWS::SNS::Topic")})


@pytest.mark.parametrize("words", ["yes", "no"])
def test_the_cause_two_levels_below_is_found_with_its_log(
    tools: Tools, emulator: Emulator, name: str, words: str
) -> None:
    body = inside(emulator, thing(Fail="Create", Text="this", Words=words), name)
    assert emulator.create_stack(name, body, DisableRollback=True).status == "CREATE_FAILED"
    said = tools("why", name)
    assert (said.status, said.err) == (0, "")
    assert "the launch of" in said.out and "failed and was abandoned (CREATE_FAILED)" in said.out
    assert field(said.out, "first cause") == f"{name} / Middle / Child / Thing"
    assert field(said.out, "resource") == "Custom::Thing, CREATE_FAILED"
    assert "Mend the thing." in field(said.out, "reason")
    assert "\n  | looking at this\n  | ERROR: the thing is broken\n" in said.out
    assert "docs/operations.md" in said.out


def test_after_a_rollback_children_and_logs_are_gone_and_the_cause_is_not(
    tools: Tools, emulator: Emulator, name: str
) -> None:
    body = inside(emulator, thing(Fail="Create", Words="yes"), name)
    emulator.create_stack(name, body)
    said = tools("why", name)
    assert "failed and was rolled back (ROLLBACK_COMPLETE)" in said.out
    assert field(said.out, "first cause") == f"{name} / Middle / Child / Thing"
    assert "is gone: it was removed with the rest of the stack. To keep it, try once more" in said.out
    emulator.delete_stack(name)
    said = tools("why", name)
    assert said.out.startswith(f"{name} is deleted. Before that:\n")
    assert field(said.out, "first cause") == f"{name} / Middle / Child / Thing"


def test_a_failed_update_is_not_blamed_on_an_earlier_failure(tools: Tools, emulator: Emulator, name: str) -> None:
    assert emulator.create_stack(name, inside(emulator, thing(Text="old"), name)).complete
    for text in ("new", "newer"):
        body = inside(emulator, thing(Text=text, Fail="Update"), name)
        assert emulator.update_stack(name, body).status == "UPDATE_ROLLBACK_COMPLETE"
    said = tools("why", name)
    assert "the update of" in said.out and "the stack is as it was before (UPDATE_ROLLBACK_COMPLETE)" in said.out
    assert field(said.out, "resource") == "Custom::Thing, UPDATE_FAILED"
    assert "\n  | looking at newer\n  | ERROR: the thing is broken\n" in said.out
    assert emulator.update_stack(name, inside(emulator, thing(Text="newest"), name)).complete
    assert "did not fail: UPDATE_COMPLETE." in tools("why", name).out


def test_a_failed_delete_has_its_cause(tools: Tools, faults: Emulator, name: str) -> None:
    topic = template({"Topic": resource("AWS::SNS::Topic")})
    assert faults.create_stack(name, inside(faults, topic, name)).complete
    faults.inject(Fault("delete", "AWS::SNS::Topic", "still in use", f"{name}-Middle"))
    assert faults.delete_stack(name).status == "DELETE_FAILED"
    said = tools("why", name)
    assert "the delete of" in said.out and "the rest of the stack is still there (DELETE_FAILED)" in said.out
    assert field(said.out, "first cause") == f"{name} / Middle / Child / Topic"
    assert field(said.out, "reason") == "still in use"
    assert faults.delete_stack(name).complete
    assert "did not fail: DELETE_COMPLETE." in tools("why", name).out


def test_a_child_that_was_never_created_is_the_cause(tools: Tools, emulator: Emulator, name: str) -> None:
    url = emulator.url("templates-test", f"{name}-nowhere.json")
    emulator.publish({f"{name}.json": b"{}"}, "templates-test")
    emulator.create_stack(name, template({"Child": resource("AWS::CloudFormation::Stack", TemplateURL=url)}))
    said = tools("why", name)
    assert field(said.out, "first cause") == f"{name} / Child"
    assert field(said.out, "reason") != "CloudFormation gives none"


def test_a_rollback_that_fails_is_told_beside_the_cause(tools: Tools, emulator: Emulator, name: str) -> None:
    emulator.create_stack(name, thing(Fail="CreateDelete"))
    said = tools("why", name)
    assert "failed and could not be rolled back (ROLLBACK_FAILED)" in said.out
    assert field(said.out, "resource") == "Custom::Thing, CREATE_FAILED"
    assert f"The rollback failed too, at {name} / Thing (Custom::Thing):\n  " in said.out


def test_what_cannot_be_answered_is_one_sentence(tools: Tools, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for tool in ("why", "status"):
        said = tools(tool, name)
        assert said.status == 1 and said.out == ""
        assert said.err.startswith(f"{tool}: {REGION} has no stack {name}, and none of that name was deleted there")
        assert said.err.count("\n") == 1
        assert "name the stack, for example STACK=hpc-portal" in tools(tool, "", "--stack", "").err
    assert "PROFILE nobody is not in the AWS configuration" in tools("why", name, "--profile", "nobody").err
    assert "why: unrecognized arguments: --nonsense; see" in tools("why", name, "--nonsense").err
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    assert tools("why", name).err.startswith("why: There are no AWS credentials: sign in")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A release, as a publisher's bucket holds it."""
    return release()


def test_the_real_stack_refused_by_preflight_broken_by_a_node_and_deleted(
    tools: Tools, faults: Emulator, name: str, files: dict[str, bytes]
) -> None:
    bucket = f"{BUCKET}-{name}"
    faults.publish(files, bucket, PREFIX + RELEASE_FOLDER, REGION)
    url = faults.url(bucket, f"{PREFIX}{RELEASE_FOLDER}templates/main.template.yaml", REGION)
    given = {"AssetsBucket": bucket, "AssetsBucketRegion": REGION, "AssetsPrefix": PREFIX, "AccessLogs": "yes"}
    given = prepare(faults, {**given, "PortalAccessCidr": "203.0.113.0/24"}, REGION)

    wrong = f"{name}-wrong"
    faults.create_stack(wrong, url=url, parameters={**given, "HeadNodeInstanceType": "x99.large"}, DisableRollback=True)
    said = tools("why", wrong)
    assert field(said.out, "first cause") == f"{wrong} / PreflightStack / Checks"
    assert re.search(r"^  \| .*x99\.large", said.out, re.MULTILINE)
    assert faults.delete_stack(wrong).complete

    assert faults.create_stack(name, url=url, parameters=given).complete
    assert "did not fail: CREATE_COMPLETE." in tools("why", name).out
    said = tools("status", name)
    assert said.status == 0 and re.search(r" s  Clusters +create complete$", said.out, re.MULTILINE)
    faults.inject(Fault("boot", "AWS::AutoScaling::AutoScalingGroup", "the installer has changed", f"{name}.*Node2"))
    faults.update_stack(name, parameters={"PortalInstanceType": "t3.xlarge"})
    said = tools("why", name)
    assert field(said.out, "first cause") == f"{name} / PortalStack / PortalNode2"
    assert re.search(
        r"stream i-[0-9a-f]+/bootstrap\):\n  \| ==> 10-image\n  \| ERROR: the installer has changed", said.out
    )
    said = tools("status", name)
    assert said.status == 1 and "Portal / PortalNode2 update failed" in said.out
    assert f"First cause: {name} / PortalStack / PortalNode2: " in said.out

    assert [item for item in leftovers.found(tools.account, name)[0] if item.stack] == []
    assert faults.delete_stack(name).complete
    left, blind = leftovers.found(tools.account, name)
    own = [item for item in left if item.stack == name]
    assert blind == []
    # The emulator's own account of what was retained, by another way: the events of the deleted stacks.
    kept = {item.name for item in faults.leftovers(REGION) if item.retained and name in item.name.lower()}
    assert {item.name for item in own} > kept
    assert [item.kind for item in own] == [
        "EFS file system",
        "access-log bucket",
        "database snapshot",
        "provider's log group",
        "provider's log group",
    ]
