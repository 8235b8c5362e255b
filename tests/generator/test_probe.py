"""The probe's template is one that AWS takes, as far as that can be told here, and probes what the portal does."""

from __future__ import annotations

import subprocess

import pytest

from generator.release.lint import lint
from generator.text.sources import ROOT, Sources
from tests.emulator.client import Emulator
from tests.support.built import resource

PROBE = "templates/probe.template.yaml"


def properties(title: str) -> dict[str, object]:
    """The properties of one of its resources."""
    found: dict[str, object] = Sources().yaml(PROBE).content["Resources"][title]["Properties"]
    return found


@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1", "us-gov-west-1"])
def test_cfn_lint_finds_nothing_in_the_probe(region: str) -> None:
    assert lint([ROOT / PROBE], [region]) == []


def test_the_probe_launches_as_the_portal_does() -> None:
    probed, launched = (Sources().yaml(PROBE).content["Resources"]["Node"], resource("portal.PortalNode1"))
    assert "VPCZoneIdentifier" not in probed["Properties"] and "VPCZoneIdentifier" not in launched
    assert {name: probed["Properties"][name] for name in ("MinSize", "MaxSize", "DesiredCapacity")} == {
        name: launched[name] for name in ("MinSize", "MaxSize", "DesiredCapacity")
    }
    assert "NetworkInterfaceId" in str(properties("LaunchTemplate"))


def test_the_probe_denies_root_and_its_file_system_does_not() -> None:
    assert "ClientRootAccess" in str(properties("FileSystem"))
    assert "{'Effect': 'Deny', 'Action': 'elasticfilesystem:ClientRootAccess'" in str(properties("Role"))


def test_the_probe_s_script_parses() -> None:
    script = properties("LaunchTemplate")["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"]  # type: ignore[index]
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_the_emulator_makes_everything_of_the_probe_but_its_node(emulator: Emulator, name: str) -> None:
    """The stand-in of a node executes nothing, and asks for a bundle that a probe does not have."""
    outcome = emulator.create_stack(name, (ROOT / PROBE).read_text())
    assert outcome.status == "ROLLBACK_COMPLETE"
    assert (
        outcome.reason.startswith("Node (AWS::AutoScaling::AutoScalingGroup)") and "fetches nothing" in outcome.reason
    )
    emulator.delete_stack(name)
