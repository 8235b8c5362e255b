"""The documents are in step with the code: what they name exists, links lead somewhere, the picture is the drawn one."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from functools import cache

import pytest

from generator import __version__, tiers
from generator.__main__ import COMMANDS
from generator.cfn.regions import REGIONS
from generator.documents import picture
from generator.documents.parameters import reference
from generator.operate import retained
from generator.text.functions import load_function
from generator.text.sources import ROOT
from tests.support.built import PARENTS, REQUIRED, questions, resources, templates
from tests.support.recipes import recipes

DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix() for pattern in ("*.md", "docs/**/*.md") for path in ROOT.glob(pattern)
)
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")} - {"dist"}
# Names in CamelCase that are Python's, CloudFormation's, AWS's, or an example.
ELSEWHERE = {
    "AmazonProvidedDNS",
    "AWSServiceRoleForEC2Spot",
    "GetAtt",
    "InfrequentAccessAfter",
    "JobHeldAdmin",
    "MyParameter",
    "PclusterCustomResourceBucket",
    "TypeError",
}


@cache
def text(document: str) -> str:
    """The document's text."""
    return (ROOT / document).read_text(encoding="utf-8")


@cache
def prose(document: str) -> str:
    """The document without its code blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", text(document), flags=re.DOTALL | re.MULTILINE)


def code(document: str) -> Iterator[str]:
    """Every code block, and every piece of code within a line."""
    yield from re.findall(r"^ *```.*?^ *```$", text(document), flags=re.DOTALL | re.MULTILINE)
    yield from words(document)


def words(document: str) -> list[str]:
    """What stands between backticks in the prose."""
    return re.findall(r"`([^`\n]+)`", prose(document))


def section(document: str, heading: str) -> str:
    """The text under a heading, up to the next one of the same or a higher level."""
    level, title = heading.split(" ", 1)
    found = re.search(rf"^{level} {re.escape(title)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text(document), re.M | re.S)
    assert found, f"{document} has no heading {heading}"
    return found.group(1)


def anchors(document: str) -> set[str]:
    """The anchors that GitHub gives to the document's headings."""
    titles = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@cache
def names() -> set[str]:
    """Every name that the templates, the form and the clusters' configuration know."""
    found: set[str] = set(questions())
    for template in templates().values():
        for part in ("Parameters", "Rules", "Conditions", "Resources", "Outputs"):
            found |= set(template.get(part, {}))
    found |= {check.name for check in load_function("preflight", "checks").CHECKS}
    found |= {str(answer) for question in questions().values() for answer in question.allowed}
    edited = [ROOT / "templates/cluster.yaml", ROOT / "templates/probe.template.yaml"]
    return found.union(*(re.findall(r"^[ -]*(\w+):", path.read_text(), re.MULTILINE) for path in edited))


@cache
def new_files() -> set[str]:
    """The files that recipes create."""
    changes = [change for recipe in recipes(text("docs/development.md")).values() for change in recipe]
    return {change.path for change in changes if not change.old}


def targets() -> list[str]:
    """The targets that `make help` lists."""
    return re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_parameters_outputs_and_resources_that_a_document_names_exist(document: str) -> None:
    camel_case = {word for word in words(document) if re.fullmatch(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*", word)}
    assert camel_case <= names() | ELSEWHERE


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_that_a_document_names_exist(document: str) -> None:
    paths = {word for word in words(document) if word.split("/")[0] in FOLDERS and "/" in word} - new_files()
    assert [path for path in paths if not any(ROOT.glob(path.rstrip("/")))] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_that_a_document_names_exist(document: str) -> None:
    for piece in code(document):
        assert set(re.findall(r"\bmake ([a-z-]+)", piece)) <= set(targets())
        for module, command in re.findall(r"python -m ((?:generator|tests)[\w.]*)(?: ([a-z]+))?", piece):
            assert importlib.util.find_spec(module)
            assert module != "generator" or command in {"", *COMMANDS}
        for path in re.findall(r"\btests/[\w./]+", piece):
            assert (ROOT / path).exists()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_command_of_a_document_includes_nested_stacks_in_a_change_set(document: str) -> None:
    """Values of one stack for another are placeholders then: tests/generator/test_nested_outputs.py."""
    for block in re.findall(r"```sh\n(.*?)```", (ROOT / document).read_text(), re.DOTALL):
        assert "--include-nested-stacks" not in block


@pytest.mark.parametrize("document", DOCUMENTS)
def test_relative_links_lead_somewhere(document: str) -> None:
    for path, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", prose(document)):
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), path
        if anchor:
            assert anchor in anchors(target.resolve().relative_to(ROOT).as_posix()), f"{path}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_defaults_that_a_document_tells_are_the_forms(document: str) -> None:
    for name, told in re.findall(r"`([A-Z]\w+)` \(`?(\d[\w.]*|\w+\.\w+)`?\)", prose(document)):
        assert str(questions()[name].default) == told, name


def test_the_readme_lists_every_make_target() -> None:
    listed = re.findall(r"`make ([a-z-]+)`", section("README.md", "## Develop"))
    assert set(listed) == set(targets()) - {"help"}


def test_the_readmes_launch_answers_what_has_to_be_answered() -> None:
    launch = section("README.md", "## Launch")
    assert set(re.findall(r"ParameterKey=(\w+)", launch)) == set(REQUIRED)
    # The link leaves one question to its reader.
    assert set(re.findall(r"param_(\w+)", launch)) == set(REQUIRED) - {"PortalAccessCidr"}


def test_version_and_regions_are_those_of_the_code() -> None:
    for document in DOCUMENTS:
        assert set(re.findall(r"hpc-portal/v(\d+\.\d+\.\d+)", text(document))) <= {__version__}
    assert re.search(rf"^## \[?({re.escape(__version__)}\b|Unreleased\]\n\n\S)", text("CHANGELOG.md"), re.MULTILINE)
    assert f"({len(REGIONS['aws'])})" in section("README.md", "## Regions")


def test_the_architecture_names_every_tier() -> None:
    rows = re.findall(r"^\| (\w+)", section("docs/architecture.md", "## The tiers"), re.MULTILINE)
    assert set(rows) - {"tier"} == set(tiers.__all__)


def test_the_architecture_lists_what_a_deleted_stack_keeps() -> None:
    kept = {
        place.split(".")[1] for place, body in resources() if body.get("DeletionPolicy", "Delete") not in ("Delete",)
    }
    rows = [line for line in section("docs/architecture.md", "## Retention").splitlines() if line.startswith("|")]
    assert {word for word in re.findall(r"`(\w+)`", "\n".join(rows)) if word in names()} == kept


def test_leftovers_are_looked_for_by_the_retention_table() -> None:
    rows = [line for line in section("docs/architecture.md", "## Retention").splitlines() if line.startswith("| ")]
    names_of_rows = [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[3])]
    assert names_of_rows == [*retained.FINDERS, *retained.NOT_LISTED]


def test_operations_explain_every_alarm() -> None:
    rows = section("docs/operations.md", "## Alarms")
    assert set(re.findall(r"`(\w+)`", rows)) >= {
        place.split(".")[1] for place, _ in resources("AWS::CloudWatch::Alarm")
    }


def test_the_deployment_guide_leads_to_the_table_of_updates() -> None:
    assert "](updates.md)" in section("docs/deployment.md", "## Updating")


def test_the_migration_page_lists_the_samples_outputs() -> None:
    outputs = list(templates()[PARENTS[0]]["Outputs"])
    listed = re.findall(r"`(\w+)`", section("docs/migration.md", "## Outputs").split("The differences")[0])
    assert listed == outputs[: len(listed)]
    assert len(listed) == 10


def test_the_map_names_every_module_of_the_generator() -> None:
    cells = section("docs/development.md", "## Where a thing lives")
    folders = {path.parent for path in ROOT.glob("generator/**/*.py")} - {
        ROOT / "generator/form",
        ROOT / "generator/tiers",
    }
    for folder in sorted(folders):
        for module in {path.name for path in folder.glob("*.py")} - {"__init__.py"}:
            assert re.search(rf"`(generator/)?{re.escape(module)}`", cells), f"{folder.name}/{module}"


def test_the_map_names_every_folder_of_scripts_and_tests() -> None:
    cells = section("docs/development.md", "## Where a thing lives")
    for parent in ("userdata", "tests"):
        for folder in (path for path in (ROOT / parent).iterdir() if path.is_dir() and path.name != "__pycache__"):
            assert f"`{parent}/{folder.name}/`" in cells


def test_every_recipe_fits_the_files_that_it_changes() -> None:
    found = recipes(text("docs/development.md"))
    assert [title for title, changes in found.items() if not changes] == []
    assert [(title, change) for title, changes in found.items() for change in changes if not change.fits(ROOT)] == []


def test_the_launch_is_explained_for_both_parents() -> None:
    launch = section("README.md", "## Launch")
    assert all(f"`{parent}.template.yaml`" in launch for parent in PARENTS)


def test_the_parameter_reference_is_in_step() -> None:
    assert text("build/parameters.md") == reference()


def test_the_picture_is_the_drawn_one_and_needs_nothing_else() -> None:
    drawn = picture.draw()
    assert (ROOT / "docs" / "architecture.svg").read_text(encoding="utf-8") == drawn, "run `make templates`"
    assert "href" not in drawn
    assert re.findall(r"https?://\S+?(?=\")", drawn) == ["http://www.w3.org/2000/svg"]
