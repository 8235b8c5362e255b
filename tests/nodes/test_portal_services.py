"""The services of templates/batch-service reach the portal, corrections of later releases too; changes by hand are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.portal_node import PortalNode

SERVICE = "batch_builtin_job_submission.xml"


@pytest.fixture
def node(tmp_path: Path) -> PortalNode:
    """A node with the folders of an installed portal."""
    made = PortalNode(tmp_path)
    for folder in ("hpc-portal", "nice/enginframe/conf", "nice/enginframe/data"):
        (made.root / "efs" / folder).mkdir(parents=True)
    return made


def published(node: PortalNode, name: str = SERVICE) -> Path:
    """Where a service of that name is, or would be, in the portal."""
    return node.root / "efs/nice/enginframe/data/plugins/applications/services/published/batch" / name


def released(node: PortalNode, text: str, name: str = SERVICE) -> str:
    """Give the node a release with that text as a service; returns the text."""
    (node.bundle / "templates/batch-service" / name).write_text(text)
    return text


def settings(node: PortalNode) -> None:
    status, output = node.step("75-settings")
    assert status == 0, output


def test_the_first_node_publishes_the_service(node: PortalNode) -> None:
    settings(node)
    assert published(node).read_text() == (node.bundle / "templates/batch-service" / SERVICE).read_text()


def test_a_second_run_changes_nothing(node: PortalNode) -> None:
    settings(node)
    before = node.tree()
    settings(node)
    assert node.tree() == before


def test_a_corrected_service_takes_the_place_of_the_published_one(node: PortalNode) -> None:
    settings(node)
    text = released(node, "<corrected/>\n")
    settings(node)
    assert published(node).read_text() == text


def test_a_correction_of_a_correction_arrives_as_well(node: PortalNode) -> None:
    settings(node)
    released(node, "<corrected/>\n")
    settings(node)
    text = released(node, "<corrected again='yes'/>\n")
    settings(node)
    assert published(node).read_text() == text


def test_a_service_that_an_administrator_has_changed_is_kept(node: PortalNode) -> None:
    settings(node)
    published(node).write_text("<mine/>\n")
    released(node, "<corrected/>\n")
    settings(node)
    settings(node)
    assert published(node).read_text() == "<mine/>\n"


def test_a_service_that_an_administrator_has_removed_stays_away(node: PortalNode) -> None:
    settings(node)
    published(node).unlink()
    released(node, "<corrected/>\n")
    settings(node)
    assert not published(node).exists()


def test_a_service_of_a_later_release_is_added(node: PortalNode) -> None:
    settings(node)
    text = released(node, "<second/>\n", "second.xml")
    settings(node)
    assert published(node, "second.xml").read_text() == text


def test_a_service_of_the_same_name_that_was_there_before_is_kept(node: PortalNode) -> None:
    settings(node)
    published(node, "second.xml").write_text("<mine/>\n")
    released(node, "<second/>\n", "second.xml")
    settings(node)
    assert published(node, "second.xml").read_text() == "<mine/>\n"


def test_a_run_that_ended_before_its_record_is_gone_on_with(node: PortalNode) -> None:
    settings(node)
    (node.root / "efs/hpc-portal/batch-service.published").unlink()
    settings(node)
    text = released(node, "<corrected/>\n")
    settings(node)
    assert published(node).read_text() == text


def test_what_is_no_regular_file_is_left_alone(node: PortalNode) -> None:
    settings(node)
    published(node).unlink()
    published(node).symlink_to("/etc/hostname")
    released(node, "<corrected/>\n")
    settings(node)
    assert published(node).is_symlink()
