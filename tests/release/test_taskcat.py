"""taskcat's scenarios: .taskcat.yml is fresh and right for its regions; `make taskcat-local` tells what became of them."""

from __future__ import annotations

import fnmatch
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator import RELEASE_FOLDER, form
from generator.__main__ import main
from generator.cfn.regions import REGIONS, partition_of
from generator.cfn.rules_engine import broken
from generator.errors import GeneratorError
from generator.release import taskcat
from generator.text.archives import MANIFEST
from generator.text.sources import ROOT, Sources
from tests.emulator import taskcat_launch, taskcat_local
from tests.support.built import package_folder, questions, templates

CONFIGURED = yaml.safe_load(taskcat.CONFIGURATION.read_text(encoding="utf-8"))
LAUNCHES = [(name, region) for name, scenario in CONFIGURED["tests"].items() for region in scenario["regions"]]
# What taskcat 0.9.58 takes (its cfg/config_schema.json), and what it fills in (its _template_params.py).
PROJECT_KEYS = {
    *("name", "auth", "owner", "regions", "artifact_regions", "az_blacklist", "package_lambda", "lambda_zip_path"),
    *("lambda_source_path", "s3_bucket", "s3_regional_buckets", "parameters", "build_submodules", "template", "tags"),
    *("s3_enable_sig_v2", "s3_object_acl", "shorten_stack_name", "role_name", "org_id", "prehooks", "posthooks"),
}
TEST_KEYS = {
    *("template", "parameters", "regions", "artifact_regions", "tags", "auth", "s3_bucket", "s3_regional_buckets"),
    *("az_blacklist", "role_name", "stack_name", "stack_name_prefix", "stack_name_suffix", "prehooks", "posthooks"),
}
FILLED_IN = re.compile(
    r"\$\[taskcat_(autobucket|current_region|project_name|test_name|getaz_\d|getsingleaz_\d|genuuid|random-string)]"
)
# What it passes over when it uploads a project (its _s3_sync.py): names, and beginnings of paths.
NOT_UPLOADED = (".*", "*.md")
NOT_UPLOADED_FOLDERS = ("lambda_functions/source/", "functions/source/", "venv/", "taskcat_outputs/")


def given(scenario: str) -> dict[str, str]:
    """The parameters of a scenario, with those of every one."""
    return {**CONFIGURED["project"]["parameters"], **CONFIGURED["tests"][scenario]["parameters"]}


def parent(scenario: str) -> dict[str, Any]:
    """The template that a scenario launches."""
    return templates()[Path(CONFIGURED["tests"][scenario]["template"]).name.removesuffix(".template.yaml")]


def launched(scenario: str, region: str) -> dict[str, str]:
    """The answers of a launch, with what taskcat fills in, and a VPC where one has to be named."""
    fills = {"autobucket": f"tcat-0123456789abcdef-{region}", "current_region": region, "project_name": taskcat.PROJECT}
    fills |= {f"getsingleaz_{number}": f"{region}{letter}" for number, letter in enumerate("abc", 1)}
    filled = {
        name: re.sub(r"\$\[taskcat_(\w+)]", lambda match: fills[match[1]], answer)
        for name, answer in given(scenario).items()
    }
    unanswered = [name for name, body in parent(scenario)["Parameters"].items() if "Default" not in body]
    return {name: f"id-{name}" for name in unanswered} | filled


def test_the_committed_configuration_is_fresh() -> None:
    assert taskcat.CONFIGURATION.read_text(encoding="utf-8") == taskcat.configuration(Sources()), "run `make templates`"


def test_taskcat_takes_the_configuration() -> None:
    assert CONFIGURED.keys() == {"project", "tests"}
    assert CONFIGURED["project"].keys() <= PROJECT_KEYS
    assert re.fullmatch("[a-z0-9-/]*", CONFIGURED["project"]["name"])
    for name, scenario in CONFIGURED["tests"].items():
        assert scenario.keys() <= TEST_KEYS and re.fullmatch("[a-z0-9-]+", name)
        assert all(isinstance(answer, str) for answer in given(name).values()), "CloudFormation takes texts alone"
        for answer in given(name).values():
            assert "$[" not in FILLED_IN.sub("", answer), answer


def test_scenarios_cover_every_partition_and_many_regions() -> None:
    regions = [region for _, region in LAUNCHES]
    assert len(set(regions)) == len(regions) >= 8, "no region twice: quotas"
    assert {partition_of(region) for region in regions} == set(REGIONS)
    assert set(REGIONS["aws-cn"]) | set(REGIONS["aws-us-gov"]) <= set(regions)
    assert set(regions) <= {region for listed in REGIONS.values() for region in listed}
    assert {CONFIGURED["tests"][name]["template"] for name, _ in LAUNCHES} == {
        f"{RELEASE_FOLDER}templates/{name}.template.yaml" for name in form.PARENTS
    }


@pytest.mark.parametrize("scenario", CONFIGURED["tests"])
def test_answers_are_those_of_the_parameter_file_that_name_nothing_of_an_account(scenario: str) -> None:
    chosen = taskcat.SCENARIOS[scenario]
    listed = json.loads((ROOT / f"parameters/{chosen.file}.json").read_text(encoding="utf-8"))
    file = {item["ParameterKey"]: item["ParameterValue"] for item in listed}
    here = CONFIGURED["tests"][scenario]["parameters"]
    assert {name: answer for name, answer in here.items() if "$[" not in answer}.items() <= file.items()
    for name in file.keys() - here.keys():
        assert file[name].startswith("arn:") or name in {"DomainName", "HostedZoneId", "AlarmEmail"}, name
    assert not [answer for answer in here.values() if answer.startswith("arn:") or "example.com" in answer]


@pytest.mark.parametrize("scenario", CONFIGURED["tests"])
def test_every_parameter_is_in_the_form_and_every_question_answered(scenario: str) -> None:
    asked = parent(scenario)["Parameters"]
    assert given(scenario).keys() <= asked.keys()
    open_ = {name for name, body in asked.items() if "Default" not in body} - given(scenario).keys()
    if taskcat.SCENARIOS[scenario].parent == form.EXISTING_VPC:
        assert open_ and all(name == "VpcId" or "SubnetId" in name for name in open_), "told in .taskcat_overrides.yml"
    else:
        assert open_ == set()


@pytest.mark.parametrize(("scenario", "region"), LAUNCHES)
def test_answers_fit_the_region(scenario: str, region: str) -> None:
    answers = launched(scenario, region)
    assert broken(parent(scenario), answers, region=region) == []
    for name, answer in answers.items():
        pattern = parent(scenario)["Parameters"][name].get("AllowedPattern")
        assert not pattern or re.fullmatch(pattern, answer), name
    extensions = package_folder("cfnlint") / "data/schemas/extensions"
    types = json.loads((extensions / "aws_ec2_instance/instancetype_enum.json").read_text())[region]["enum"]
    for name in ("PortalInstanceType", "HeadNodeInstanceType", "ComputeInstanceType"):
        assert answers.get(name, questions()[name].default) in types, name
    classes = json.loads((extensions / "aws_rds_dbinstance/dbinstanceclass_enum.json").read_text())[region]
    if chosen := answers.get("DatabaseInstanceClass"):
        assert chosen in json.dumps(classes)


@pytest.mark.parametrize(("scenario", "region"), [launch for launch in LAUNCHES if not launch[1].startswith("us-gov")])
def test_china_has_scenarios_of_its_own(scenario: str, region: str) -> None:
    assert (partition_of(region) == "aws-cn") == taskcat.SCENARIOS[scenario].file.startswith("china-")


def test_govcloud_has_a_scenario_of_its_own() -> None:
    regions = [region for name, region in LAUNCHES if taskcat.SCENARIOS[name].file == "govcloud"]
    assert {partition_of(region) for region in regions} == {"aws-us-gov"}


def test_production_has_many_options_on() -> None:
    here = CONFIGURED["tests"]["production"]["parameters"]
    assert {here[name] for name in ("Waf", "AccessLogs", "ComputeEfa")} == {"yes"}
    assert len(here) > 15


def test_templates_look_for_their_children_where_taskcat_uploads_them(tmp_path: Path) -> None:
    """taskcat uploads the project to <bucket>/<project's name>/, and what it passes over is none of the release's."""
    taskcat_launch.stage(tmp_path / "staged")
    project = tmp_path / "staged" / "project"
    files = [path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()]
    assert f"{RELEASE_FOLDER}{MANIFEST}" in files
    for path in files:
        assert not any(fnmatch.fnmatch(part, name) for part in path.split("/") for name in NOT_UPLOADED), path
        assert not path.startswith(NOT_UPLOADED_FOLDERS)
    for scenario, region in LAUNCHES:
        assert CONFIGURED["tests"][scenario]["template"] in files
        values = launched(scenario, region)
        for body in parent(scenario)["Resources"].values():
            if body["Type"] == "AWS::CloudFormation::Stack":
                url = body["Properties"]["TemplateURL"]["Fn::Sub"]
                for name, value in values.items():
                    url = url.replace(f"${{{name}}}", value)
                place = f"https://{values['AssetsBucket']}.s3.{region}.${{AWS::URLSuffix}}/{taskcat.PROJECT}/"
                assert url.startswith(place) and url.removeprefix(place) in files


def test_a_stale_configuration_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(taskcat, "configuration", lambda sources: "other: true\n")
    assert main(["check"]) == 1
    assert capsys.readouterr().err == "check: stale: .taskcat.yml: run `make templates` and commit\n"


def test_a_scenario_that_names_its_zones_names_as_many_as_there_are() -> None:
    named = yaml.safe_load(taskcat.configuration(Sources(), 3))["tests"]["china-ningxia"]["parameters"]
    assert [name for name in named if name.startswith("AvailabilityZone")] == [
        f"AvailabilityZone{n}" for n in (1, 2, 3)
    ]


def test_a_parameter_file_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "parameters").mkdir()
    (tmp_path / "parameters" / "minimal.json").write_text("{}{")
    with pytest.raises(GeneratorError, match=r"minimal\.json, line 1, column 3: this is not JSON"):
        taskcat.configuration(Sources(tmp_path))


# What stands in for taskcat below: launches the template that is its first argument, and deletes it again.
STAND_IN = """
import boto3, sys
template, launched, status, *arguments = sys.argv[1:]
told = dict(zip(arguments[-10::2], arguments[-9::2]))
for region in told["--regions"].split(",") if launched == "yes" else ():
    cloudformation = boto3.client("cloudformation", region_name=region)
    answers = [{"ParameterKey": "PortalAccessCidr", "ParameterValue": "203.0.113.0/24"}]
    stack = cloudformation.create_stack(
        StackName=f"tCaT-{told['--test-names']}-0", TemplateBody=template, Parameters=answers, DisableRollback=True
    )["StackId"]
    import time
    while "PROGRESS" in cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]:
        time.sleep(0.05)
    cloudformation.delete_stack(StackName=stack)
    while "PROGRESS" in cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]:
        time.sleep(0.05)
sys.exit(int(status))
"""


def template(kind: str, default: str = "", **properties: Any) -> str:
    """A template with one resource, and one parameter."""
    asked = {"PortalAccessCidr": {"Type": "String", "Default": default}}
    return json.dumps({"Parameters": asked, "Resources": {"Thing": {"Type": kind, "Properties": properties}}})


GOOD = template("AWS::SNS::Topic")
FAILING = template("AWS::CloudFormation::WaitCondition", Handle="none", Timeout="1")


@pytest.mark.needs_emulator
@pytest.mark.parametrize(
    ("body", "does_launch", "status", "complaint"),
    [
        pytest.param(GOOD, "yes", "0", "", id="good"),
        pytest.param(GOOD, "yes", "3", "taskcat ended with status 3.", id="taskcat fails"),
        pytest.param(GOOD, "no", "0", "minimal in eu-west-1 was not launched.", id="nothing launched"),
        pytest.param(FAILING, "yes", "0", "minimal in eu-west-1 was CREATE_IN_PROGRESS, CREATE_FAILED", id="failing"),
        pytest.param(
            GOOD.replace("PortalAccessCidr", "Other"), "yes", "0", "minimal in eu-west-1 was not launched", id="refused"
        ),
    ],
)
def test_the_run_fails_when_a_launch_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: str, does_launch: str, status: str, complaint: str
) -> None:
    script = tmp_path / "taskcat.py"
    script.write_text(STAND_IN)
    options = ["--tests", "minimal", "--regions", "eu-west-1", "--folder", str(tmp_path / "run")]
    command = ["--taskcat", sys.executable, str(script), body, does_launch, status]
    assert taskcat_local.main([*options, *command]) == (1 if complaint else 0)
    told = capsys.readouterr()
    assert complaint in told.err
    fine = not complaint or complaint.startswith("taskcat")
    assert re.search(rf"^minimal +eu-west-1 +{'PASS' if fine else 'FAIL'}$", told.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--tests", "minimal,maximal"], "There is no scenario maximal: choose from minimal, production"),
        (["--tests", "minimal", "--regions", "cn-north-1"], "No scenario is for these regions: see .taskcat.yml."),
        (["--taskcat", "/nowhere/python"], "run `make taskcat-local`, which sets taskcat up."),
    ],
)
def test_bad_input_is_one_sentence(options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert taskcat_local.main(options) == 1
    assert complaint in capsys.readouterr().err


def libraries(process: int) -> str:
    """What a process has loaded; blank once it has ended."""
    try:
        return Path(f"/proc/{process}/maps").read_text()
    except OSError:
        return ""


@pytest.mark.needs_emulator
def test_ctrl_c_while_the_program_is_loaded_is_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.emulator.taskcat_local", "--folder", str(tmp_path / "run")]
    taskcat_itself = ["--taskcat", "/bin/sleep", "60"]
    with subprocess.Popen([*command, *taskcat_itself], cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        while "yaml" not in libraries(process.pid):  # the first of the libraries that take their time
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == 130
    assert err == "\nInterrupted: neither taskcat nor its emulator runs any more.\n"
