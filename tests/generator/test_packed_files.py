"""What is packed from templates/ for the portal nodes is read first, and a fault is one sentence with file and line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.errors import GeneratorError
from generator.text.archives import cluster_scripts, portal_bundle
from generator.text.packed_files import ANSWERS, CLUSTERS, CONTRACT, SERVICES
from generator.text.sources import ROOT

SERVICE = f"{SERVICES}/batch_builtin_job_submission.xml"
SECOND = f"{SERVICES}/second.xml"
XML = """\
<ef:spooler xmlns:ef="http://www.enginframe.com/2000/EnginFrame">
  <ef:service id="{id}"><ef:name>{name}</ef:name></ef:service>
</ef:spooler>
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what is packed."""
    for folder in ("templates", "userdata"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text()
    after = change(before)
    assert after != before, "the edit changes nothing"
    path.write_text(after)


def refusal(project: Path) -> str:
    """The sentence that packing is refused with."""
    with pytest.raises(GeneratorError) as refused:
        portal_bundle(project)
    return str(refused.value)


def without(text: str, key: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(f"{key} "))


def line_of(path: Path, word: str) -> int:
    """The number of the first line with that word."""
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if word in line)


def test_the_shipped_files_are_packed(project: Path) -> None:
    assert portal_bundle(project) == portal_bundle(ROOT)


# -- efinstall.config -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", CONTRACT)
def test_a_line_that_the_nodes_depend_on_cannot_be_removed(project: Path, key: str) -> None:
    edit(project / ANSWERS, lambda text: without(text, key))
    assert f"{ANSWERS}: the line `{key} = {CONTRACT[key]}` is missing" in refusal(project)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("kernel.ef.db = other-db", "kernel.ef.db = derby"),
        ("ef.product = ENT", "ef.product = PRO"),
        ("kernel.server.tomcat.https = true", "kernel.server.tomcat.https = false"),
        ("kernel.tomcat.https.port = 8443", "kernel.tomcat.https.port = 443"),
    ],
)
def test_another_value_than_the_nodes_depend_on_is_refused_with_its_line(project: Path, line: str, wrong: str) -> None:
    edit(project / ANSWERS, lambda text: text.replace(f"\n{line}\n", f"\n{wrong}\n"))
    key, _, value = line.partition(" = ")
    said = refusal(project)
    assert f"{ANSWERS}, line {line_of(project / ANSWERS, wrong)}: {key} must be {value}, because" in said


def test_a_further_line_is_packed(project: Path) -> None:
    edit(project / ANSWERS, lambda text: f"{text}demo.more = true\npam.user.more: x\n")
    assert portal_bundle(project)


def test_a_placeholder_that_no_script_fills_is_refused_with_its_line(project: Path) -> None:
    edit(project / ANSWERS, lambda text: f"{text}ldap.bindas = @LDAP_USER@\n")
    said = refusal(project)
    assert f"{ANSWERS}, line {line_of(project / ANSWERS, 'LDAP')}: no script fills @LDAP_USER@: write the value" in said
    assert "@DATABASE_URL@" in said


def test_a_placeholder_in_a_comment_is_no_placeholder(project: Path) -> None:
    edit(project / ANSWERS, lambda text: f"{text}# @LDAP_USER@\n")
    assert portal_bundle(project)


def test_a_placeholder_that_a_script_fills_and_the_file_lacks_is_refused(project: Path) -> None:
    script = next(path for path in (project / "userdata/portal").rglob("install.sh"))
    edit(script, lambda text: text.replace("fill HOST ", 'fill MORE "x"\nfill HOST '))
    assert f"{ANSWERS}: @MORE@ is missing, and a script of the portal nodes fills it" in refusal(project)


def test_a_key_that_occurs_twice_is_refused_with_both_lines(project: Path) -> None:
    edit(project / ANSWERS, lambda text: f"{text}pam.user = somebody\n")
    first = line_of(project / ANSWERS, "pam.user")
    assert f"pam.user is already in line {first}: remove one of them" in refusal(project)


@pytest.mark.parametrize("line", ["just words", "path = a\\", "name = é", "key"])
def test_what_is_no_property_on_one_line_is_refused(project: Path, line: str) -> None:
    edit(project / ANSWERS, lambda text: f"{text}{line}\n")
    assert f"{ANSWERS}, line {line_of(project / ANSWERS, line)}: this is not `key = value`" in refusal(project)


# -- every file -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [ANSWERS, CLUSTERS, SERVICE, "userdata/portal/lib.sh"])
def test_carriage_returns_are_refused_with_their_line(project: Path, name: str) -> None:
    path = project / name
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(first + b"\n" + rest.replace(b"\n", b"\r\n"))
    assert f"{name}, line 2: there is a carriage return: save it with LF line ends" in refusal(project)


def test_carriage_returns_in_a_script_of_the_clusters_are_refused(project: Path) -> None:
    path = project / "userdata/cluster/accounts.sh"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    with pytest.raises(GeneratorError, match=r"userdata/cluster/accounts\.sh, line 1: there is a carriage return"):
        cluster_scripts(project)


def test_another_encoding_is_refused_with_its_line(project: Path) -> None:
    path = project / SERVICE
    path.write_bytes(path.read_bytes().replace(b"Job name", "Tâche".encode("latin-1")))
    assert f"{SERVICE}, line 1" in refusal(project) and "not UTF-8 text: save the file as UTF-8" in refusal(project)


# -- ef.slurm.conf ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: f"\n{text}", "line 1: the first line must begin with `# BEGIN clusters`"),
        (lambda text: text.rstrip("\n"), "the last line must be `# END clusters`, with a line end"),
        (lambda text: text.replace("# END clusters\n", ""), "the last line must be `# END clusters`"),
        (lambda text: text.replace("# END", "MORE=@NAME@\n# END"), "@NAME@ is filled only in lines with @ID@"),
        (lambda text: text.replace("# END", "words\n# END"), 'this is not NAME="value": correct it'),
        (lambda text: text.replace("# END", 'MORE="@MORE@"\n# END'), "no script fills @MORE@"),
        (lambda text: text.replace("@IDS@", "A,B"), "@IDS@ is missing, and a script of the portal nodes fills it"),
        (lambda text: text.replace("_@ID@_LABEL", "_LABEL"), "@NAME@ is filled only in lines with @ID@"),
        (lambda text: text.replace('SLURM_CLUSTER_@ID@_LABEL="@NAME@"', 'SLURM_CLUSTER_LABEL="x"'), "for one cluster"),
    ],
)
def test_a_list_of_clusters_that_a_node_could_not_use_is_refused(
    project: Path, change: Callable[[str], str], sentence: str
) -> None:
    edit(project / CLUSTERS, change)
    said = refusal(project)
    assert said.startswith(CLUSTERS) and sentence in said


# -- services ---------------------------------------------------------------------------------------------------------


def test_a_second_service_is_packed(project: Path) -> None:
    (project / SECOND).write_text(XML.format(id="second", name="R&amp;D"))
    assert portal_bundle(project)


def test_a_service_that_is_not_well_formed_is_refused_with_its_line(project: Path) -> None:
    (project / SECOND).write_text(XML.format(id="second", name="R&D"))
    assert f"{SECOND}, line 2: this is not well-formed XML" in refusal(project)


def test_an_id_that_another_service_has_is_refused(project: Path) -> None:
    (project / SECOND).write_text(XML.format(id="batch_builtin_job_submission.published", name="Again"))
    assert f"{SECOND}, line 2: the service batch_builtin_job_submission.published is in {SERVICE} already" in refusal(
        project
    )


@pytest.mark.parametrize("text", ["<service id='a'/>\n", XML.format(id="", name="nameless")])
def test_a_file_without_a_service_is_refused(project: Path, text: str) -> None:
    (project / SECOND).write_text(text)
    assert f"{SECOND}: there is no ef:service with an id in it" in refusal(project)


@pytest.mark.parametrize("name", ["Upper.XML", "second.xml.bak", "test_second.xml", "README"])
def test_a_name_that_would_not_be_published_is_refused(project: Path, name: str) -> None:
    (project / SERVICES / name).write_text(XML.format(id="second", name="Second"))
    assert f"{SERVICES}/{name} would not be published: give it a name that ends in .xml" in refusal(project)


def test_a_folder_among_the_services_is_refused(project: Path) -> None:
    (project / SERVICES / "more.xml").mkdir()
    assert f"{SERVICES}/more.xml would not be published" in refusal(project)


def test_hidden_files_among_the_services_are_passed_over(project: Path) -> None:
    (project / SERVICES / ".DS_Store").write_bytes(b"\0")
    assert portal_bundle(project) == portal_bundle(ROOT)
