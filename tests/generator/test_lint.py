"""Linting: a planted fault is reported, the parent is checked against its children, a second run lints nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator import stack
from generator.__main__ import main
from generator.cfn.regions import REGIONS
from generator.release import cluster_schema, lint
from generator.text.sources import Sources
from generator.text.yaml import to_yaml


@pytest.fixture(scope="module")
def view() -> dict[str, dict[str, Any]]:
    """The build in which templates name each other by file name."""
    return stack.build(view=stack.local_url)


def written(folder: Path, templates: dict[str, dict[str, Any]]) -> list[Path]:
    for name, template in templates.items():
        (folder / name).write_text(to_yaml(template), encoding="utf-8")
    return sorted(folder.iterdir())


def copy(template: dict[str, Any], section: str, **changed: Any) -> dict[str, Any]:
    """`template` with entries of a section added or replaced."""
    return template | {section: template[section] | changed}


def test_the_whole_build_is_clean(view: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """In one region of each partition; `make templates` lints in all."""
    assert lint.lint(written(tmp_path, view), ["us-east-1", "cn-north-1", "us-gov-west-1"]) == []


def test_planted_faults_are_reported(view: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """One run for all: a wrong property, a literal partition, data without policies, a misspelt child's parameter."""
    system = {"Type": "AWS::EFS::FileSystem", "Properties": {"Encryptedd": True}}
    key = {"Fn::Sub": "arn:aws:kms:${AWS::Region}:${AWS::AccountId}:key/x"}
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": key}}
    assets = copy(view["assets.template.yaml"], "Resources", Broken=system, Literal=topic)
    stack = view["main.template.yaml"]["Resources"]["SecretsStack"]
    misspelt = stack | {"Properties": stack["Properties"] | {"Parameters": {"AdminPasswordSecretArm": "x"}}}
    without_order = {key: value for key, value in misspelt.items() if key != "DependsOn"}
    faulty = {
        "assets.template.yaml": assets,
        "secrets.template.yaml": view["secrets.template.yaml"],
        "main.template.yaml": {"Description": "Parent", "Resources": {"SecretsStack": without_order}},
    }
    found = lint.lint(written(tmp_path, faulty), ["us-east-1"])
    for file, rule in (
        ("assets.template.yaml", "E3002"),
        ("assets.template.yaml", "I3011"),
        ("assets.template.yaml", "I3042"),
        ("main.template.yaml", "E3043"),
    ):
        assert any(Path(line.split(":")[0]).name == file and f" {rule} " in line for line in found), (rule, found)


def test_a_region_without_a_service_is_reported(tmp_path: Path) -> None:
    pool = {"Type": "AWS::Cognito::UserPool", "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Description": "x", "Resources": {"Pool": pool}}
    files = written(tmp_path, {"pool.template.yaml": template})
    (finding,) = lint.lint(files, ["us-east-1", "cn-north-1"])
    assert "E3006" in finding and "cn-north-1" in finding


class Linter:
    """Stands in for cfn-lint: says `found`, and counts what it was asked."""

    def __init__(self, found: list[str]) -> None:
        self.found = found
        self.asked: list[tuple[list[str], list[str]]] = []

    def __call__(self, files: list[Path], regions: list[str]) -> list[str]:
        assert all(file.is_file() for file in files)
        self.asked.append(([file.name for file in files], list(regions)))
        return self.found


@pytest.fixture
def linter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Linter:
    stand_in = Linter([])
    monkeypatch.setattr(lint, "lint", stand_in)
    monkeypatch.setattr(lint, "CACHE", tmp_path / "cache")
    return stand_in


def test_all_templates_are_linted_in_every_supported_region(linter: Linter, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint"]) == 0
    ((files, regions),) = linter.asked
    assert set(files) == set(stack.build())
    assert regions == [region for listed in REGIONS.values() for region in listed]
    assert "clean in 28 regions" in capsys.readouterr().out


def test_a_second_run_lints_nothing(linter: Linter, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint"]) == main(["lint"]) == 0
    assert len(linter.asked) == 1
    assert "unchanged" in capsys.readouterr().out.splitlines()[-1]


def test_what_was_found_faulty_is_linted_again(linter: Linter, capsys: pytest.CaptureFixture[str]) -> None:
    linter.found = ["stack.template.yaml:1: E0000 broken"]
    assert main(["lint"]) == main(["lint"]) == 1
    assert len(linter.asked) == 2
    assert capsys.readouterr().err.splitlines() == 2 * linter.found


@pytest.mark.parametrize("other", [["--regions", "us-east-1"], ["--zones", "3"]])
def test_other_regions_or_templates_are_linted(linter: Linter, other: list[str]) -> None:
    assert main(["lint"]) == main(["lint", *other]) == 0
    assert len(linter.asked) == 2


def test_another_configuration_or_version_is_linted(
    linter: Linter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    configuration = tmp_path / "cfnlintrc"
    configuration.write_text(lint.CONFIGURATION.read_text() + "# more\n")
    main(["lint"])
    monkeypatch.setattr(lint, "CONFIGURATION", configuration)
    main(["lint"])
    monkeypatch.setattr(lint, "version", lambda package: "99")
    main(["lint"])
    assert len(linter.asked) == 3


def test_bad_input_is_one_sentence(linter: Linter, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--zones", "9"]) == 1
    assert capsys.readouterr().err.startswith("lint: --zones 9 is out of range")
    with pytest.raises(SystemExit, match="2"):
        main(["lint", "--regions", "nowhere-1"])
    assert linter.asked == []


def test_the_local_view_differs_in_its_template_urls_alone(view: dict[str, dict[str, Any]]) -> None:
    launched = stack.build(2, Sources())
    for name, template in view.items():
        for title, body in template["Resources"].items():
            properties = dict(body.get("Properties", {}))
            other = dict(launched[name]["Resources"][title].get("Properties", {}))
            if name.startswith("main"):
                assert properties.pop("TemplateURL") in view
                other.pop("TemplateURL")
            assert properties == other, (name, title)


def test_each_number_of_zones_and_set_of_regions_is_remembered(linter: Linter) -> None:
    """Going to and fro between them lints each once."""
    for _ in range(2):
        for arguments in ([], ["--zones", "3"], ["--regions", "us-east-1"]):
            assert main(["lint", *arguments]) == 0
    assert len(linter.asked) == 3


def test_the_order_of_regions_does_not_matter(linter: Linter) -> None:
    assert main(["lint", "--regions", "us-east-1", "eu-west-1"]) == 0
    assert main(["lint", "--regions", "eu-west-1", "us-east-1"]) == 0
    assert len(linter.asked) == 1


def test_what_changed_is_linted_in_place_of_what_was(linter: Linter, monkeypatch: pytest.MonkeyPatch) -> None:
    main(["lint"])
    only = {name: text for name, text in lint.local_view(2, Sources()).items() if name == cluster_schema.TEMPLATE}
    monkeypatch.setattr(lint, "local_view", lambda zones, sources: only)
    main(["lint"])
    assert linter.asked[-1][0] == [*only]
    [folder] = lint.CACHE.iterdir()
    assert [path.name for path in folder.glob("*.yaml")] == [*only]
