"""Right in aws, aws-cn and aws-us-gov: nothing is literal that differs between the partitions."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from generator import RELEASE_FOLDER
from generator.cfn import partition
from generator.cfn import regions as facts
from generator.cfn.regions import partition_of, url_suffix
from generator.text.sources import ROOT
from tests.support.built import NAMES, PARENTS, strings, templates
from tests.support.rendered import rendered

REGIONS = ("us-east-1", "eu-central-1", "cn-north-1", "cn-northwest-1", "us-gov-west-1", "us-gov-east-1")
CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
# Service principals are the same in every partition but EC2's.
PRINCIPAL = re.compile(
    r"[a-z-]+(\.elasticloadbalancing)?\.amazonaws\.com|arn:\S+:role/aws-service-role/[a-z]+\.amazonaws\.com/\*"
)
ENDPOINT_SERVICE = "com.amazonaws.${AWS::Region}.s3"


def outside_of_code(name: str) -> list[tuple[tuple[str, ...], str]]:
    """Every text of a template but the mapping that holds the partitions' facts, and inlined code and patterns."""
    return [
        (path, text)
        for path, text in strings(templates()[name])
        if path[0] != "Mappings"
        and path[-1] not in ("ZipFile", "AllowedPattern", "ConstraintDescription", "Description", "Default")
    ]


@pytest.mark.parametrize("name", NAMES)
def test_arns_are_of_the_stack_s_own_partition(name: str) -> None:
    for path, text in outside_of_code(name):
        for found in re.findall(r"arn:(?:\$\{[^}]*\}|[^:\s])*:", text):
            assert found == "arn:${AWS::Partition}:", (path, text)


@pytest.mark.parametrize("name", NAMES)
def test_hosts_end_in_the_partition_s_own_suffix(name: str) -> None:
    for path, text in outside_of_code(name):
        if "amazonaws" in text:
            assert PRINCIPAL.fullmatch(text) or text == ENDPOINT_SERVICE, (path, text)
        assert "console." not in text, (path, text)
        assert not re.search(r"aws\.amazon\.com|\.amazonaws\.cn", text), (path, text)


@pytest.mark.parametrize("name", NAMES)
def test_no_region_and_no_account_is_literal(name: str) -> None:
    regions = {region for listed in facts.REGIONS.values() for region in listed}
    for path, text in outside_of_code(name):
        if path[0] == "Rules" or "Fn::Equals" in path:
            continue  # compared with the stack's own region
        assert not regions & set(re.findall(r"[a-z]{2}(?:-[a-z]+)+-\d", text)), (path, text)
        accounts = set(re.findall(r"(?<!\d)\d{12}(?!\d)", text))
        assert accounts <= set(partition.LOG_DELIVERY_ACCOUNTS.values()), (path, text)


def literals(path: Path) -> list[str]:
    """Every string literal of a module but its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, documented)}
    found = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [text for text in found if text not in docstrings]


@pytest.mark.parametrize("path", sorted((ROOT / "generator").rglob("*.py")), ids=lambda path: path.stem)
def test_no_other_module_knows_the_partitions(path: Path) -> None:
    """What is written for a reader of the form (patterns, examples) is no ARN of the stack."""
    if path.name in ("partition.py", "patterns.py", "cluster_configuration.py", "regions.py"):
        return
    for text in literals(path):
        assert not re.search(r"arn:(aws|\$)|amazonaws|console\.aws", text), text


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("name", NAMES)
def test_a_rendered_template_holds_its_own_partition_alone(name: str, region: str) -> None:
    own = partition_of(region)
    # In no parent are defaults of another partition asked for; inlined code knows all of them.
    texts = [text for path, text in strings(rendered(name, region)) if path[-1] != "ZipFile"]
    arns = {found for text in texts for found in re.findall(r"\barn:(aws[a-z-]*):", text)}
    attributes = {"aws"} if name == "provider" else set()  # the role's ARN that the test itself made up
    assert arns - attributes <= {own}
    if own == "aws-cn":
        for text in texts:
            if re.search(r"\.amazonaws\.com(?!\.cn)", text):
                assert PRINCIPAL.fullmatch(text), text
    else:
        assert not [text for text in texts if ".amazonaws.com.cn" in text]


@pytest.mark.parametrize("region", REGIONS)
def test_console_links_lead_to_the_partition_s_console(region: str) -> None:
    links = [
        body["Value"]
        for name in NAMES
        for title, body in rendered(name, region)["Outputs"].items()
        if re.search(r"Link\d?$", title) and "://" in body["Value"]
    ]
    assert len(links) >= 4
    for link in links:
        assert re.match(rf"https://(\S+\.)?{re.escape(CONSOLES[partition_of(region)])}/", link), link
        assert f"region={region}" in link, link


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("parent", PARENTS)
def test_templates_are_fetched_from_the_publisher_s_bucket(parent: str, region: str) -> None:
    """Its region is not the stack's; its host ends in the suffix of the partition, which both share."""
    suffix = url_suffix(region)
    subnets = {
        name: f"{prefix}-0123456789abcdef{index}"
        for index, (name, prefix) in enumerate(
            [
                ("VpcId", "vpc"),
                *((f"{kind}SubnetId{n}", "subnet") for kind in ("LoadBalancer", "Private") for n in (1, 2)),
            ]
        )
        if name in templates()[parent]["Parameters"]
    }
    answers = {"AssetsBucket": "publisher", "AssetsBucketRegion": "eu-west-3", "AssetsPrefix": "hpc/"}
    found = rendered(parent, region, **answers, **subnets)["Resources"]
    for body in found.values():
        url = body["Properties"]["TemplateURL"]
        assert url.startswith(f"https://publisher.s3.eu-west-3.{suffix}/hpc/{RELEASE_FOLDER}templates/"), url


@pytest.mark.parametrize("region", REGIONS)
def test_the_provider_is_fetched_from_its_region(region: str) -> None:
    suffix = url_suffix(region)
    url = rendered("provider", region)["Resources"]["ParallelCluster"]["Properties"]["TemplateURL"]
    assert url == (
        f"https://{region}-aws-parallelcluster.s3.{region}.{suffix}/parallelcluster/3.16.1/templates/custom_resource/"
        "cluster.yaml"
    )


def test_node_scripts_and_texts_know_no_partition() -> None:
    """What nodes run reads region and suffix from its environment."""
    for folder in ("userdata", "templates"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                for line in path.read_text(encoding="utf-8").splitlines():
                    code = re.sub(r"(^|\s)#.*$", "", line)
                    for found in re.findall(r"arn:(?:\$\{[^}]*\}|[^:\s])+:|[\w.-]+\.amazonaws\.com(?:\.cn)?", code):
                        assert found in ("arn:${AWS::Partition}:", "arn:$AWS_PARTITION:"), f"{path}: {line}"
