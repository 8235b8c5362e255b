"""ParallelCluster's schema is asked before a release is made; a fault names the key of templates/cluster.yaml."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from generator.errors import GeneratorError
from generator.release import cluster_schema, contents
from generator.release.cluster_configuration import Configuration, example
from generator.stack import DEFAULT_ZONES, build
from generator.text.sources import ROOT, Sources
from generator.text.yaml import load_yaml

FILE = "templates/cluster.yaml"


@pytest.fixture(scope="module")
def shipped() -> Configuration:
    """The configuration of the templates as they are."""
    return Configuration.of(build(DEFAULT_ZONES)[cluster_schema.TEMPLATE])


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """A copy of the project's texts, to be edited."""
    for folder in ("templates", "userdata", "lambda"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return Sources(tmp_path)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(cluster_schema, "CACHE", folder)
    return folder


def edited(sources: Sources, change: Callable[[str], str]) -> str:
    """The clusters' template after an edit of the file."""
    path = sources.root / FILE
    before = path.read_text()
    path.write_text(change(before))
    assert path.read_text() != before, "the edit changes nothing"
    return clusters_template(sources)


def clusters_template(sources: Sources) -> str:
    return contents.templates(DEFAULT_ZONES, sources)[f"templates/{cluster_schema.TEMPLATE}"]


def line_of(sources: Sources, word: str) -> int:
    lines = (sources.root / FILE).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip().startswith(word))


# -- what is refused --------------------------------------------------------------------------------------------------


def test_the_shipped_file_is_taken(sources: Sources) -> None:
    cluster_schema.require(clusters_template(sources), sources)


@pytest.mark.parametrize(
    ("change", "line", "sentence"),
    [
        (lambda text: f"{text}\nNonsense: 1\n", "Nonsense", "Nonsense: ParallelCluster has no such key here"),
        (lambda text: f"{text}\n1: x\n", "1: x", "1: ParallelCluster has no such key here"),
        (lambda text: f"{text}\nx-common: &a {{b: c}}\n", "x-common", "x-common: ParallelCluster has no such key"),
        (lambda text: f"{text}\nSlurmQueues: []\n", "SlurmQueues: []", "SlurmQueues: ParallelCluster has no such key"),
        (
            lambda text: text.replace("alinux2023", "beos"),
            "Os:",
            "Image.Os: ParallelCluster refuses it (Must be one of",
        ),
        (
            lambda text: text.replace("  SlurmQueues:\n", "  SlurmQueues:\n    - text\n"),
            "- text",
            "Scheduling.SlurmQueues.0: ParallelCluster requires a section with keys here",
        ),
        (
            lambda text: text.replace("        CapacityType: SPOT\n", "        CapacityType: SPOT\n        Foo: bar\n"),
            "Foo: bar",
            "Scheduling.SlurmQueues.1.Foo: ParallelCluster has no such key here",
        ),
        (
            lambda text: text.replace("    - Name: on-demand\n      Cap", "    - Cap"),
            "- CapacityType: ONDEMAND",
            "Scheduling.SlurmQueues.0.Name: ParallelCluster requires this key here: add it",
        ),
        (lambda text: "A: 1\n", "A: 1", "HeadNode: ParallelCluster requires this key here: add it"),
    ],
)
def test_a_fault_has_its_line_its_key_and_a_remedy(
    sources: Sources, change: Callable[[str], str], line: str, sentence: str
) -> None:
    template = edited(sources, change)
    with pytest.raises(GeneratorError) as refused:
        cluster_schema.require(template, sources)
    assert f"{FILE}, line {line_of(sources, line)}: {sentence}" in str(refused.value)


def test_every_fault_is_reported_once_in_the_order_of_the_file(sources: Sources) -> None:
    template = edited(sources, lambda text: text.replace("alinux2023", "beos") + "\nNonsense: 1\n")
    faults = cluster_schema.faults(Configuration.of(load_yaml(template)), sources)
    assert [fault.split(": ")[1] for fault in faults] == ["Image.Os", "Nonsense"]


def test_a_fault_that_shows_with_some_answers_alone_is_found(sources: Sources) -> None:
    template = edited(sources, lambda text: text.replace("LdapTlsReqCert: hard", "LdapTlsReqCert: perhaps"))
    faults = cluster_schema.faults(Configuration.of(load_yaml(template)), sources)
    assert len(faults) == 1 and "DirectoryService.LdapTlsReqCert" in faults[0]


def test_a_choice_of_the_form_that_parallelcluster_does_not_have_is_found(
    shipped: Configuration, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = cluster_schema.questions(1)
    days = type(asked["LogRetentionDays"])("Days", allowed=(30, 31))
    monkeypatch.setattr(cluster_schema, "questions", lambda zones: {**asked, "LogRetentionDays": days})
    (fault,) = cluster_schema.faults(shipped, sources)
    assert "Monitoring.Logs.CloudWatch.RetentionInDays: ParallelCluster refuses it (Must be one of" in fault


def test_a_file_that_its_schema_stumbles_over_is_one_sentence(
    shipped: Configuration, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pcluster.schemas.cluster_schema import ClusterSchema

    def stumble(schema: object, content: object) -> None:
        raise KeyError("InstanceType")

    monkeypatch.setattr(ClusterSchema, "load", stumble)
    (fault,) = cluster_schema.faults(shipped, sources)
    assert fault.startswith(f"{FILE}, line ") and "cannot read this file (KeyError: 'InstanceType'): compare" in fault


# -- when it is asked -------------------------------------------------------------------------------------------------


@pytest.fixture
def good(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> str:
    """The clusters' template, found good."""
    template = clusters_template(sources)
    monkeypatch.setattr(cluster_schema, "faults", lambda *_: [])
    cluster_schema.require(template, sources)
    return template


def test_what_was_found_good_is_not_asked_again(good: str, sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_schema, "faults", lambda *_: pytest.fail("it was asked again"))
    cluster_schema.require(good, sources)


def test_the_heading_of_a_template_makes_no_difference(
    good: str, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_schema, "faults", lambda *_: pytest.fail("it was asked again"))
    cluster_schema.require(good.partition("\n")[2], sources)


@pytest.mark.parametrize("changed", ["template", "version", "choices"])
def test_it_is_asked_again_after_a_change(
    good: str, sources: Sources, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    template = good
    if changed == "template":
        template = template.replace("alinux2023", "rocky9")
    elif changed == "version":
        monkeypatch.setattr(cluster_schema, "version", lambda name: "3.17.0")
    else:
        asked = dict(cluster_schema.questions(1))
        del asked["LogRetentionDays"]
        monkeypatch.setattr(cluster_schema, "questions", lambda zones: asked)
    monkeypatch.setattr(cluster_schema, "faults", lambda *_: ["asked again"])
    with pytest.raises(GeneratorError, match="asked again"):
        cluster_schema.require(template, sources)


def test_what_was_refused_is_asked_again(sources: Sources) -> None:
    template = edited(sources, lambda text: f"{text}\nNonsense: 1\n")
    for _ in range(2):
        with pytest.raises(GeneratorError, match="Nonsense"):
            cluster_schema.require(template, sources)


def test_without_parallelcluster_a_sentence_reports_that_nothing_was_checked(
    sources: Sources, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(cluster_schema, "version", absent)
    cluster_schema.require(edited(sources, lambda text: f"{text}\nNonsense: 1\n"), sources)
    assert "is not checked with ParallelCluster's schema: to have it checked, install" in capsys.readouterr().out


# -- the configuration ------------------------------------------------------------------------------------------------


def test_all_eight_states_of_any_three_conditions_are_met(shipped: Configuration) -> None:
    cases, names = list(shipped.cases()), shipped.conditions
    for first in names:
        for second in names:
            for third in names:
                if len({first, second, third}) == 3:
                    assert len({(case[first], case[second], case[third]) for case in cases}) == 8


def test_a_text_reaches_parallelcluster_as_the_file_has_it(sources: Sources) -> None:
    setting = "    CustomSlurmSettings:\n      - PreemptMode: OFF\n      - GraceTime: 0120\n      - MaxTime: 12:00:00\n"
    edited_text = edited(sources, lambda text: text.replace("  SlurmQueues:\n", f"{setting}  SlurmQueues:\n"))
    configuration = Configuration.of(load_yaml(edited_text))
    resolved = configuration.resolve(dict.fromkeys(configuration.conditions, False)).content
    assert resolved["Scheduling"]["SlurmSettings"]["CustomSlurmSettings"] == [
        {"PreemptMode": "OFF"},
        {"GraceTime": "0120"},
        {"MaxTime": "12:00:00"},
    ]


@pytest.mark.parametrize(
    ("node", "value"),
    [
        (True, "true"),
        (60, "60"),
        ({"Fn::Sub": "${A}-${!A}"}, "one-${A}"),
        ({"Fn::Sub": ["${A}-${B}", {"B": {"Ref": "A"}}]}, "one-one"),
        ({"Fn::Join": ["-", ["x", {"Ref": "A"}]]}, "x-one"),
        ({"Fn::Join": ["-", {"Fn::Split": [".", "a.b"]}]}, "a-b"),
        ({"Fn::Select": ["1", {"Fn::Split": [".", "a.b"]}]}, "b"),
        ({"Fn::Select": [0, ["a", "b"]]}, "a"),
        ({"Fn::Base64": "a"}, "a"),
        ({"Fn::If": ["Yes", "a", "b"]}, "a"),
        ([{"Fn::If": ["No", "a", {"Ref": "AWS::NoValue"}]}, "b"], ["b"]),
        ({"k": {"Fn::If": ["No", "a", {"Ref": "AWS::NoValue"}]}, "l": "b"}, {"l": "b"}),
        ({"Fn::GetAtt": ["A", "B"]}, "example"),
    ],
)
def test_functions_are_resolved_as_cloudformation_does(node: object, value: object) -> None:
    configuration = Configuration({"Node": node}, {"A": "one"})
    assert configuration.resolve({"Yes": True, "No": False}).content == {"Node": value}


def test_a_path_leads_back_to_where_it_came_from() -> None:
    queues = [{"Fn::If": ["No", {"Name": "a"}, {"Ref": "AWS::NoValue"}]}, {"Name": "b"}]
    resolved = Configuration({"Queues": queues}, {}).resolve({"No": False})
    assert resolved.origin(("Queues", 0, "Name")) == ("Queues", 1, "Name")
    assert resolved.origin(("Queues", 0, "Missing")) == ("Queues", 1, "Missing")


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("PrivateSubnetId2", "subnet-"),
        ("MySecretArn", "arn:aws:secretsmanager:"),
        ("MyRoleArn", "arn:"),
        ("Word", "example"),
    ],
)
def test_a_parameter_without_a_default_has_an_example_of_its_kind(name: str, start: str) -> None:
    assert example(name).startswith(start)
