"""`make preflight`: the form and then the account are checked as a launch would, a verdict a line, and nothing is made."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from generator import RELEASE_FOLDER, form, release_folder
from generator.__main__ import main
from generator.form import answers, parameter_file
from generator.operate import preflight
from generator.text.archives import MANIFEST
from generator.text.functions import load_function
from generator.text.sources import ROOT
from tests.emulator.client import Emulator
from tests.emulator.release import prepare
from tests.support.built import templates
from tests.support.rendered import rendered
from tests.support.shell import Call, point_to, refuse, watch

Run = Callable[..., tuple[int, list[str]]]
FOR_NEW_VPC = "Room for a VPC and its NAT gateways' addresses"
LINE = re.compile(r"(ok|warning|fault) +(\S.*?)(?:  +(\S.*))?")
REGIONS = ("us-east-1", "cn-north-1", "us-gov-west-1")


@pytest.fixture
def run(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command for some answers in a region: its exit status and its lines."""
    point_to(emulator, monkeypatch)

    def command(given: Mapping[str, str], region: str, *arguments: str) -> tuple[int, list[str]]:
        path = tmp_path / "answers.json"
        path.write_text(json.dumps([{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()]))
        status = main(["preflight", "--parameters", str(path), "--region", region, *arguments])
        out, err = capsys.readouterr()
        return status, (out + err).splitlines()

    return command


def good(emulator: Emulator, region: str) -> dict[str, str]:
    """Answers that a launch in the emulator succeeds with."""
    return prepare(emulator, {"PortalAccessCidr": "203.0.113.0/24"}, region)


def verdicts(lines: list[str]) -> list[tuple[str, str, str]]:
    """Level, check and sentence of each line of the table."""
    found = [LINE.fullmatch(line) for line in lines[: lines.index("")]]
    assert all(found)
    return [(match[1], match[2], match[3] or "") for match in found if match]


def texts(lines: list[str], level: str) -> list[str]:
    return [text for each, _, text in verdicts(lines) if each == level]


@pytest.mark.parametrize("region", REGIONS)
def test_a_good_launch_passes(run: Run, emulator: Emulator, region: str) -> None:
    status, lines = run(good(emulator, region), region)
    assert status == 0, lines
    assert texts(lines, "fault") == []
    assert texts(lines, "warning") == [preflight.NOT_NAMED]
    assert (
        lines[-1] == f"Ready to launch main in {region}: 0 faults, 1 warning, {len(verdicts(lines)) - 1} checks passed."
    )


def test_only_checks_that_apply_are_shown(run: Run, emulator: Emulator) -> None:
    """Not "ok" for an existing VPC where there is none, nor for a key pair that nobody named."""
    _, lines = run(good(emulator, "us-east-1"), "us-east-1")
    shown = {check for _, check, _ in verdicts(lines)}
    assert shown >= {preflight.FORM, preflight.RULES, FOR_NEW_VPC, "Room for the database"}
    assert not [check for check in shown if "existing" in check]
    assert not shown & {"KeyName exists and fits", "The service-linked role of Spot is there, or made"}


def test_a_check_that_does_not_apply_is_no_pass(run: Run, emulator: Emulator) -> None:
    """Every line is a check that looked at something, and the sum counts those alone."""
    _, lines = run(good(emulator, "us-east-1"), "us-east-1")
    assert len(verdicts(lines)) < len(load_function("preflight", "checks").CHECKS)
    assert lines[-1].endswith(f"{len(texts(lines, 'ok'))} checks passed.")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"ebs_default_key": "arn:aws:kms:us-east-1:1:key/k"}, "The account's default EBS key in us-east-1 is arn:"),
        ({"public_access": "block-ingress"}, "VPC Block Public Access is block-ingress in us-east-1 and ends the load"),
        ({"allowed_images": "enabled"}, "ParallelClusterVersion 3.16.1 has no image in us-east-1 that EC2's setting"),
        ({"tls_policies": []}, "TlsPolicy ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09 does not exist in us-east-1: "),
    ],
)
def test_a_setting_of_the_account_that_ends_a_launch_is_a_fault(
    run: Run, emulator: Emulator, settings: dict[str, Any], sentence: str
) -> None:
    emulator.set_account(**settings)
    try:
        status, lines = run(good(emulator, "us-east-1"), "us-east-1")
    finally:
        emulator.set_account()
    assert status == 1
    [fault] = texts(lines, "fault")
    assert fault.startswith(sentence)


def test_an_account_that_has_used_no_service_is_warned_of_its_roles(run: Run, emulator: Emulator) -> None:
    emulator.set_account(service_roles=False)
    try:
        status, lines = run(good(emulator, "us-east-1"), "us-east-1")
    finally:
        emulator.set_account()
    missing = [text for text in texts(lines, "warning") if text.endswith(" was missing: the launch makes it.")]
    assert status == 0 and len(missing) == 4


def test_a_named_check_only_warns(run: Run, emulator: Emulator) -> None:
    known = {"HeadNodeInstanceType": "m6i.xlarge", "ComputeMinNodes": "20", "PreflightWarnOnly": "Ranges"}
    status, lines = run(good(emulator, "us-east-1") | known, "us-east-1")
    assert status == 0
    assert "ComputeMinNodes 20 is more than ComputeMaxNodes 10: lower the one or raise the other." in texts(
        lines, "warning"
    )


@pytest.mark.parametrize(
    ("faults", "warnings", "passed", "words"),
    [
        (1, 0, 1, "1 fault, 0 warnings, 1 check passed"),
        (0, 1, 2, "0 faults, 1 warning, 2 checks passed"),
        (2, 2, 0, "2 faults, 2 warnings, 0 checks passed"),
    ],
)
def test_one_is_singular(faults: int, warnings: int, passed: int, words: str) -> None:
    levels = [preflight.FAULT] * faults + [preflight.WARNING] * warnings + [preflight.OK] * passed
    assert preflight.add_up([preflight.Verdict("check", level) for level in levels]) == words


def test_an_installer_out_of_reach_is_a_warning(run: Run, emulator: Emulator) -> None:
    """The stack's function fetches it from elsewhere."""
    unreachable = {"PortalInstallerUrl": "https://127.0.0.1/installer.jar"}
    status, lines = run(good(emulator, "us-east-1") | unreachable, "us-east-1")
    assert status == 0
    [warning] = [text for text in texts(lines, "warning") if text != preflight.NOT_NAMED]
    assert warning.startswith("PortalInstallerUrl https://127.0.0.1/installer.jar cannot be reached from here (")


def test_without_credentials_the_form_is_checked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    status, lines = run({"PortalAccessCidr": "203.0.113.0/24"}, "us-east-1")
    assert status == 1
    assert [(level, check) for level, check, _ in verdicts(lines)] == [("ok", preflight.FORM), ("ok", preflight.RULES)]
    assert lines[-2] == "Not ready to launch main in us-east-1: 0 faults, 0 warnings, 2 checks passed."
    assert lines[-1].startswith("preflight: The account was not looked at, since there are no AWS credentials: sign in")


def test_without_credentials_wrong_answers_are_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    status, lines = run({"PortalAccessCidr": "all"}, "us-east-1")
    assert status == 1
    [fault] = texts(lines, "fault")
    assert fault.startswith("PortalAccessCidr does not fit: Must be an IPv4 range such as 203.0.113.0/24")


def test_a_launch_over_three_zones_is_checked(run: Run, emulator: Emulator, name: str) -> None:
    emulator.publish({}, name, region="us-west-2")
    place = {"AssetsBucket": name, "AssetsBucketRegion": "us-west-2", "AvailabilityZone3": "us-east-1c"}
    zones = {"AvailabilityZone1": "us-east-1a", "AvailabilityZone2": "us-east-1b"}
    status, lines = run(good(emulator, "us-east-1") | place | zones, "us-east-1", "--zones", "3")
    assert status == 1
    [fault] = texts(lines, "fault")
    assert f"/zones-3/{MANIFEST}" in fault


def test_it_makes_nothing(run: Run, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    called: set[str] = set()

    def watcher(operation: str, arguments: Mapping[str, Any], call: Call) -> Any:
        called.add(operation)
        if operation == "GetRole":  # some other test may have had it made
            raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "No."}}, operation)
        return call()

    given = good(emulator, "us-east-1") | {"SpotMaxNodes": "4"}  # for which a launch makes a role
    watch(monkeypatch, watcher)
    status, lines = run(given, "us-east-1")
    assert status == 0 and "AWSServiceRoleForEC2Spot was missing: the launch makes it." in texts(lines, "warning")
    assert len(called) > 10
    assert {operation for operation in called if not operation.startswith(("Describe", "Get", "List", "Head"))} == set()


def test_every_fault_of_the_account_is_reported_at_once(run: Run, emulator: Emulator) -> None:
    bad = {"HeadNodeInstanceType": "x99.large", "KeyName": "nobody's", "ComputeMinNodes": "20"}
    status, lines = run(good(emulator, "us-east-1") | bad, "us-east-1", "--stack", "s" * 41)
    assert status == 1
    found = texts(lines, "fault")
    assert "HeadNodeInstanceType x99.large is not offered in us-east-1: choose another type." in found
    assert "KeyName nobody's does not exist in us-east-1: correct it." in found
    assert "ComputeMinNodes 20 is more than ComputeMaxNodes 10: lower the one or raise the other." in found
    assert any(text.startswith("The stack's name sss") for text in found)
    assert len(found) == 4
    assert lines[-1].startswith("Not ready to launch main in us-east-1: 4 faults, ")


def test_a_rule_of_the_form_that_is_broken(run: Run, emulator: Emulator) -> None:
    status, lines = run(good(emulator, "cn-north-1") | {"LustreDeploymentType": "SCRATCH_2"}, "cn-north-1")
    assert status == 1
    rule = "LustreDeploymentType SCRATCH_2 does not exist in China: choose auto or PERSISTENT_1."
    assert ("fault", preflight.RULES, rule) in verdicts(lines)
    assert len(verdicts(lines)) > 15, "the account is looked at all the same"


def test_answers_that_do_not_fit_the_form(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "on_account", lambda *_: pytest.fail("the account says nothing to such answers"))
    bad = {"Nonsense": "1", "ComputeMaxNodes": "many", "ComputeEfa": "perhaps", "AdminPasswordSecretArn": "Sesame-2024"}
    status, lines = run(bad, "us-east-1")
    assert status == 1
    assert [text for _, check, text in verdicts(lines) if check == preflight.FORM] == [
        "Nonsense is no question of this form: take it out, or correct its name.",
        "PortalAccessCidr has no answer and no default: give one. Address range that may open the portal in a browser, "
        "such as 203.0.113.0/24.",
        "AdminPasswordSecretArn does not fit: Must be a secret's ARN, or blank.",
        "ComputeMaxNodes does not fit: Must be a whole number from 1 to 1000.",
        "ComputeEfa does not fit: Choose no or yes.",
    ]
    assert "Sesame" not in "\n".join(lines), "an answer may be a misplaced secret"


def test_the_release_that_the_answers_name(
    run: Run, emulator: Emulator, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = "0.1.0-dev.g1234567"
    monkeypatch.setattr(preflight.version, "version", lambda root: version)
    place = {"AssetsBucket": name, "AssetsBucketRegion": "us-west-2"}
    emulator.publish({}, name, region="us-west-2")
    status, lines = run(good(emulator, "us-east-1") | place, "us-east-1")
    key = f"hpc-portal/{release_folder(version)}{MANIFEST}"
    assert (status, texts(lines, "fault")) == (
        1,
        [
            f"AssetsBucket {name} does not give {key} (there is no such object): correct AssetsBucket, "
            "AssetsBucketRegion or AssetsPrefix, "
            "or publish the release again."
        ],
    )
    emulator.publish({key: b"0  userdata/portal-0.tar\n"}, name, region="us-west-2")
    status, lines = run(good(emulator, "us-east-1") | place, "us-east-1")
    assert status == 0 and texts(lines, "warning") == []


def test_a_vpc_in_the_answers_means_the_other_parent(run: Run, emulator: Emulator) -> None:
    subnets = {
        f"{kind}SubnetId{n}": f"subnet-{kind.lower()}{n}" for kind in ("LoadBalancer", "Private") for n in (1, 2)
    }
    status, lines = run(good(emulator, "us-east-1") | {"VpcId": "vpc-0123456789abcdef0", **subnets}, "us-east-1")
    assert status == 1
    assert "VpcId vpc-0123456789abcdef0 does not exist in us-east-1: correct it." in texts(lines, "fault")
    assert lines[-1].startswith("Not ready to launch main-existing-vpc in us-east-1: ")
    status, lines = run({"VpcId": "", "PortalAccessCidr": "203.0.113.0/24"}, "us-east-1")
    assert status == 1 and "VpcId does not fit: Choose a VPC of this region." in texts(lines, "fault")


def test_what_may_not_be_read_is_a_warning(run: Run, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    given = good(emulator, "us-east-1")
    refuse(monkeypatch, "DescribeAccountAttributes", "AccessDenied")
    status, lines = run(given, "us-east-1")
    assert status == 0
    assert [
        text
        for text in texts(lines, "warning")
        if text.startswith("Could not be checked; verify it yourself: ClientError")
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("",), "No region is known: name one with REGION=…"),
        (
            ("ap-northeast-3",),
            "REGION ap-northeast-3 is none that ParallelCluster supports: choose one of the README's.",
        ),
        (("us-east-1", "--profile", "nobody"), "PROFILE nobody is not in the AWS configuration"),
    ],
)
def test_what_is_wrong_with_the_command(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    status, lines = run({}, *arguments)
    assert status == 1 and len(lines) == 1 and lines[0].startswith(f"preflight: {sentence}")


def test_credentials_that_aws_does_not_know(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not forty warnings and a launch that is called ready."""
    refuse(monkeypatch, "GetCallerIdentity", "InvalidClientTokenId")
    status, lines = run({"PortalAccessCidr": "203.0.113.0/24"}, "cn-north-1")
    assert status == 1 and texts(lines, "warning") == []
    sentence = "the credentials cannot be checked in cn-north-1: AWS does not know these"
    assert lines[-1].startswith(f"preflight: The account was not looked at, since {sentence}")


def test_a_parameter_file_that_is_none_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "answers.json"
    path.write_text("[1]")
    assert main(["preflight", "--parameters", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"preflight: {path}: item 1 is a number") and err.count("\n") == 1


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"DatabaseMode": "serverless"},
        {"DatabaseMode": "provisioned", "DatabaseInstanceClass": "db.r7g.large"},
        {"LustreDeploymentType": "PERSISTENT_1", "AssetsPrefix": "our/"},
    ],
)
def test_auto_comes_to_what_the_templates_make_of_it(region: str, given: dict[str, str]) -> None:
    full = answers.completed(templates()[form.MAIN], given)
    taken = {name: full[name] for name in templates()["preflight"]["Parameters"] if name in full}
    expected = rendered("preflight", region, **taken)["Resources"]["Checks"]["Properties"]["Resolved"]
    found = preflight.resolved(full, region, RELEASE_FOLDER)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("path", sorted((ROOT / "parameters").glob("*.json")), ids=lambda path: path.stem)
def test_the_example_answers_fit_the_form(path: Path) -> None:
    region = {"china-beijing": "cn-north-1", "china-ningxia": "cn-northwest-1"}.get(path.stem, "us-east-1")
    found = preflight.on_form(templates()[form.MAIN], parameter_file.read(path), region)
    assert {verdict.level for verdict in found} == {"ok"}


def test_on_a_terminal_it_is_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    sentence = "KeyName [red] does not exist in us-east-1: correct it."
    preflight.show([preflight.Verdict("KeyName exists and fits", "fault", sentence)])
    out = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out)
    assert out.splitlines()[0].split() == ["Verdict", "Check", "What", "to", "do"]
    assert "[red]" in out and all(len(line) <= 60 for line in out.splitlines())
