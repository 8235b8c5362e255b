"""A deployment made from an earlier state of the project is updated to the present one, and its data stays.

fixtures/earlier-release.tar.xz is what that state published; docs/releasing.md says when and how to renew it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from generator import RELEASE_FOLDER
from generator.text.sources import ROOT
from tests.emulator.client import Emulator
from tests.emulator.outcome import Outcome
from tests.emulator.release import PREFIX
from tests.support import earlier_release
from tests.support.deployment import Deployment, Resource

REGION, BUCKET = "eu-west-1", "earlier-publisher"
# What the update replaces, and the words of the changelog about it.
REPLACED: dict[str, str] = {}
ADDED = {
    "https.CertificatePackages": "the certificate function by a layer",
    "secrets.DownloadLocations": "from a secret",
}


@dataclass(frozen=True)
class Updated:
    """An update to the present state: how it ended, and what was there before and after."""

    outcome: Outcome
    before: dict[str, Resource]
    stateful: dict[str, str]
    portal: Deployment


@pytest.fixture(scope="module")
def updated(emulator: Emulator) -> Iterator[Updated]:
    """A deployment of the earlier release, updated."""
    portal = Deployment(emulator, "earlier", REGION)
    emulator.publish(earlier_release.read(), BUCKET, PREFIX + RELEASE_FOLDER, REGION)
    url = emulator.url(BUCKET, f"{PREFIX}{RELEASE_FOLDER}templates/main.template.yaml", REGION)
    answers = portal.answers(AssetsBucket=BUCKET)
    made = emulator.create_stack(portal.name, region=REGION, url=url, parameters=answers)
    assert made.complete, made.reason
    portal.stack = made.stack_id
    before, stateful = portal.resources(), portal.stateful()
    answers = portal.answers()
    outcome = emulator.update_stack(portal.stack, region=REGION, url=portal.url(), parameters=answers)
    yield Updated(outcome, before, stateful, portal)
    assert portal.delete().complete


def test_the_update_ends_well(updated: Updated) -> None:
    assert updated.outcome.complete, updated.outcome.reason


def test_nothing_that_holds_data_is_replaced(updated: Updated) -> None:
    now = updated.portal.stateful()
    assert {title: now.get(title) for title in updated.stateful} == updated.stateful


def test_what_is_replaced_stands_in_the_changelog(updated: Updated) -> None:
    now = updated.portal.resources()
    assert {title for title, item in updated.before.items() if now.get(title) != item} == REPLACED.keys()
    changelog = " ".join((ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split())
    assert not [words for words in REPLACED.values() if words not in changelog]


def test_what_the_changelog_adds_is_there(updated: Updated) -> None:
    added = updated.portal.resources().keys() - updated.before.keys()
    changelog = " ".join((ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split())
    assert added >= ADDED.keys() and not [words for words in ADDED.values() if words not in changelog]
