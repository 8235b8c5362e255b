"""The evaluator of the Rules section, which the launch form's tests rely on, answers as CloudFormation does."""

from typing import Any

import pytest

from generator.cfn.rules_engine import RuleError, broken

PARAMETERS = {
    "Mode": {"Type": "String", "Default": "auto"},
    "Class": {"Type": "String", "Default": ""},
    "Zones": {"Type": "CommaDelimitedList", "Default": "a, b"},
    "Subnets": {"Type": "List<AWS::EC2::Subnet::Id>", "Default": "subnet-1,subnet-2"},
}
MODE, CLASS, ZONES = {"Ref": "Mode"}, {"Ref": "Class"}, {"Ref": "Zones"}


def said(assertion: Any, condition: Any = None, **values: str) -> bool:
    """Whether an assertion holds for these answers."""
    rule = {"Assertions": [{"Assert": assertion, "AssertDescription": "Broken."}]}
    rule |= {} if condition is None else {"RuleCondition": condition}
    offered: dict[str, Any] = {
        "region": "cn-north-1",
        "ref_all": lambda kind: ["vpc-1"],
        "value_of": lambda kind, item, name: f"{item}:{name}",
    }
    found = broken({"Parameters": PARAMETERS, "Rules": {"R": rule}}, values, **offered)
    assert found in ([], ["Broken."])
    return not found


def test_every_function_of_a_rule_decides_as_documented() -> None:
    assert said({"Fn::Equals": [MODE, "auto"]}) and not said({"Fn::Equals": [MODE, "serverless"]})
    assert said({"Fn::Not": [{"Fn::Equals": [MODE, CLASS]}]})
    assert said({"Fn::And": [{"Fn::Equals": [MODE, "x"]}, {"Fn::Equals": [CLASS, "y"]}]}, Mode="x", Class="y")
    assert said({"Fn::Or": [{"Fn::Equals": [MODE, "x"]}, {"Fn::Equals": [CLASS, "y"]}]}, Class="y")
    assert said({"Fn::Contains": [["auto", "x"], MODE]}) and not said({"Fn::Contains": [ZONES, "c"]})
    assert said({"Fn::EachMemberIn": [ZONES, ["a", "b", "c"]]}) and not said({"Fn::EachMemberIn": [ZONES, ["a"]]})
    assert said({"Fn::EachMemberEquals": [ZONES, "a"]}, Zones="a,a") and not said(
        {"Fn::EachMemberEquals": [ZONES, "a"]}
    )


def test_what_only_the_account_knows() -> None:
    assert said({"Fn::Contains": [{"Fn::RefAll": "AWS::EC2::VPC::Id"}, "vpc-1"]})
    zones = {"Fn::ValueOf": ["Subnets", "AvailabilityZone"]}
    assert said({"Fn::EachMemberIn": [zones, ["subnet-1:AvailabilityZone", "subnet-2:AvailabilityZone"]]})


def test_pseudo_parameters_follow_from_the_region() -> None:
    assert said({"Fn::Equals": [{"Ref": "AWS::Partition"}, "aws-cn"]})
    assert said({"Fn::Equals": [{"Ref": "AWS::URLSuffix"}, "amazonaws.com.cn"]})


def test_a_rule_applies_only_under_its_condition() -> None:
    provisioned = {"Fn::Equals": [MODE, "provisioned"]}
    named = {"Fn::Not": [{"Fn::Equals": [CLASS, ""]}]}
    assert said(named, provisioned) and not said(named, provisioned, Mode="provisioned")
    assert said(named, provisioned, Mode="provisioned", Class="db.r6g.large")


@pytest.mark.parametrize(
    ("assertion", "complaint"),
    [
        ({"Fn::If": ["x", "y", "z"]}, "not supported in the Rules block of the template: \\[Fn::If\\]"),
        ({"Fn::FindInMap": ["a", "b", "c"]}, "\\[Fn::FindInMap\\]"),
        ({"Fn::Equals": [{"Ref": "Nothing"}, ""]}, "Unresolved dependencies \\[Nothing\\]"),
        ({"Fn::Not": [MODE]}, "needs a condition"),
        ({"Fn::And": [{"Fn::Equals": ["a", "a"]}]}, "2 to 10 conditions"),
        ({"Fn::Contains": [MODE, "auto"]}, "takes a list of strings first"),
        ({"Fn::Equals": ["a"]}, "takes two arguments"),
        (MODE, "needs a condition"),
        ({"Fn::ValueOf": [MODE, "x"]}, "takes two strings"),
    ],
)
def test_a_wrong_rule_is_refused(assertion: Any, complaint: str) -> None:
    with pytest.raises(RuleError, match=complaint):
        said(assertion)
