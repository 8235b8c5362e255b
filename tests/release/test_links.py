"""Quick-create links and the README's table of them: right host, short enough, parameters that exist, no secret."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from generator import RELEASE_FOLDER, __version__, form
from generator.__main__ import main
from generator.cfn.regions import REGIONS, partition_of
from generator.errors import GeneratorError
from generator.release import launch_links
from generator.text.archives import MANIFEST
from tests.emulator.client import Emulator
from tests.support.built import templates
from tests.support.shell import point_to

HOMES = {"aws": "eu-west-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-east-1"}
SUFFIX = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}
HOSTS = {
    "aws": "{}.console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
EVERY = [(partition, region) for partition, regions in REGIONS.items() for region in regions]


def opened(link: str) -> tuple[str, str, dict[str, str]]:
    """What the console reads of a link: its host, the region, and the decoded answers."""
    parts = urlsplit(link)
    assert (parts.scheme, parts.path) == ("https", "/cloudformation/home")
    page, _, query = parts.fragment.partition("?")
    assert page == "/stacks/create/review"
    answers = parse_qs(query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in answers.values())
    return parts.netloc, parse_qs(parts.query)["region"][0], {name: values[0] for name, values in answers.items()}


@pytest.mark.parametrize("parent", form.PARENTS)
@pytest.mark.parametrize(("partition", "region"), EVERY)
def test_the_link_of_every_region_opens_the_form(partition: str, region: str, parent: str) -> None:
    home = HOMES[partition]
    link = launch_links.quick_create(region, "publisher", home, "hpc-portal/", parent=parent)
    host, where, answers = opened(link)
    assert (host, where) == (HOSTS[partition].format(region), region)
    assert answers == {
        "templateURL": f"https://publisher.s3.{home}.{SUFFIX[partition]}/hpc-portal/{RELEASE_FOLDER}templates/{parent}.template.yaml",
        "stackName": "hpc-portal",
        "param_AssetsBucket": "publisher",
        "param_AssetsBucketRegion": home,
    }
    assert len(link) <= 1024


@pytest.mark.parametrize("parent", form.PARENTS)
def test_parameters_exist_and_are_no_secrets(parent: str) -> None:
    """The console ignores the others without a word."""
    link = launch_links.quick_create("us-east-1", "b" * 63, "ap-northeast-1", "another/prefix/", parent=parent)
    asked = templates()[parent]["Parameters"]
    given = {name.removeprefix("param_") for name in opened(link)[2] if name.startswith("param_")}
    assert given == {"AssetsBucket", "AssetsBucketRegion", "AssetsPrefix"} <= asked.keys()
    assert not [name for name, body in asked.items() if "NoEcho" in body]


def test_answers_are_percent_encoded() -> None:
    installer = "s3://files/a&b=c+d%20e/#1?x=1"
    answers = {"PortalInstallerUrl": installer, "KeyName": "my key & more", "ComputeMaxNodes": "10"}
    link = launch_links.quick_create("us-east-1", "publisher", "us-east-1", "hpc-portal/", given=answers)
    assert re.fullmatch(r"[!-~]+", link) and "my%20key%20%26%20more" in link
    read = opened(link)[2]
    assert read["param_PortalInstallerUrl"] == installer and read["param_KeyName"] == "my key & more"
    assert "param_ComputeMaxNodes" not in read, "a default goes without saying"


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"Nonsense": "1"}, "The form of main does not ask for Nonsense: take it out of the answers."),
        ({"VpcId": "vpc-1"}, "The form of main does not ask for VpcId: take it out of the answers."),
        (
            {"PortalAccessCidr": "all"},
            "PortalAccessCidr does not fit: Must be an IPv4 range such as 203.0.113.0/24: name the addresses",
        ),
        ({"ComputeMaxNodes": "0"}, "ComputeMaxNodes does not fit: Must be a whole number from 1 to 1000."),
        ({"ComputeEfa": "perhaps"}, "ComputeEfa does not fit: Choose no or yes."),
        (
            {"AdminPasswordSecretArn": "Sesame-2024"},
            "AdminPasswordSecretArn does not fit: Must be a secret's ARN, or blank.",
        ),
        ({"PortalInstallerUrl": "https://u:pw@host/i.jar"}, "PortalInstallerUrl does not fit: Must be an https"),
        ({"JdbcDriverUrl": "https://b.s3.amazonaws.com/d?X-Amz-Signature=0a"}, "JdbcDriverUrl holds a credential"),
        ({"JdbcDriverUrl": "https://host/d?sv=1&sig=0a"}, "JdbcDriverUrl holds a credential"),
        ({"JdbcDriverUrl": "https://host/d?access_token=0a"}, "JdbcDriverUrl holds a credential"),
        ({"PortalInstallerUrl": "https://host/" + "a" * 900}, "characters and 1024 are allowed: give fewer answers"),
    ],
)
def test_answers_that_a_link_must_not_carry_are_refused(answers: dict[str, str], sentence: str) -> None:
    with pytest.raises(GeneratorError, match=re.escape(sentence)):
        launch_links.quick_create("us-east-1", "publisher", "us-east-1", "hpc-portal/", given=answers)


@pytest.mark.parametrize(("region", "home"), [("cn-north-1", "us-east-1"), ("us-east-1", "us-gov-west-1")])
def test_a_bucket_of_another_partition_is_refused(region: str, home: str) -> None:
    with pytest.raises(GeneratorError, match=f"A bucket in {home} cannot serve {region}"):
        launch_links.quick_create(region, "publisher", home, "hpc-portal/")


# The README's table


@pytest.fixture
def readme(tmp_path: Path) -> Path:
    """A copy of the README without any link."""
    before, _, after = launch_links.split(launch_links.README.read_text(encoding="utf-8"))
    (tmp_path / "README.md").write_text(f"{before}\n{launch_links.NONE_YET}\n{after}", encoding="utf-8")
    return tmp_path / "README.md"


def test_the_readmes_markers_are_whole() -> None:
    assert main(["links", "--check"]) == 0


def test_the_table_keeps_the_links_of_other_partitions(readme: Path) -> None:
    before = readme.read_text()
    assert launch_links.write(readme, "publisher", "eu-west-1", "hpc-portal/") == len(REGIONS["aws"])
    launch_links.write(readme, "herausgeber", "cn-north-1", "hpc-portal/")
    launch_links.write(readme, "another", "us-east-1", "hpc-portal/")
    text = readme.read_text()
    rows = launch_links.rows_of(launch_links.split(text)[1])
    assert list(rows) == [*REGIONS["aws"], *REGIONS["aws-cn"]]
    assert "AssetsBucket=publisher" not in text
    for region, row in rows.items():
        bucket = "herausgeber" if partition_of(region) == "aws-cn" else "another"
        found = re.findall(r"\[launch\]\((\S+)\)", row)
        assert [opened(link)[1:] for link in found] != [] and len(found) == len(form.PARENTS)
        for parent, link in zip(form.PARENTS, found, strict=True):
            assert opened(link)[1] == region and f"/{parent}.template.yaml" in opened(link)[2]["templateURL"]
            assert opened(link)[2]["param_AssetsBucket"] == bucket
        assert row.endswith(f"| {__version__} |")
    assert (
        launch_links.split(text)[0] == launch_links.split(before)[0]
        and launch_links.split(text)[2] == launch_links.split(before)[2]
    )
    assert main(["links", "--check", "--readme", str(readme)]) == 0


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda text: text.replace(launch_links.BEGIN, ""), "links: The README must hold "),
        (lambda text: text.replace(launch_links.END, ""), "links: The README must hold "),
        (lambda text: text + launch_links.END, "links: The README must hold "),
        (
            lambda text: text.replace(launch_links.NONE_YET, "soon"),
            "links: What is between the README's markers is not",
        ),
    ],
)
def test_damaged_markers_are_refused(
    readme: Path, damage: object, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    readme.write_text(damage(readme.read_text()))  # type: ignore[operator]
    assert main(["links", "--check", "--readme", str(readme)]) == 1
    assert capsys.readouterr().err.startswith(sentence)


def test_links_only_to_a_release_that_is_there(
    emulator: Emulator, readme: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    point_to(emulator, monkeypatch)
    files = {"templates/main.template.yaml": b"Resources: {}\n"}
    emulator.publish(files, name, f"hpc-portal/{RELEASE_FOLDER}", "eu-north-1")
    before = readme.read_text()
    command = ["--bucket", name, "--region", "eu-north-1", "--readme", str(readme)]
    assert main(["links", *command]) == 1
    place = f"s3://{name}/hpc-portal/{RELEASE_FOLDER}"
    assert capsys.readouterr().err == (f"links: {place} holds no whole release: run `make publish` for it first.\n")
    assert readme.read_text() == before
    emulator.publish({MANIFEST: b""}, name, f"hpc-portal/{RELEASE_FOLDER}", "eu-north-1")
    assert main(["links", *command]) == 0
    assert f"links for {len(REGIONS['aws'])} regions to {place}" in capsys.readouterr().out
    assert f"AssetsBucket={name}" in readme.read_text()
