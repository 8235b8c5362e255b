"""The example answers under parameters/: they fit the form, keep its rules, and exist in the region they are for."""

from __future__ import annotations

import ipaddress
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from generator import form
from generator.cfn.regions import partition_of
from generator.cfn.rules_engine import broken
from generator.text.sources import ROOT
from tests.support.built import REQUIRED, package_folder, questions, templates
from tests.support.rendered import rendered

FOLDER = ROOT / "parameters"
REGION = {
    "minimal": "us-east-1",
    "production": "us-east-1",
    "china-beijing": "cn-north-1",
    "china-ningxia": "cn-northwest-1",
    "govcloud": "us-gov-west-1",
}
FILES = [pytest.param(name, REGION[name], id=name) for name in REGION]
# RFC 5737's ranges for documentation, and private ones for the VPC.
DOCUMENTATION = [ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]


@cache
def answers(name: str) -> dict[str, str]:
    """A file's answers by parameter."""
    listed = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert all(item.keys() == {"ParameterKey", "ParameterValue"} for item in listed)
    found = {item["ParameterKey"]: item["ParameterValue"] for item in listed}
    assert len(found) == len(listed), "each question is answered once"
    return found


def asked() -> dict[str, dict[str, Any]]:
    return templates()[form.MAIN]["Parameters"]  # type: ignore[no-any-return]


def launched(name: str) -> dict[str, str]:
    """The answers of a launch: the file's, and what a published link fills in."""
    return REQUIRED | answers(name)


def test_every_file_has_its_region() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(REGION)


def test_minimal_answers_what_must_be_answered() -> None:
    assert answers("minimal").keys() == {"PortalAccessCidr"}


@pytest.mark.parametrize(("name", "region"), FILES)
def test_answers_are_texts_in_the_order_of_the_form(name: str, region: str) -> None:
    given = list(answers(name))
    assert all(isinstance(value, str) for value in answers(name).values()), "CloudFormation takes texts alone"
    assert given == [question for question in asked() if question in given], "known, and in the order of the form"
    assert not [question for question in given if question.startswith("Assets")], "the publisher's link names these"


@pytest.mark.parametrize(("name", "region"), FILES)
def test_answers_pass_the_form(name: str, region: str) -> None:
    for title, value in answers(name).items():
        body = asked()[title]
        if "AllowedPattern" in body:
            assert re.fullmatch(body["AllowedPattern"], value, re.ASCII), f"{title}: {body['ConstraintDescription']}"
        if "AllowedValues" in body:
            assert value in [str(allowed) for allowed in body["AllowedValues"]], title
        assert value != str(body.get("Default", "")), f"{title}: the default goes without saying"


@pytest.mark.parametrize(("name", "region"), FILES)
def test_answers_keep_every_rule(name: str, region: str) -> None:
    assert broken(templates()[form.MAIN], launched(name), region=region) == []


@pytest.mark.parametrize(("name", "region"), FILES)
def test_arns_are_placeholders_of_the_file_s_own_region(name: str, region: str) -> None:
    for title, value in answers(name).items():
        if value.startswith("arn:"):
            _, partition, service, where, account, _ = value.split(":", 5)
            assert partition == partition_of(region), title
            assert where == ("" if service == "iam" else region), title
            assert account == "123456789012", title


@pytest.mark.parametrize(("name", "region"), FILES)
def test_addresses_and_names_are_for_documentation(name: str, region: str) -> None:
    for title, value in answers(name).items():
        if title.endswith("Cidr"):
            network = ipaddress.ip_network(value)
            if title == "VpcCidr":
                assert network.is_private
            else:
                assert any(network.subnet_of(known) for known in DOCUMENTATION), title  # type: ignore[arg-type]
    for title, end in (("DomainName", ".example.com"), ("AlarmEmail", "@example.com")):
        assert answers(name).get(title, end).endswith(end)


@pytest.mark.parametrize(("name", "region"), FILES)
def test_instance_types_exist_in_the_region(name: str, region: str) -> None:
    extensions = package_folder("cfnlint") / "data/schemas/extensions"
    known = json.loads((extensions / "aws_ec2_instance/instancetype_enum.json").read_text())[region]["enum"]
    taken = {title: str(question.default) for title, question in questions().items()} | answers(name)
    for title in ("PortalInstanceType", "HeadNodeInstanceType", "ComputeInstanceType"):
        assert taken[title] in known, title


@pytest.mark.parametrize(("name", "region"), FILES)
def test_the_database_s_class_exists_in_the_region(name: str, region: str) -> None:
    handed = {title: value for title, value in answers(name).items() if title in templates()["database"]["Parameters"]}
    chosen = rendered("database", region, **handed)["Resources"]["DatabaseInstance1"]["Properties"]["DBInstanceClass"]
    classes = json.loads(
        (package_folder("cfnlint") / "data/schemas/extensions/aws_rds_dbinstance/dbinstanceclass_enum.json").read_text()
    )[region]
    known = {
        kind
        for case in classes["allOf"]
        if case["if"]["properties"]["Engine"].get("const") == "aurora-mysql"
        for kind in case["then"]["properties"]["DBInstanceClass"]["enum"]
    }
    assert chosen in known


@pytest.mark.parametrize(("name", "region"), [param for param in FILES if "china" in str(param.id)])
def test_china_chooses_the_internal_balancer(name: str, region: str) -> None:
    """Ports 80 and 443 are closed to the public there without an ICP recordal."""
    assert answers(name)["LoadBalancerScheme"] == "internal"


def test_production_has_many_options_on() -> None:
    given = answers("production")
    assert {given[title] for title in ("Waf", "AccessLogs", "ComputeEfa")} == {"yes"}
    assert {"KmsKeyArn", "PermissionsBoundaryArn", "DomainName", "AlarmEmail", "SpotMaxNodes"} <= given.keys()
    assert "DeletionProtection" not in given, "switched on by an update: at creation a failure could not roll back"


@pytest.mark.parametrize(("name", "region"), FILES)
def test_every_tier_resolves_with_the_answers(name: str, region: str) -> None:
    for tier, template in templates().items():
        if tier != form.EXISTING_VPC:
            handed = {
                title: value for title, value in launched(name).items() if title in template.get("Parameters", {})
            }
            assert rendered(tier, region, **handed)["Resources"]


def cfn_lint(given: dict[str, str], region: str, folder: Path) -> list[str]:
    """What cfn-lint says against a parameter file, with its rule's number."""
    from cfnlint.config import ConfigMixIn
    from cfnlint.runner import Runner

    file = folder / "answers.json"
    file.write_text(json.dumps([{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]))
    template = ROOT / "build/templates/main.template.yaml"
    found = Runner(ConfigMixIn([str(template), "--regions", region, "--parameter-files", str(file)])).run()
    return [f"{match.rule.id} {match.message}" for match in found if match.rule.id.startswith("E")]


@pytest.mark.parametrize(("name", "region"), FILES)
def test_cfn_lint_takes_the_file(name: str, region: str, tmp_path: Path) -> None:
    """With what a link fills in added: cfn-lint too wants every parameter without a default answered."""
    assert cfn_lint(launched(name), region, tmp_path) == []


def test_cfn_lint_would_not_take_any_file(tmp_path: Path) -> None:
    wrong = {"PortalVolumeSize": "1", "PortalInstanceType": "m7g.large", "LoadBalancerScheme": "open"}
    found = cfn_lint(wrong | {"AssetsBucket": "publisher"}, "us-east-1", tmp_path)
    assert found and all(finding.startswith("E2900") for finding in found), found
