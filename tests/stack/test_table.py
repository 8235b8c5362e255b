"""docs/updates.md: in step with the templates, complete, and without an update that would lose data.

test_life_updates.py carries these updates out on the emulator.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from generator.documents import update_effects, updates
from generator.documents.update_effects import Effect
from generator.documents.update_reach import Change, reach
from generator.text.functions import load_function
from generator.text.sources import ROOT
from tests.emulator import schemas
from tests.support.built import package_folder, questions, resources, templates
from tests.support.deployment import MUST_SURVIVE

# What an operator switches on and off: the bucket is retained, the password is replaced by the operator's own.
COME_AND_GO = {("AccessLogs", "AccessLogBucket"), ("AdminPasswordSecretArn", "AdminPassword")}
facts = load_function("preflight", "facts")
ORDINARY = [name for name in questions() if not updates.refused(name)]


def test_the_document_is_in_step() -> None:
    assert (ROOT / "docs" / "updates.md").read_text(encoding="utf-8") == updates.document(), "run: make templates"


def test_every_question_has_a_row_and_some_effect() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ", updates.document(), re.MULTILINE)
    assert sorted(rows) == sorted(questions())
    without = [name for name in questions() if updates.effect(name) == Effect.NOTHING]
    assert without == ["PreflightWarnOnly"], "the checks alone, which are no row's matter"


def test_every_frozen_parameter_is_one_of_the_form() -> None:
    assert [name for name in facts.FROZEN if not any(facts.is_one_of(asked, (name,)) for asked in questions())] == []
    assert len({name for name in questions() if updates.refused(name)}) == 16


@pytest.mark.parametrize("parameter", ORDINARY)
def test_no_update_that_preflight_lets_pass_replaces_what_holds_data(parameter: str) -> None:
    changes = [change for change in updates.changes(parameter) if change.type in MUST_SURVIVE]
    assert [change.title for change in changes if update_effects.effect_of(change) == Effect.REPLACEMENT] == []
    assert {(parameter, change.title) for change in changes if change.made} <= COME_AND_GO


def test_what_would_replace_data_is_seen_and_refused() -> None:
    """The other way round: the templates say that these would be replaced, so preflight has to refuse them."""
    losing = {
        name
        for name in questions()
        for change in updates.changes(name)
        if change.type in MUST_SURVIVE and update_effects.effect_of(change) == Effect.REPLACEMENT
    }
    assert losing >= {
        "VpcCidr",
        "VpcId",
        "PrivateSubnetId1",
        "KmsKeyArn",
        "DatabaseSnapshotArn",
        "LustreDeploymentType",
    }
    assert all(updates.refused(name) for name in losing)


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("PortalAccessCidr", {"LoadBalancerSecurityGroup"}),
        ("DatabaseBackupDays", {"DatabaseCluster"}),
        ("Waf", {"WebAcl", "WebAclAssociation", "WebAclLogging", "WebAclLogs"}),
        # Through a custom resource's attribute, a child's output, a launch template's version.
        (
            "PortalImageRefresh",
            {"PortalImage", *(f"Portal{what}{zone}" for what in ("LaunchTemplate", "Node") for zone in (1, 2))},
        ),
    ],
)
def test_what_an_answer_reaches(parameter: str, expected: set[str]) -> None:
    assert {change.title for change in updates.changes(parameter)} == expected


def test_a_replacement_reaches_whatever_refers_to_the_resource() -> None:
    def template(**body: Any) -> dict[str, Any]:
        return {"Parameters": {"Asked": {"Type": "String"}}, **body}

    group = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": {"Fn::Sub": "of ${Asked}"}}}
    user = {"Type": "AWS::FSx::FileSystem", "Properties": {"SecurityGroupIds": [{"Ref": "Group"}]}}
    child = template(
        Conditions={"Given": {"Fn::Equals": [{"Ref": "Asked"}, ""]}},
        Resources={
            "Topic": {"Type": "AWS::SNS::Topic", "Condition": "Given"},
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Name": {"Fn::If": ["Given", "a", "b"]}}},
        },
        Outputs={"Out": {"Value": {"Fn::GetAtt": ["Topic", "TopicName"]}}, "Other": {"Value": "same"}},
    )
    parameters = {"Asked": {"Ref": "Asked"}}
    stack = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": "child.template.yaml", "Parameters": parameters},
    }
    parent = template(Resources={"Group": group, "User": user, "Child": stack})
    found, outputs = reach({"p": parent, "child": child}, "p", {"Asked"}, lambda change: change.title == "Group")
    assert {(change.title, change.made) for change in found} == {
        ("Group", False),
        ("User", False),
        ("Topic", True),
        ("Queue", False),
    }
    assert outputs == set()
    assert reach({"p": parent, "child": child}, "child", {"Asked"}, lambda change: False)[1] == {"Out"}
    found, _ = reach({"p": parent, "child": child}, "p", {"Asked"}, lambda change: False)
    assert "User" not in {change.title for change in found}


def test_the_schemas_are_those_that_the_emulator_goes_by() -> None:
    assert (package_folder("cfnlint") / "data" / "schemas") == schemas.data()
    for kind in sorted({body["Type"] for _, body in resources() if not body["Type"].startswith("Custom::")}):
        theirs = {".".join(path) for path in schemas.create_only(kind, "us-east-1")}
        also = {".".join(path) for path in schemas.ALSO_CREATE_ONLY.get(kind, ())}
        assert theirs - also <= set(update_effects.create_only(kind)), kind


def test_what_is_known_beyond_the_schemas_is_of_use() -> None:
    """Each entry meets a property that some template has, and says other than the schema or adds a word."""
    types = {body["Type"] for template in templates().values() for body in template["Resources"].values()}
    assert {kind for kind, _ in update_effects.OVERRIDES} <= types
    found = {
        (change.type, ".".join(path[:length]))
        for name in questions()
        for change in updates.changes(name)
        for path in change.paths
        for length in range(len(path) + 1)
    } | {(c.type, update_effects.MADE) for name in questions() for c in updates.changes(name) if c.made}
    assert set(update_effects.OVERRIDES) <= found


def test_create_only_properties_replace_also_below_their_path() -> None:
    change = Change("t", "Vpc", "AWS::EC2::VPC", frozenset({("CidrBlock",)}))
    assert update_effects.effect_of(change) == Effect.REPLACEMENT
    tagged = Change("t", "Vpc", "AWS::EC2::VPC", frozenset({("Tags", "Value")}))
    assert update_effects.effect_of(tagged) == Effect.IN_PLACE


def of_clusters() -> dict[str, list[str]]:
    """By the answers that reach a cluster's configuration and that an update may change, what the table says of them."""
    found: dict[str, list[str]] = {}
    for name in questions():
        changes = [change for change in updates.changes(name) if change.type == "Custom::PclusterCluster"]
        if changes and not updates.refused(name):
            found[name] = [override.note for change in changes for override in update_effects.effects_of(change)]
    return found


def test_preflight_knows_every_answer_that_the_clusters_configuration_holds() -> None:
    assert set(of_clusters()) == set(facts.OF_CLUSTERS)


@pytest.mark.parametrize("name", facts.OF_CLUSTERS)
def test_preflight_and_the_table_agree_on_what_needs_stopped_fleets(name: str) -> None:
    stopped = [note for note in of_clusters()[name] if update_effects.STOPPED in note]
    begins = {facts.ANY: "refused", facts.FEWER: "upward", facts.OFF: "to `yes`"}
    if facts.OF_CLUSTERS[name] == facts.NONE:
        assert stopped == []
    else:
        assert stopped and all(note.startswith(begins[facts.OF_CLUSTERS[name]]) for note in stopped)


def test_preflight_finds_the_clusters_by_the_names_of_the_stacks() -> None:
    root = templates()["main"]["Resources"]
    assert {"ClustersStack", "PreflightStack"} <= root.keys()
    assert load_function("preflight", "checks.clusters").CLUSTERS_STACK == "ClustersStack"
