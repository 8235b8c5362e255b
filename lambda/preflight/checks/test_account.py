"""Settings of the account that no answer names."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from preflight.case import Case
from preflight.checks.account import ebs_default_key, public_access, tls_policy
from preflight.checks.image import held_image, machine_image
from preflight.checks.service_roles import service_roles
from preflight.facts import SERVICE_ROLES, SPOT_ROLE
from preflight.verdicts import OK, WARNING, run
from testing.account import Account
from testing.answers import ACCOUNT, VPC, A
from testing.launches import Bad, assert_alone, findings
from testing.responses import KEY, good, held, subnet

OWN_KEY = f"{A}:kms:us-east-1:{ACCOUNT}:key/k"
DEFAULT = {"GetEbsDefaultKmsKeyId": {"KmsKeyId": OWN_KEY}}


def described(**more: str) -> dict[str, Any]:
    """KMS's answer of the default key."""
    return {**DEFAULT, "DescribeKey": {"KeyMetadata": {**KEY, **more}}}


@pytest.mark.parametrize(
    "bad",
    [
        Bad(
            {},
            described(KeyManager="CUSTOMER"),
            "",
            f"The account's default EBS key in us-east-1 is {OWN_KEY}: make alias/aws/ebs the default, or let its policy "
            "allow the account kms:CreateGrant and kms:Decrypt through EC2 and name EbsDefaultKey in PreflightWarnOnly.",
        ),
        Bad({}, described(KeyManager="CUSTOMER", KeyState="PendingDeletion"), ""),
        Bad(
            {},
            {**DEFAULT, "DescribeKey": "NotFoundException"},
            "",
            f"The account's default EBS key in us-east-1 is {OWN_KEY}, which cannot be used: make alias/aws/ebs the "
            "default key.",
        ),
    ],
    ids=["a customer's key", "a key that is to be deleted", "a key that is gone"],
)
def test_a_default_ebs_key_that_the_nodes_may_not_use_is_refused(bad: Bad) -> None:
    assert_alone(ebs_default_key, bad)


@pytest.mark.parametrize("default", ["alias/aws/ebs", f"{A}:kms:us-east-1:{ACCOUNT}:alias/aws/ebs", OWN_KEY])
def test_aws_s_own_ebs_key_passes_however_it_is_named(default: str) -> None:
    asked = {
        "GetEbsDefaultKmsKeyId": {"KmsKeyId": default},
        "DescribeKey": {"KeyMetadata": {**KEY, "KeyManager": "AWS"}},
    }
    assert findings({}, asked) == []


def test_a_default_key_whose_policy_is_known_to_fit_is_a_warning() -> None:
    found = findings({"PreflightWarnOnly": ebs_default_key.name}, described(KeyManager="CUSTOMER"))
    assert {verdict.level for verdict in found} == {WARNING}
    assert ebs_default_key.title in {verdict.check for verdict in found}


def blocked(mode: str) -> dict[str, Any]:
    """EC2's answer of VPC Block Public Access in a mode."""
    return {"DescribeVpcBlockPublicAccessOptions": {"VpcBlockPublicAccessOptions": {"InternetGatewayBlockMode": mode}}}


@pytest.mark.parametrize(
    ("mode", "scheme", "refused"),
    [
        ("block-ingress", "internet-facing", True),
        ("block-ingress", "internal", False),
        ("block-bidirectional", "internet-facing", True),
        ("block-bidirectional", "internal", True),
        ("off", "internet-facing", False),
    ],
)
def test_a_new_vpc_that_block_public_access_would_shut_is_refused(mode: str, scheme: str, refused: bool) -> None:
    found = findings({"LoadBalancerScheme": scheme}, blocked(mode))
    assert [verdict.check for verdict in found] == [public_access.title] * refused


def test_the_sentence_names_the_setting() -> None:
    (found,) = findings({}, blocked("block-ingress"))
    assert found.text == (
        "VPC Block Public Access is block-ingress in us-east-1 and ends the load balancer: switch it off, or take an "
        "existing VPC that is excluded from it."
    )


def modes(*by_subnet: str) -> dict[str, Any]:
    """EC2's answer of the four subnets, each in its mode."""
    found = [
        {**subnet(number, "ab"[(number - 1) % 2]), "BlockPublicAccessStates": {"InternetGatewayBlockMode": mode}}
        for number, mode in enumerate(by_subnet, 1)
    ]
    return {"DescribeSubnets": {"Subnets": found}, **blocked("block-bidirectional")}


def test_excluded_subnets_of_an_existing_vpc_pass() -> None:
    assert findings(VPC, modes("off", "off", "off", "off")) == []


def test_a_shut_subnet_for_the_load_balancer_is_refused() -> None:
    found = findings(VPC, modes("off", "off", "off", "block-ingress"))
    assert [(verdict.check, verdict.parameter) for verdict in found] == [(public_access.title, "LoadBalancerSubnetId2")]
    assert found[0].text.endswith(": exclude the subnet, or choose LoadBalancerScheme internal.")


def test_a_shut_private_subnet_is_a_warning() -> None:
    found = findings(VPC, modes("block-bidirectional", "off", "off", "off"))
    assert [(verdict.level, verdict.parameter) for verdict in found] == [(WARNING, "PrivateSubnetId1")]


def test_images_that_the_account_hides_are_named_by_the_setting() -> None:
    hidden = {"DescribeImages": {"Images": []}, "GetAllowedImagesSettings": {"State": "enabled"}}
    sentence = (
        "ParallelClusterVersion 3.16.1 has no image in us-east-1 that EC2's setting Allowed AMIs admits: admit the "
        "provider amazon, or give PortalAmiId."
    )
    assert_alone(machine_image, Bad({}, hidden, "ParallelClusterVersion", sentence))


def test_an_own_image_that_the_account_hides_is_named_by_the_setting() -> None:
    hidden = {"DescribeImages": {"Images": []}, "GetAllowedImagesSettings": {"State": "enabled"}}
    (found,) = findings({"PortalAmiId": "ami-0123456789abcdef0"}, hidden)
    assert found.text == (
        "PortalAmiId ami-0123456789abcdef0 does not exist in us-east-1, or EC2's setting Allowed AMIs hides it: correct it."
    )


def test_a_region_without_the_tls_policy_is_refused() -> None:
    sentence = (
        "TlsPolicy TLS13 does not exist in us-east-1: launch in another region, and report this region "
        "to the publisher."
    )
    assert_alone(tls_policy, Bad({}, {"DescribeSSLPolicies": "SSLPolicyNotFound"}, "TlsPolicy", sentence))


@pytest.mark.parametrize("role", [role for role in SERVICE_ROLES if role != SPOT_ROLE])
def test_a_launch_makes_a_service_linked_role_that_is_missing(role: str) -> None:
    made: list[str] = []

    def make(asked: dict[str, Any]) -> Any:
        made.append(asked["AWSServiceName"])
        return good()["GetRole"]

    def look(asked: dict[str, Any]) -> Any:
        return "NoSuchEntity" if asked["RoleName"] == role else good()["GetRole"]

    responses = {"GetRole": look, "CreateServiceLinkedRole": make}
    (found,) = findings({}, responses, may_make=True)
    assert (found.check, found.level) == (service_roles.title, WARNING)
    assert found.text == f"{role} was missing: the launch makes it."
    assert made == [f"{SERVICE_ROLES[role]}.amazonaws.com"]
    assert len(findings({}, responses)) == len(made) == 1, "a look from a shell makes nothing"


def test_a_role_that_somebody_made_a_moment_ago_is_no_fault() -> None:
    def make(asked: dict[str, Any]) -> Any:
        message = (
            "Service role name AWSServiceRoleForRDS has been taken in this account, please try a different suffix."
        )
        return ClientError({"Error": {"Code": "InvalidInput", "Message": message}}, "CreateServiceLinkedRole")

    found = findings({}, {"GetRole": "NoSuchEntity", "CreateServiceLinkedRole": make}, may_make=True)
    assert len(found) == len(SERVICE_ROLES) - 1
    assert all(verdict.text.endswith("was missing: the launch makes it.") for verdict in found)


@pytest.mark.parametrize("images", [[], [{"ImageId": "ami-old", "State": "deregistered"}]])
def test_a_held_image_that_is_gone_is_a_warning(images: list[dict[str, str]]) -> None:
    account = Account({**good(), "DescribeStackResource": {"StackResourceDetail": held("ami-old")},
                       "DescribeImages": {"Images": images}})  # fmt: skip
    (found,) = run(held_image, Case({}, "us-east-1", account, old_answers={}, own_stack="stack"))
    assert found.level == WARNING
    assert found.text == (
        "The portal's image ami-old cannot be had any more, so a failed node is not replaced: set PortalImageRefresh, or "
        "another PortalAmiId."
    )


def test_a_held_image_that_is_there_passes() -> None:
    account = Account(good())
    (found,) = run(held_image, Case({}, "us-east-1", account, old_answers={}, own_stack="stack"))
    assert found.level == OK
    assert ("ec2", "DescribeImages", {"ImageIds": ["ami-new"], "IncludeDeprecated": True}) in account.calls
