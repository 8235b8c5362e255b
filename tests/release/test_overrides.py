"""An operator's own answers to taskcat's scenarios: read as they are typed, and checked before anything is uploaded."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from generator import RELEASE_FOLDER, form
from generator.__main__ import main
from generator.errors import GeneratorError
from generator.release import overrides, taskcat
from generator.text.sources import ROOT, Sources
from tests.support.built import templates
from tests.support.packages import install_none

QUESTIONS = {name: body for parent in form.PARENTS for name, body in templates()[parent]["Parameters"].items()}
VPC = """
VpcId: vpc-0123456789abcdef0
LoadBalancerSubnetId1: subnet-1
LoadBalancerSubnetId2: subnet-2
PrivateSubnetId1: subnet-3
PrivateSubnetId2: subnet-4
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(".taskcat_overrides.yml")


def refused(path: Path) -> str:
    with pytest.raises(GeneratorError) as error:
        overrides.read(path, QUESTIONS)
    assert "\n" not in str(error.value)
    return str(error.value)


# As they are typed


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("Waf: no", "no"),
        ("Waf: 'yes'", "yes"),
        ('Waf: "no"  # none', "no"),
        ("KeyName: 010", "010"),
        ("ComputeMaxNodes: 12", "12"),
        ("KeyName: 1.50", "1.50"),
        ("KeyName: 12:30:00", "12:30:00"),
        ("KeyName: on", "on"),
        ("KeyName: 2024-01-01", "2024-01-01"),
        ("KeyName:", ""),
        ("KeyName: ~", ""),
        ("KeyName: null", ""),
        ("KeyName: $[taskcat_getkeypair]", "$[taskcat_getkeypair]"),
        ("ComputeMaxNodes: $[taskcat_ssm_/mine]", "$[taskcat_ssm_/mine]"),
    ],
)
def test_an_answer_is_what_was_typed(file: Path, line: str, answer: str) -> None:
    file.write_text(f"{line}\n")
    assert overrides.read(file, QUESTIONS) == {line.partition(":")[0]: answer}


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "{}\n"])
def test_an_empty_file_holds_no_answers(file: Path, text: str) -> None:
    file.write_text(text)
    assert overrides.read(file, QUESTIONS) == {}


def test_answers_are_handed_on_as_texts() -> None:
    answers = {"Waf": "no", "ComputeMaxNodes": "010", "KeyName": "", "AlarmEmail": "é: #"}
    assert yaml.safe_load(overrides.as_texts(answers)) == answers
    assert overrides.as_texts({}) == ""


# What is refused


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "\nPortalAccessCIDR: 1.2.3.0/24\n",
            ", line 2: PortalAccessCIDR is no question of the form: take it out, or correct its name.",
        ),
        ("Waf: true\n", ", line 1: Waf does not fit: Choose no or yes."),
        ("ComputeMaxNodes: many\n", ", line 1: ComputeMaxNodes does not fit: Must be a whole number from 1 to 1000."),
        ("Waf: no\nKeyName: a\nWaf: yes\n", ": Waf stands in lines 1 and 3: keep one of them."),
        ("Waf: no\n\tKeyName: a\n", ", line 2 is indented by a tab: use blanks."),
        (
            "general:\n  parameters:\n    Waf: no\n",
            ", line 2: general is a section of taskcat's other files: write NAME: answer alone.",
        ),
        (
            "parameters: {Waf: no}\n",
            ", line 1: parameters is a section of taskcat's other files: write NAME: answer alone.",
        ),
        (
            "- ParameterKey: Waf\n  ParameterValue: no\n",
            ", line 1: this is no mapping: write NAME: answer, a line each.",
        ),
        ("just words\n", ", line 1: this is no mapping: write NAME: answer, a line each."),
        ("KeyName: [a, b]\n", ", line 1: the answer to KeyName is no text: write KeyName: answer."),
        ("KeyName: {a: b}\n", ", line 1: the answer to KeyName is no text: write KeyName: answer."),
        ("KeyName: !Sub x\n", ", line 1: the answer to KeyName is no text: write KeyName: answer."),
        ("<<: {Waf: no}\n", ", line 1: << is no question of the form: take it out, or correct its name."),
    ],
)
def test_what_does_not_fit_is_refused_with_its_line(file: Path, text: str, sentence: str) -> None:
    file.write_text(text)
    assert refused(file) == f"{file}{sentence}"


@pytest.mark.parametrize("text", ["Waf: [\n", "Waf: no\n---\nWaf: yes\n", "a: b: c\n", "Waf: *nobody\n"])
def test_what_is_no_yaml_is_refused_with_its_place(file: Path, text: str) -> None:
    file.write_text(text)
    said = refused(file)
    assert said.startswith(f"{file}, line ") and ": this is not YAML (" in said and said.endswith("): correct it.")


@pytest.mark.parametrize("content", [b"Waf: \xe9\n", b"Waf: \x00\n"])
def test_what_is_no_text_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert refused(file).startswith(f"{file} ")


def test_an_answer_that_may_be_a_misplaced_secret_is_not_repeated(file: Path) -> None:
    file.write_text("AdminPasswordSecretArn: Sesame-2024\n")
    assert "Sesame" not in refused(file)


# ~/.taskcat.yml


def test_general_parameters_are_read(file: Path) -> None:
    file.write_text("general:\n  auth:\n    default: me\n  parameters:\n    ComputeMaxNodes: 12\n    OfAnother: [1]\n")
    assert overrides.read_general(file, QUESTIONS) == {"ComputeMaxNodes": "12"}


@pytest.mark.parametrize("text", ["", "project: {name: x}\n", "general:\n", "general: {auth: {default: me}}\n"])
def test_no_general_parameters_are_no_answers(file: Path, text: str) -> None:
    file.write_text(text)
    assert overrides.read_general(file, QUESTIONS) == {}


def test_no_general_file_is_no_answers(file: Path) -> None:
    assert overrides.read_general(file, QUESTIONS) == {}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("Waf: no", "taskcat takes the answer to Waf for False: put it in quotes."),
        ("ComputeMaxNodes: 010", "taskcat takes the answer to ComputeMaxNodes for 8: put it in quotes."),
        ("Waf: maybe", "Waf does not fit: Choose no or yes."),
    ],
)
def test_what_taskcat_would_misread_is_refused(file: Path, answer: str, sentence: str) -> None:
    """taskcat reads this file once more, and by YAML's own rules."""
    file.write_text(f"general:\n  parameters:\n    {answer}\n")
    with pytest.raises(GeneratorError, match="line 3: ") as error:
        overrides.read_general(file, QUESTIONS)
    assert str(error.value) == f"{file}, line 3: {sentence}"


def test_a_section_that_stands_twice_is_refused(file: Path) -> None:
    file.write_text("general: {}\ngeneral: {}\n")
    with pytest.raises(GeneratorError, match="general stands in lines 1 and 2"):
        overrides.read_general(file, QUESTIONS)


# Launches


def test_launches_are_those_of_the_scenarios_and_regions() -> None:
    assert len(taskcat.launches()) == sum(len(scenario.regions) for scenario in taskcat.SCENARIOS.values())
    assert taskcat.launches("minimal, govcloud", "us-east-2,us-gov-west-1") == [
        taskcat.Launch("minimal", "us-east-2"),
        taskcat.Launch("govcloud", "us-gov-west-1"),
    ]


@pytest.mark.parametrize(
    ("tests", "regions", "sentence"),
    [
        ("minimal,maximal", "", "There is no scenario maximal: choose from minimal, production, "),
        ("minimal", "cn-north-1", "No scenario is for these regions: see .taskcat.yml."),
    ],
)
def test_scenarios_and_regions_that_there_are_not_are_refused(tests: str, regions: str, sentence: str) -> None:
    with pytest.raises(GeneratorError, match=sentence):
        taskcat.launches(tests, regions)


@pytest.mark.parametrize("launch", taskcat.launches(), ids=lambda launch: f"{launch.scenario}-{launch.region}")
def test_every_launch_passes_with_a_vpc_of_one_s_own(file: Path, launch: taskcat.Launch) -> None:
    file.write_text(VPC)
    built = {f"{name}.template.yaml": body for name, body in templates().items()}
    taskcat.check_answers(launch, overrides.read(file, QUESTIONS), built, Sources())


@pytest.mark.parametrize(
    ("launch", "given", "sentence"),
    [
        (
            taskcat.Launch("existing-vpc", "us-west-2"),
            {},
            "Scenario existing-vpc in us-west-2 has no answer to .*VpcId.*: answer in .taskcat_overrides.yml, or choose",
        ),
        (
            taskcat.Launch("china-beijing", "cn-north-1"),
            {"LustreDeploymentType": "SCRATCH_2"},
            "Scenario china-beijing in cn-north-1 would be refused: correct .*. LustreDeploymentType SCRATCH_2 does not",
        ),
        (
            taskcat.Launch("minimal", "us-east-2"),
            {"PortalAccessCidr": ""},
            "Scenario minimal in us-east-2 would be refused: correct .*. PortalAccessCidr does not fit",
        ),
    ],
)
def test_a_launch_that_cloudformation_would_refuse_is_refused(
    launch: taskcat.Launch, given: dict[str, str], sentence: str
) -> None:
    built = {f"{name}.template.yaml": body for name, body in templates().items()}
    with pytest.raises(GeneratorError, match=sentence):
        taskcat.check_answers(launch, given, built, Sources())


# The command


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command lays out the project, in a home without settings."""
    monkeypatch.setattr(taskcat, "OVERRIDES", tmp_path / "checkout" / ".taskcat_overrides.yml")
    monkeypatch.setenv("HOME", str(tmp_path))
    install_none(monkeypatch, tmp_path / "wheels")
    (tmp_path / "checkout").mkdir()
    return tmp_path / "stage"


def test_the_project_is_staged_with_the_answers_as_texts(stage: Path) -> None:
    taskcat.OVERRIDES.write_text("Waf: no\nKeyName: 012\n")
    assert main(["taskcat", "--stage", str(stage), "--tests", "minimal"]) == 0
    assert (stage / RELEASE_FOLDER / "templates" / "main.template.yaml").is_file()
    staged = yaml.safe_load((stage / ".taskcat_overrides.yml").read_text())
    assert staged == {"Waf": "no", "KeyName": "012"}


@pytest.mark.parametrize("zones", [2, 3])
def test_the_project_and_its_configuration_are_for_as_many_zones_as_asked(stage: Path, zones: int) -> None:
    assert main(["taskcat", "--stage", str(stage), "--tests", "minimal", "--zones", str(zones)]) == 0
    configured = yaml.safe_load((stage / ".taskcat.yml").read_text())["tests"]["minimal"]
    outputs = re.findall(r"^  Cluster(\d)Name:$", (stage / configured["template"]).read_text(), re.MULTILINE)
    assert outputs == [str(number) for number in range(1, zones + 1)]
    assert len(list(stage.rglob("main.template.yaml"))) == 1


def test_a_number_of_zones_that_there_is_not_is_refused(stage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["taskcat", "--stage", str(stage), "--tests", "minimal", "--zones", "9"]) == 1
    assert capsys.readouterr().err.startswith("taskcat: --zones 9 is out of range: choose 2 to ")
    assert not stage.exists()


def test_make_taskcat_hands_on_zones_and_the_staged_configuration() -> None:
    command = ["make", "--dry-run", "--old-file=.venv/main/bin/python", "taskcat", "ZONES=3"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    [staging] = [line for line in printed.splitlines() if " taskcat --stage " in line]
    assert '--zones "3"' in staging
    assert f'--input-file "{ROOT}/.cache/taskcat/.taskcat.yml" --project-root "{ROOT}/.cache/taskcat"' in printed


def test_overrides_may_be_named(stage: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text("Waf: yes\n")
    overridden = ["--tests", "minimal", "--overrides", str(tmp_path / "mine.yml")]
    assert main(["taskcat", "--stage", str(stage), *overridden]) == 0
    assert yaml.safe_load((stage / ".taskcat_overrides.yml").read_text()) == {"Waf": "yes"}


@pytest.mark.parametrize(
    ("text", "arguments", "sentence"),
    [
        ("Nonsense: 1\n", [], "/checkout/.taskcat_overrides.yml, line 1: Nonsense is no question of the form"),
        (None, [], "Scenario existing-vpc in us-west-2 has no answer to "),
        (None, ["--overrides", "/nowhere.yml"], "/nowhere.yml cannot be read (No such file or directory)"),
        (None, ["--tests", "maximal"], "There is no scenario maximal"),
    ],
    ids=["answer", "unanswered", "no file", "no scenario"],
)
def test_what_is_wrong_is_one_sentence_before_anything_is_staged(
    stage: Path, capsys: pytest.CaptureFixture[str], text: str | None, arguments: list[str], sentence: str
) -> None:
    if text:
        taskcat.OVERRIDES.write_text(text)
    assert main(["taskcat", "--stage", str(stage), *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("taskcat: ") and sentence in err and err.count("\n") == 1
    assert not stage.exists()


def test_general_parameters_take_precedence(stage: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As they do in taskcat."""
    taskcat.OVERRIDES.write_text("LustreDeploymentType: PERSISTENT_1\n")
    (tmp_path / ".taskcat.yml").write_text("general: {parameters: {LustreDeploymentType: SCRATCH_2}}\n")
    assert main(["taskcat", "--stage", str(stage), "--tests", "china-beijing"]) == 1
    assert "LustreDeploymentType SCRATCH_2 does not exist in China" in capsys.readouterr().err
