"""The form: every question is grouped, labeled, described in one grammar, and constrained in words and patterns."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import pytest

from generator import form
from generator.form import Question, numbers, patterns
from generator.form.answers import fits, misfit
from generator.form.portal import ENGINFRAME_INSTALLER
from generator.form.question import numbered
from generator.stack import MAX_ZONES, MIN_ZONES
from generator.text.functions import load_function
from generator.text.sources import ROOT
from tests.support.built import PARENTS, package_folder, questions, templates

MAX_DESCRIPTION, MAX_PARAMETERS, MAX_VALUE = 4000, 200, 4096  # CloudFormation quotas
# A published link fills these in; their rule (ReleaseIsNamed) refuses a blank with a sentence.
FILLED_IN_BY_THE_LINK = {"AssetsBucket", "AssetsBucketRegion"}
WITHOUT_DEFAULT = {
    form.MAIN: {"PortalAccessCidr"},
    form.EXISTING_VPC: {
        *("PortalAccessCidr", "VpcId", "LoadBalancerSubnetId1", "LoadBalancerSubnetId2", "PrivateSubnetId1"),
        "PrivateSubnetId2",
    },
}
TITLES = [title for title, _ in form.groups(2)]
ASKED = [(parent, name) for parent in PARENTS for name in templates()[parent]["Parameters"]]


def parameter(parent: str, name: str) -> dict[str, Any]:
    return templates()[parent]["Parameters"][name]  # type: ignore[no-any-return]


def interface(parent: str) -> dict[str, Any]:
    return templates()[parent]["Metadata"]["AWS::CloudFormation::Interface"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("zones", range(MIN_ZONES, MAX_ZONES + 1))
@pytest.mark.parametrize("parent", PARENTS)
def test_every_parameter_is_in_one_group_and_labeled(parent: str, zones: int) -> None:
    template = templates(zones)[parent]
    console = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in console["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"]), "each in one group, and nothing else in any"
    labels = {name: label["default"] for name, label in console["ParameterLabels"].items()}
    assert labels.keys() == template["Parameters"].keys()
    assert all(label and label[0].isupper() and not label.endswith(".") for label in labels.values())


@pytest.mark.parametrize("parent", PARENTS)
def test_no_label_stands_twice_in_a_form(parent: str) -> None:
    labels = [label["default"] for label in interface(parent)["ParameterLabels"].values()]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("parent", PARENTS)
def test_the_groups_stand_in_their_order_and_none_is_empty(parent: str) -> None:
    groups = interface(parent)["ParameterGroups"]
    assert [group["Label"]["default"] for group in groups] == TITLES
    assert all(group["Parameters"] for group in groups)


@pytest.mark.parametrize("parent", PARENTS)
def test_the_parameters_stand_in_the_order_of_the_groups(parent: str) -> None:
    grouped = [name for group in interface(parent)["ParameterGroups"] for name in group["Parameters"]]
    assert grouped == [name for _, asked in form.groups(2) for name in asked if name in grouped]


@pytest.mark.parametrize("parent", PARENTS)
def test_one_question_has_no_default(parent: str) -> None:
    """Who may reach the portal is asked; nothing lets anybody in unasked. An existing VPC has to be named as well."""
    without = {name for name, body in templates()[parent]["Parameters"].items() if "Default" not in body}
    assert without == WITHOUT_DEFAULT[parent]
    for name, body in templates()[parent]["Parameters"].items():
        assert "0.0.0.0/0" not in str(body), name


@pytest.mark.parametrize("parent", PARENTS)
def test_a_parent_has_no_more_parameters_than_cloudformation_takes(parent: str) -> None:
    assert len(templates()[parent]["Parameters"]) < MAX_PARAMETERS


@pytest.mark.parametrize(("parent", "name"), ASKED)
def test_a_description_follows_the_grammar(parent: str, name: str) -> None:
    body = parameter(parent, name)
    said = body["Description"]
    assert said.endswith(".") and "  " not in said and "{" not in said and len(said) < MAX_DESCRIPTION
    optional = body.get("Default") == "" and name not in FILLED_IN_BY_THE_LINK
    assert said.startswith("Optional - ") == optional, said
    assert bool(re.search(r"\. Leave blank (to|for|unless) ", said)) == optional, said
    assert said.removeprefix("Optional - ")[0].isupper(), said


@pytest.mark.parametrize(("parent", "name"), ASKED)
def test_an_answer_is_constrained_and_the_constraint_is_a_sentence(parent: str, name: str) -> None:
    body = parameter(parent, name)
    constrained = "AllowedPattern" in body or "AllowedValues" in body or body["Type"].startswith("AWS::")
    assert constrained, "a free text"
    said = body["ConstraintDescription"]
    assert re.match(r"(Must be|Choose) ", said) and said.endswith("."), said
    if "AllowedPattern" in body and re.fullmatch(body["AllowedPattern"], "") and name not in FILLED_IN_BY_THE_LINK:
        assert said.endswith(", or blank."), said
    assert "NoEcho" not in body, "no secret is ever a parameter"


@pytest.mark.parametrize(("parent", "name"), ASKED)
def test_a_default_is_an_answer_that_passes(parent: str, name: str) -> None:
    body = parameter(parent, name)
    if "Default" not in body:
        return
    default = body["Default"]
    if "AllowedPattern" in body:
        assert re.fullmatch(body["AllowedPattern"], default, re.ASCII)
    if "AllowedValues" in body:
        assert str(default) in [str(value) for value in body["AllowedValues"]]
    assert isinstance(default, str) and all(isinstance(value, str) for value in body.get("AllowedValues", []))


NUMBERS = [(parent, name) for parent, name in ASKED if questions()[name].type == "Number"]
NO_COUNTS = ["60.25", "7.7", "0.0", "16.0", "1e3", "1E1", "+5", "-5", " 5", "5 ", "050", "00", "5.", ".5", "0x10", "5,0",
             "1_0", "\uff15", "\u0665", "NaN", "Infinity", "-0", "", "five", "100000", "5\n"]  # fmt: skip


@pytest.mark.parametrize(("parent", "name"), NUMBERS)
@pytest.mark.parametrize("answer", NO_COUNTS)
def test_a_number_that_is_no_count_is_refused_in_a_sentence(parent: str, name: str, answer: str) -> None:
    """CloudFormation's own type Number takes 10.5 and 1e3, which the services refuse late."""
    body = parameter(parent, name)
    assert body["Type"] == "String" and not fits(body, answer)
    assert misfit(name, body).startswith(f"{name} does not fit: ")


def test_only_a_database_s_capacity_has_halves() -> None:
    halves = {name for parent, name in NUMBERS if fits(parameter(parent, name), "10.5")}
    assert halves == {"DatabaseMinCapacity", "DatabaseMaxCapacity"}


def test_every_number_of_the_form_is_tried() -> None:
    assert {name for _, name in NUMBERS} == {name for name, asked in questions().items() if asked.type == "Number"}
    assert len({name for _, name in NUMBERS}) >= 10
    assert not [name for parent, name in ASKED if parameter(parent, name)["Type"] == "Number"]


@pytest.mark.parametrize(
    ("minimum", "maximum", "step"),
    [(0, 1000, 1), (1, 35, 1), (50, 16384, 1), (99, 101, 1), (7, 7, 1), (0, 0, 1), (0.5, 256, 0.5), (1, 256, 0.5)],
)
def test_a_range_s_pattern_takes_its_numbers_and_no_other(minimum: float, maximum: float, step: float) -> None:
    taken = re.compile(numbers.pattern(minimum, maximum, step))
    for half in range(40000):
        number = half / 2
        is_one = minimum <= number <= maximum and number % step == 0
        assert bool(taken.fullmatch(f"{number:g}")) == is_one, number


@pytest.mark.parametrize(("maximum", "step"), [(10, 0.25), (10.5, 0.5), (10, 2)])
def test_a_step_without_a_pattern_is_refused(maximum: float, step: float) -> None:
    with pytest.raises(ValueError, match="no pattern for steps of"):
        numbers.pattern(0, maximum, step)


@pytest.mark.parametrize(("parent", "name"), ASKED)
def test_an_optional_answer_may_be_blank_and_any_other_may_not(parent: str, name: str) -> None:
    body = parameter(parent, name)
    if "AllowedPattern" in body:
        assert bool(re.fullmatch(body["AllowedPattern"], "")) == (body.get("Default") == "")
    if body["Type"].startswith("AWS::"):
        assert "Default" not in body, "CloudFormation refuses a blank for its own types"


@pytest.mark.parametrize(("parent", "name"), ASKED)
def test_a_pattern_reads_the_same_in_java(parent: str, name: str) -> None:
    """CloudFormation's patterns are Java's. What Python reads otherwise or not at all must not occur."""
    pattern = parameter(parent, name).get("AllowedPattern", "^x$")
    re.compile(pattern)
    assert len(pattern) < MAX_VALUE
    assert pattern.startswith("^") and pattern.endswith("$"), "anchored, whoever matches"
    assert not re.search(r"\(\?(?![!=:])", pattern), "only lookaheads and plain groups"
    assert not re.search(r"\\[^dws.x\\/1-9-]|\\x(?![0-9a-f]{2})", pattern), "escapes that both have"
    classes = re.findall(r"(?<!\\)\[((?:\\.|[^\]\\])*)\]", pattern)
    for inside in classes:
        assert "[" not in inside and "&&" not in inside, f"Java reads [{inside}] as a union or an intersection"
    assert not re.search(r"\{,|[*+?}]\+", re.sub(r"\[(?:\\.|[^\]\\])*\]", "[]", pattern)), "repetitions that both have"


@pytest.mark.parametrize("parent", PARENTS)
def test_children_relax_what_the_parent_has_checked(parent: str) -> None:
    """A blank answer must pass a child's parameter as well; the pattern is the parent's business."""
    for tier, template in templates().items():
        for name, body in template.get("Parameters", {}).items():
            if tier not in PARENTS and name in questions():
                assert body["Type"] in ("String", "Number"), (tier, name)
                assert "AllowedPattern" not in body and "Default" not in body, (tier, name)


ARN = "arn:aws-cn:{}:cn-north-1:123456789012:{}"
# What each pattern takes and what it refuses.
SAMPLES: dict[str, tuple[list[str], list[str]]] = {
    "CIDR": (
        ["203.0.113.0/24", "10.0.0.0/8", "198.51.100.7/32", "255.255.255.255/32"],
        [
            "203.0.113.0",
            "256.0.0.0/8",
            "10.0.0.0/33",
            "10.0.0/8",
            "010.0.0.0/8",
            "10.00.0.0/8",
            "a.b.c.d/8",
            "::/0",
            " 10.0.0.0/8",
        ],
    ),
    "VPC_CIDR": (["10.0.0.0/16", "172.16.0.0/18", "192.168.0.0/20"], ["10.0.0.0/17", "10.0.0.0/8", "10.0.0.0/24"]),
    "SECRET_ARN": (
        [
            ARN.format("secretsmanager", "secret:hpc/ef@admin-AbCdEf"),
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:x",
        ],
        ["hpc-secret", "arn:aws:ssm:us-east-1:123456789012:parameter/x", "arn:aws:secretsmanager:us-east-1:1:secret:x"],
    ),
    "CERTIFICATE_ARN": (
        [ARN.format("acm", "certificate/0a1b2c3d-0000-1111-2222-333344445555")],
        [ARN.format("iam", "server-certificate/x"), "certificate/x"],
    ),
    "KMS_KEY_ARN": (
        [ARN.format("kms", "key/0a1b2c3d"), "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-0a1b2c3d"],
        [ARN.format("kms", "alias/mine"), "0a1b2c3d", "alias/mine"],
    ),
    "BOUNDARY_ARN": (
        ["arn:aws:iam::123456789012:policy/Team-Boundary_1", "arn:aws-cn:iam::aws:policy/PowerUserAccess"],
        [
            "arn:aws:iam::123456789012:role/x",
            "Boundary",
            "arn:aws:iam::123456789012:policy/team/Boundary",
            "arn:aws:iam::123456789012:policy/my.boundary",
            "arn:aws:iam::aws:policy/job-function/SystemAdministrator",
        ],
    ),
    "SNAPSHOT_ARN": (
        [ARN.format("rds", "cluster-snapshot:rds:hpc-2026-01-01-00-00"), ARN.format("rds", "cluster-snapshot:final")],
        [ARN.format("rds", "cluster:hpc"), "final"],
    ),
    "AVAILABILITY_ZONE": (
        ["us-east-1a", "cn-north-1b", "us-gov-west-1c", "ap-southeast-2a"],
        ["us-east-1", "use1-az1", "a"],
    ),
    "DOMAIN_NAME": (
        ["hpc.example.com", "a-b.c.example.org", "x1.cn"],
        [
            "HPC.example.com",
            "-a.example.com",
            "a-.example.com",
            "example",
            "hpc.example.com.",
            "*.example.com",
            "a_b.com",
        ],
    ),
    "HOSTED_ZONE": (["Z0123456789ABCDEFGHIJ", "Z3M3LMPEXAMPLE"], ["/hostedzone/Z0123456789A", "z0123456789", "Z1"]),
    "PREFIX_LIST": (["pl-0123456789abcdef0", "pl-12345678"], ["pl-xyz", "sg-0123456789abcdef0"]),
    "FILE_SYSTEM": (["fs-0123456789abcdef0", "fs-12345678"], ["fs-1", "fsap-0123456789abcdef0"]),
    "IMAGE": (["ami-0123456789abcdef0", "ami-12345678"], ["ami-1", "/aws/service/x", "0123456789abcdef0"]),
    "KEY_NAME": (["operators", "my key (2026)"], ["tab\there", "caf\u00e9", "x" * 256]),
    "EMAIL": (["hpc@example.com", "a.b+c@mail.example.org"], ["hpc", "a@b", "a b@example.com", "a@@example.com"]),
    "SHA256": (
        ["0123456789abcdef" * 4],
        ["0123456789ABCDEF" * 4, "0123456789abcdef" * 3, "0123456789abcdef" * 4 + "0"],
    ),
    "DOWNLOAD": (
        [
            ENGINFRAME_INSTALLER,
            "s3://my-bucket/ef/enginframe.jar",
            "https://h.example.com/a?b=c&d=e%20f",
            "https://h.example.com:443/a@b",
        ],
        [
            "http://example.com/a.jar",
            "ftp://example.com/a",
            "https://",
            "https://a b",
            "https://a/'b",
            'https://a/"b',
            "https://a:8443/b",
            "https://user@a/b",
            "https://user:password@a/b",
            "https://a?b",
            "s3://my-bucket",
            "s3://my-bucket:8443/b",
            "s3://user@my-bucket/b",
            "/x",
        ],
    ),
    "DATABASE_CLASS": (["db.r6g.large", "db.r7i.2xlarge", "db.t3.medium"], ["r6g.large", "db.", "db.r6g"]),
    "AURORA_VERSION": (
        ["8.0.mysql_aurora.3.10.6", "8.0.mysql_aurora.3.13.0"],
        ["5.7.mysql_aurora.2.11.1", "8.0", "8.0.mysql_aurora.3.4.0"],
    ),
    "PARALLELCLUSTER_VERSION": (
        ["3.16.1", "3.16.2", "3.16.3", "3.16.10", "3.17.0", "3.20.0"],
        ["3.16.0", "3.16.01", "3.15.0", "2.11.9", "3.16", "4.0.0"],
    ),
    "BUCKET": (["my-bucket", "abc"], ["a.b.c", "My-bucket", "-a", "a-", "ab", "x" * 64, "a_b"]),
    "REGION": (["us-east-1", "cn-northwest-1", "us-gov-west-1"], ["us-east-1a", "us", "US-EAST-1", ""]),
    "PREFIX": (["hpc-portal/v0.1.0/", "v1/", "a/b/c/"], ["/a/", "a", "a//b/", "a b/", "${x}/", "/"]),
    "DIRECTORY_DOMAIN": (
        ["corp.example.com", "corp", "DC=corp,DC=example,DC=com", "dc=example"],
        ["corp example", "ou=hpc,dc=example", "corp.", "DC=corp, DC=com", "ldap://x"],
    ),
    "DIRECTORY_SERVERS": (
        ["ldaps://dc1.corp.example.com", "ldap://10.0.0.5:389", "ldaps://a,ldaps://b:636,ldap://c:3268"],
        [
            "dc1.corp.example.com",
            "ldaps://a, ldaps://b",
            "ldaps://a:1636",
            "ldapi://x",
            "https://a",
            "ldaps://a,",
            "ldaps://a/x",
        ],
    ),
    "DISTINGUISHED_NAME": (
        ["CN=reader,OU=Users,DC=corp,DC=example,DC=com", "cn=HPC Reader (read only),dc=x", "uid=a+b,dc=x"],
        ["reader", "corp\\reader", "CN=a'b,DC=x", 'CN="a",DC=x', "CN=a\nb", "=x", "CN=a,"],
    ),
    "LDAP_FILTER": (
        [
            "(cn=hpc)",
            "(&(objectClass=user)(|(memberOf=CN=a b,DC=x)(uid>=5)))",
            "(memberOf:1.2.840.113556.1.4.1941:=CN=a,DC=x)",
        ],
        ["cn=hpc", "(cn=hp'c)", "(cn=a?b)", '(cn="a")', "()", "(cn=a\nb)"],
    ),
    "CHECK_NAMES": (["Routes", "Routes,VcpuQuotas"], ["routes", "Routes, VcpuQuotas", "Routes,", ",Routes", "all"]),
    "REFRESH": (["1", "2026-01-31", "a.b_c"], ["", "a b", "x" * 65]),
}


def test_every_pattern_has_samples() -> None:
    constants = {name for name in vars(patterns) if name.isupper()}
    assert constants - {"OCTET", "ARN", "X86_INSTANCE", "DIRECTORY_SERVER"} == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_pattern_takes_what_is_right_and_refuses_what_is_not(name: str) -> None:
    """As CloudFormation does, the whole answer has to match; an optional answer may be blank beside."""
    taken, refused = SAMPLES[name]
    pattern = getattr(patterns, name)
    for whole in (patterns.whole(pattern), patterns.blank_or(pattern)):
        assert [answer for answer in taken if not re.fullmatch(whole, answer, re.ASCII)] == []
        assert [answer for answer in refused if answer and re.fullmatch(whole, answer, re.ASCII)] == []


def test_no_answer_leaves_its_quotes_in_user_data() -> None:
    """The header of the user data holds answers between single quotes, a line for each."""
    header = (ROOT / "userdata" / "header.sh").read_text()
    quoted = {name for name in re.findall(r"='\$\{(\w+)\}'", header) if name in questions()}
    assert len(quoted) >= 7
    good = [sample for taken, _ in SAMPLES.values() for sample in taken]
    for name in quoted:
        pattern = templates()[form.MAIN]["Parameters"][name].get("AllowedPattern")
        for awkward in ("'", "\n", "'; reboot '"):
            assert not pattern or not any(re.fullmatch(pattern, answer + awkward) for answer in ["", *good]), name


# Families in cfn-lint's lists that moto's list of instance types has not got, all of them x86-64 and of older generations.
OLD_X86_FAMILIES = {
    *("cc2", "cr1", "dl1", "f1", "g2", "g3", "g3s", "g4ad", "hs1", "i3p", "p2", "p3"),
    *("u-9tb1", "u-12tb1", "u-18tb1", "u-24tb1"),
}


def instance_types() -> tuple[set[str], dict[str, bool]]:
    """Every instance type that cfn-lint knows in any region; families, and whether they are x86-64, that moto knows."""
    folder = package_folder("cfnlint") / "data/schemas/extensions/aws_ec2_instance"
    enum = json.loads((folder / "instancetype_enum.json").read_text())
    known = {kind for listed in enum.values() if isinstance(listed, dict) for kind in listed.get("enum", [])}
    described = json.loads(
        gzip.decompress((package_folder("moto") / "ec2/resources/instance_types.json.gz").read_bytes())
    )
    families = {
        kind.split(".")[0]: "x86_64" in body["ProcessorInfo"]["SupportedArchitectures"]
        for kind, body in described.items()
    }
    return known | described.keys(), families | dict.fromkeys(OLD_X86_FAMILIES, True)


def test_x86_instance_types_are_taken_and_arm_and_mac_refused() -> None:
    known, families = instance_types()
    assert len(known) > 1000 and {"m6i.xlarge", "c7gn.large", "t4g.nano", "hpc6a.48xlarge", "mac2.metal"} <= known
    pattern = re.compile(patterns.whole(patterns.X86_INSTANCE))
    unknown = {kind for kind in known if kind.split(".")[0] not in families}
    assert not unknown, "look their architecture up, and let this test know"
    wrong = {kind for kind in known if bool(pattern.fullmatch(kind)) != families[kind.split(".")[0]]}
    assert wrong == set()


@pytest.mark.parametrize("name", ["PortalInstanceType", "HeadNodeInstanceType", "ComputeInstanceType"])
@pytest.mark.parametrize(
    "arm", ["m7g.xlarge", "hpc7g.16xlarge", "t4g.micro", "a1.large", "mac2.metal", "p6e-gb200.36xlarge"]
)
def test_each_instance_type_refuses_arm_with_a_sentence(name: str, arm: str) -> None:
    body = parameter(form.MAIN, name)
    assert not re.fullmatch(body["AllowedPattern"], arm)
    assert "Arm" in body["ConstraintDescription"]


def test_every_setting_of_the_sample_keeps_its_place() -> None:
    """aws-samples' enginframe-aurora-serverless asked these; their defaults are the sample's where they still work."""
    asked = templates()[form.MAIN]["Parameters"]
    defaults = {name: str(asked[name].get("Default")) for name in asked}
    assert defaults["PortalInstanceType"] == "t3.2xlarge"  # was t2.2xlarge
    assert defaults["PortalVolumeSize"] == "50"
    assert defaults["LustreStorageCapacity"] == "1200"
    assert defaults["KeyName"] == defaults["AdminPasswordSecretArn"] == ""  # were asked without a default
    assert defaults["JdbcDriverUrl"].startswith("https://dev.mysql.com/")
    assert defaults["ParallelClusterVersion"] == "3.16.1"
    assert defaults["PortalFlavor"] == "EnginFrame"
    assert {"PortalInstallerUrl", "PortalInstallerSha256", "JdbcDriverSha256", "LicenseSecretArn"} <= asked.keys()


def test_optional_answers_are_off_by_default() -> None:
    """What costs money, or could end a launch in ROLLBACK_FAILED, is opted into."""
    asked = templates()[form.MAIN]["Parameters"]
    for name in ("Waf", "AccessLogs", "DeletionProtection", "ComputeEfa"):
        assert asked[name]["Default"] == "no", name
    assert {str(asked[name]["Default"]) for name in ("ComputeMinNodes", "SpotMaxNodes")} == {"0"}


def test_every_question_reaches_the_reference() -> None:
    from generator.documents.parameters import reference

    text = reference()
    for name, question in questions().items():
        assert f"`{name}`" in text and numbered(question.label, name) in text


@pytest.mark.parametrize("zones", range(MIN_ZONES, MAX_ZONES + 1))
def test_preflight_receives_the_answers_that_a_check_reads_and_no_other(zones: int) -> None:
    """Another answer's update leaves preflight's resource, and with it the checks, alone."""
    facts = load_function("preflight", "facts")
    template = templates(zones)["preflight"]
    answers = template["Resources"]["Checks"]["Properties"]["Answers"]
    assert answers == {name: {"Ref": name} for name in questions(zones) if facts.is_one_of(name, facts.READ)}
    assert len(template["Parameters"]) <= 200, "what CloudFormation takes"


def test_the_form_asks_everything_that_a_check_reads() -> None:
    facts = load_function("preflight", "facts")
    asked = {name for name in facts.READ if any(facts.is_one_of(each, (name,)) for each in questions())}
    assert {*facts.READ} - asked == {*facts.RESOLVED}
    resolved = templates()["preflight"]["Resources"]["Checks"]["Properties"]["Resolved"]
    assert {*resolved} - asked == {*facts.RESOLVED}, "what no question asks comes from the template"


def test_a_question_knows_its_zone() -> None:
    for name, zone in (("AvailabilityZone1", "1"), ("AvailabilityZone4", "4")):
        asked = templates(4)[form.MAIN]
        label = asked["Metadata"]["AWS::CloudFormation::Interface"]["ParameterLabels"][name]["default"]
        assert label == f"Availability Zone {zone}"
        assert f"cluster {zone}" in asked["Parameters"][name]["Description"]
        assert isinstance(questions(4)[name], Question)


@pytest.mark.parametrize("parent", PARENTS)
def test_every_question_is_of_use(parent: str) -> None:
    """An answer that no tier takes beside preflight, and that no rule or output looks at, would be asked in vain."""
    template = templates()[parent]
    used = json.dumps(
        [
            template["Conditions"],
            template["Rules"],
            template["Outputs"],
            {name: body for name, body in template["Resources"].items() if name != "PreflightStack"},
        ]
    )
    # Preflight alone looks at these: the zones that it picks, the image that it looks up, what it is to warn of.
    preflight = {"AvailabilityZone1", "AvailabilityZone2", "PortalAmiId", "PortalImageRefresh", "PreflightWarnOnly"}
    unused = {
        name
        for name in template["Parameters"]
        if f'"Ref": "{name}"' not in used and f"${{{name}}}" not in used and name not in preflight
    }
    assert unused == set()
