"""A build for another number of Availability Zones than the default has folders of its own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from generator import RELEASE_FOLDER, __version__, release_folder
from generator.__main__ import main
from generator.errors import GeneratorError
from generator.release import package, zones
from generator.text import folder
from generator.text.sources import ROOT
from tests.support.built import strings, templates
from tests.support.packages import install_none


def test_the_default_number_has_the_version_s_folder() -> None:
    assert release_folder("1.2.3") == release_folder("1.2.3", 2) == "v1.2.3/"


def test_another_number_has_a_folder_below_it() -> None:
    assert release_folder("1.2.3", 3) == "v1.2.3/zones-3/"


@pytest.mark.parametrize("name", ["build", "dist"])
def test_another_number_is_written_beside_the_default_s_folder(name: str) -> None:
    assert zones.output(None, name, 2) == ROOT / name
    assert zones.output(None, name, 3) == ROOT / f"{name}-zones-3"


@pytest.mark.parametrize("path", ["build", "./build/", str(ROOT / "build"), "build/templates", "parameters/../build"])
def test_another_number_does_not_go_to_the_default_s_folder(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(GeneratorError, match="is for 2 zones, not for 3: leave --output out, or choose another folder"):
        zones.output(Path(path), "build", 3)
    assert zones.output(Path(path), "build", 2) == Path(path)


def test_another_number_does_not_go_there_by_a_link_either(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(ROOT / "build")
    with pytest.raises(GeneratorError, match="is for 2 zones"):
        zones.output(tmp_path / "link", "build", 3)


def test_a_folder_of_one_s_own_is_taken_for_any_number(tmp_path: Path) -> None:
    assert zones.output(tmp_path / "build", "build", 3) == tmp_path / "build"


@pytest.mark.parametrize(("command", "name"), [("build", "build"), ("package", "dist")])
def test_a_command_refuses_the_default_s_folder(
    command: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(package, "install_wheels", lambda root, cache: pytest.fail("it goes on"))
    before = folder.contents(ROOT / "build")
    assert main([command, "--zones", "3", "--output", str(ROOT / name)]) == 1
    assert capsys.readouterr().err.startswith(f"{command}: {ROOT / name} is for 2 zones")
    assert folder.contents(ROOT / "build") == before


def test_a_build_for_another_number_leaves_the_documents_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "write_file", lambda path, content: pytest.fail(f"it writes {path}"))
    assert main(["build", "--zones", "3", "--output", str(tmp_path / "three")]) == 0
    assert main(["check", "--zones", "3", "--output", str(tmp_path / "three")]) == 0


def test_git_ignores_the_folders_of_another_number() -> None:
    names = ["build-zones-3/templates/main.template.yaml", "dist-zones-4/SHA256SUMS"]
    ignored = subprocess.run(
        ["git", "-C", str(ROOT), "check-ignore", *names], capture_output=True, text=True, check=False
    )
    if "not a git repository" not in ignored.stderr:
        assert ignored.stdout.split() == names


def test_a_package_for_another_number_names_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_none(monkeypatch, tmp_path / "wheels")
    assert main(["package", "--zones", "3", "--output", str(tmp_path / "dist")]) == 0
    main_template = (tmp_path / "dist" / "templates" / "main.template.yaml").read_text()
    assert f"v{__version__}/zones-3/templates/" in main_template and "AvailabilityZone3" in main_template


def test_templates_of_another_number_name_their_own_folder_alone() -> None:
    """Children, the files that are copied, preflight's look at them, and the right to read them."""
    found = 0
    for name, template in templates(3).items():
        for path, text in strings(template):
            if f"v{__version__}/" in text:
                assert re.search(rf"v{re.escape(__version__)}/zones-3/", text), (name, path)
                found += 1
    assert found > 30
    assert f"{RELEASE_FOLDER}zones-" not in str(templates())
