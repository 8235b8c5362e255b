"""Rules between answers: each is violated and kept by an answer of its own, on the template as CloudFormation gets it."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import pytest

from generator import form
from generator.cfn import rules_engine
from generator.cfn.regions import REGIONS
from generator.form.portal import ENGINFRAME_INSTALLER
from generator.stack import MAX_ZONES
from generator.text.yaml import load_yaml
from tests.support.built import PARENTS, REQUIRED, templates, texts

VPC = {
    "VpcId": "vpc-0123456789abcdef0",
    **{
        f"{kind}SubnetId{n}": f"subnet-{i}{n}"
        for i, kind in enumerate(("LoadBalancer", "Private"))
        for n in (1, 2, 3, 4)
    },
}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d"
LICENSE = "arn:aws:secretsmanager:us-east-1:123456789012:secret:license-AbCdEf"
SNAPSHOT = "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:last"
EFPORTAL = {"PortalFlavor": "EFPortal", "LicenseSecretArn": LICENSE, "PortalInstallerUrl": "https://example.com/ef.jar"}
DIRECTORY = {
    "DirectoryDomainName": "corp.example.com",
    "DirectoryDomainAddr": "ldaps://dc1.corp.example.com",
    "DirectoryDomainReadOnlyUser": "CN=reader,DC=corp,DC=example,DC=com",
    "DirectoryPasswordSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:reader-AbCdEf",
}
MORE_OF_DIRECTORY = {
    "DirectoryCaCertSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:ca-AbCdEf",
    "DirectoryLdapAccessFilter": "(memberOf=CN=hpc,DC=corp,DC=example,DC=com)",
}
Answers = dict[str, str]

# For each rule: the parents that have it, answers that violate it and no other rule, answers that keep it, region.
CASES: dict[str, list[tuple[Answers, list[Answers], str]]] = {
    "DomainNameBringsItsCertificate": [
        (
            {"DomainName": "hpc.example.com"},
            [
                {"DomainName": "hpc.example.com", "HostedZoneId": "Z0123456789ABC"},
                {"DomainName": "hpc.example.com", "CertificateArn": CERTIFICATE},
                {"DomainName": "hpc.example.com", "CertificateArn": CERTIFICATE, "HostedZoneId": "Z0123456789ABC"},
                {},
            ],
            "us-east-1",
        )
    ],
    "HostedZoneIsForADomainName": [
        ({"HostedZoneId": "Z0123456789ABC"}, [{"HostedZoneId": "Z01234", "DomainName": "hpc.example.com"}], "us-east-1")
    ],
    "CertificateIsForADomainName": [
        ({"CertificateArn": CERTIFICATE}, [{"CertificateArn": CERTIFICATE, "DomainName": "a.example.com"}], "us-east-1")
    ],
    "ProvisionedDatabaseHasAClass": [
        (
            {"DatabaseMode": "provisioned"},
            [{"DatabaseMode": "provisioned", "DatabaseInstanceClass": "db.r6g.large"}, {"DatabaseMode": "serverless"}],
            "us-east-1",
        )
    ],
    "ServerlessDatabaseHasNoClass": [
        ({"DatabaseMode": mode, "DatabaseInstanceClass": "db.r6g.large"}, [{"DatabaseMode": mode}], "us-east-1")
        for mode in ("serverless", "auto")
    ],
    "EFPortalHasALicense": [(EFPORTAL | {"LicenseSecretArn": ""}, [EFPORTAL], "us-east-1")],
    "EFPortalHasItsInstaller": [(EFPORTAL | {"PortalInstallerUrl": ENGINFRAME_INSTALLER}, [EFPORTAL], "us-east-1")],
    "EnginFrameNeedsNoLicense": [({"LicenseSecretArn": LICENSE}, [EFPORTAL, {}], "us-east-1")],
    "NoScratchLustreInChina": [
        (
            {"LustreDeploymentType": "SCRATCH_2"},
            [{"LustreDeploymentType": "PERSISTENT_1"}, {"LustreDeploymentType": "auto"}],
            region,
        )
        for region in REGIONS["aws-cn"]
    ],
    "Persistent1Throughput": [
        (
            {"LustreDeploymentType": kind, "LustreThroughput": str(wrong)},
            [{"LustreDeploymentType": kind, "LustreThroughput": str(right)} for right in (50, 100, 200)],
            region,
        )
        for wrong in (125, 250, 500, 1000)
        for kind, region in (("PERSISTENT_1", "us-east-1"), ("auto", "us-east-1"), ("auto", "cn-north-1"))
    ],
    "Persistent2Throughput": [
        (
            {"LustreDeploymentType": "PERSISTENT_2", "LustreThroughput": str(wrong)},
            [{"LustreDeploymentType": "PERSISTENT_2", "LustreThroughput": str(r)} for r in (125, 250, 500, 1000)],
            "us-east-1",
        )
        for wrong in (50, 100, 200)
    ],
    "ReleaseIsNamed": [
        ({"AssetsBucket": ""}, [{}], "us-east-1"),
        ({"AssetsBucketRegion": ""}, [{}], "us-east-1"),
        ({"AssetsBucket": "", "AssetsBucketRegion": ""}, [{}], "cn-north-1"),
    ],
    "RestoredDatabaseComesWithItsFiles": [
        (
            {"DatabaseSnapshotArn": SNAPSHOT},
            [
                {"DatabaseSnapshotArn": SNAPSHOT, "ExistingFileSystemId": "fs-0123456789abcdef0"},
                {"ExistingFileSystemId": "fs-0123456789abcdef0"},
            ],
            "us-east-1",
        )
    ],
    "DirectoryIsWhole": [
        (violating, [DIRECTORY, DIRECTORY | MORE_OF_DIRECTORY, {"DirectoryLdapSchema": "rfc2307"}], "us-east-1")
        for violating in (
            *({name: value for name, value in DIRECTORY.items() if name != missing} for missing in DIRECTORY),
            *({name: value} for name, value in (DIRECTORY | MORE_OF_DIRECTORY).items()),
        )
    ],
    "ZonesAllOrNone": [
        (
            violating,
            [{}, {"AvailabilityZone1": "us-east-1a", "AvailabilityZone2": "us-east-1b"}],
            "us-east-1",
        )
        for violating in ({"AvailabilityZone1": "us-east-1a"}, {"AvailabilityZone2": "us-east-1a"})
    ],
    "ZonesAreDistinct": [
        (
            {"AvailabilityZone1": "us-east-1a", "AvailabilityZone2": "us-east-1a"},
            [{}, {"AvailabilityZone1": "us-east-1b", "AvailabilityZone2": "us-east-1a"}],
            "us-east-1",
        )
    ],
    "SubnetsAreDistinct": [({"PrivateSubnetId1": "subnet-s", "PrivateSubnetId2": "subnet-s"}, [{}], "us-east-1")],
    "LoadBalancerSubnetsAreDistinct": [
        ({"LoadBalancerSubnetId1": "subnet-s", "LoadBalancerSubnetId2": "subnet-s"}, [{}], "us-east-1")
    ],
}


@cache
def rendered(parent: str) -> dict[str, Any]:
    """The parent as read from its YAML."""
    return load_yaml(texts()[parent])  # type: ignore[no-any-return]


def broken(parent: str, answers: Answers, region: str, template: dict[str, Any] | None = None) -> list[str]:
    asked = template or rendered(parent)
    given = REQUIRED | ({name: value for name, value in VPC.items() if name in asked["Parameters"]}) | answers
    return rules_engine.broken(asked, given, region=region)


def sentence(parent: str, rule: str) -> str:
    (assertion,) = rendered(parent)["Rules"][rule]["Assertions"]
    return str(assertion["AssertDescription"])


HELD = [
    pytest.param(parent, rule, case, id=f"{parent}-{rule}-{number}")
    for parent in PARENTS
    for rule in templates()[parent]["Rules"]
    for number, case in enumerate(CASES.get(rule, []))
]


@pytest.mark.parametrize("parent", PARENTS)
def test_every_rule_has_a_case(parent: str) -> None:
    assert set(rendered(parent)["Rules"]) <= set(CASES)


def test_every_case_is_of_a_rule() -> None:
    assert set(CASES) == {rule for parent in PARENTS for rule in rendered(parent)["Rules"]}


def test_both_parents_share_their_rules_but_for_zones_and_subnets() -> None:
    own, existing = (set(rendered(parent)["Rules"]) for parent in PARENTS)
    assert own - existing == {"ZonesAllOrNone", "ZonesAreDistinct"}
    assert existing - own == {"SubnetsAreDistinct", "LoadBalancerSubnetsAreDistinct"}


@pytest.mark.parametrize(("parent", "rule", "case"), HELD)
def test_a_violating_answer_is_refused_with_the_rule_s_sentence(
    parent: str, rule: str, case: tuple[Answers, list[Answers], str]
) -> None:
    violating, _, region = case
    assert broken(parent, violating, region) == [sentence(parent, rule)]


@pytest.mark.parametrize(("parent", "rule", "case"), HELD)
def test_an_answer_that_keeps_the_rule_passes_all(
    parent: str, rule: str, case: tuple[Answers, list[Answers], str]
) -> None:
    _, keeping, region = case
    for answers in keeping:
        assert broken(parent, answers, region) == [], answers


@pytest.mark.parametrize("parent", PARENTS)
@pytest.mark.parametrize("region", [region for regions in REGIONS.values() for region in regions])
def test_the_form_s_defaults_keep_every_rule_everywhere(parent: str, region: str) -> None:
    assert broken(parent, {}, region) == []


def test_scratch_lustre_is_for_every_other_partition() -> None:
    for region in ("us-east-1", "us-gov-west-1"):
        assert broken(form.MAIN, {"LustreDeploymentType": "SCRATCH_2"}, region) == []


@pytest.mark.parametrize("pair", [*itertools.combinations(range(1, MAX_ZONES + 1), 2)])
def test_zones_are_distinct_in_pairs(pair: tuple[int, int]) -> None:
    main, existing = (templates(MAX_ZONES)[parent] for parent in PARENTS)
    zones = {f"AvailabilityZone{n}": f"us-east-1{letter}" for n, letter in enumerate("abcdef"[:MAX_ZONES], 1)}
    assert broken(form.MAIN, zones, "us-east-1", main) == []
    same = zones | {f"AvailabilityZone{pair[0]}": zones[f"AvailabilityZone{pair[1]}"]}
    assert broken(form.MAIN, same, "us-east-1", main) == [sentence(form.MAIN, "ZonesAreDistinct")]
    subnets = {f"PrivateSubnetId{n}": "subnet-s" for n in pair}
    assert broken(form.EXISTING_VPC, subnets, "us-east-1", existing) == [
        sentence(form.EXISTING_VPC, "SubnetsAreDistinct")
    ]


@pytest.mark.parametrize("parent", PARENTS)
def test_sentences_name_a_parameter_or_what_to_choose(parent: str) -> None:
    """One sentence or two, which say what is wrong and, behind a colon, what to do."""
    for title, rule in rendered(parent)["Rules"].items():
        (assertion,) = rule["Assertions"]
        said = assertion["AssertDescription"]
        wrong, colon, remedy = said.partition(": ")
        assert colon and wrong[0].isupper() and remedy.endswith("."), f"{title}: {said}"
        assert len(said) <= 255, title


@pytest.mark.parametrize("parent", PARENTS)
def test_rules_know_only_parameters_and_the_region(parent: str) -> None:
    """CloudFormation admits neither Fn::Sub nor Fn::If nor resources in rules; the evaluator raises for them."""
    text = str(rendered(parent)["Rules"])
    assert not any(function in text for function in ("Fn::Sub", "Fn::If", "Fn::FindInMap", "Fn::GetAtt"))
