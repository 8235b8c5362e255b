"""A release has the same bytes everywhere, a new key for new content, and is written all or nothing."""

import hashlib
import io
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from generator.__main__ import main
from generator.errors import GeneratorError
from generator.form import PARENTS
from generator.release import contents, package, pin
from generator.text import archives, folder
from generator.text.sources import Sources
from generator.text.yaml import load_yaml
from tests.support.packages import install_none

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the project's sources, with leftovers that must not be packed."""
    copy = tmp_path / "project"
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("lambda", "userdata", "templates"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignore)
    for name in (
        "portal/test_lib.py",
        "portal/__pycache__/x.pyc",
        "portal/.lib.sh.swp",
        "portal/tests/a.sh",
        "cluster/.hidden",
    ):
        path = copy / "userdata" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("leftover")
    return copy


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """Packages as an installer leaves them."""
    folder = tmp_path / "wheels"
    for name in ("cryptography/x509/__init__.py", "cffi.so", "cffi-2.dist-info/METADATA"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    for name in ("cffi-2.dist-info/RECORD", "cffi-2.dist-info/INSTALLER", "bin/tool", ".lock", "__pycache__/x.pyc"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(os.urandom(9))
    return folder


def touch(folder: Path) -> None:
    """Other times and permissions, as another checkout has them."""
    for number, path in enumerate(sorted(folder.rglob("*"))):
        os.utime(path, (number * 1000.0, number * 1000.0))
        if path.is_file():
            path.chmod(0o600)


def test_two_checkouts_give_the_same_bytes(root: Path, wheels: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "checkout"
    shutil.copytree(root, other)
    before = archives.packages_layer(wheels)
    touch(other)
    touch(wheels)
    assert archives.own_files(root) == archives.own_files(other) and archives.packages_layer(wheels) == before


def test_the_packages_are_pinned_by_their_layer(root: Path, wheels: Path) -> None:
    layer = archives.packages_layer(wheels)
    (root / archives.PACKAGES_PIN).write_bytes(archives.packages_pin(root, layer))
    assert archives.pinned_packages(root) == hashlib.sha256(layer).hexdigest()


@pytest.mark.parametrize("name", [archives.CERTIFICATE_PINS, archives.PACKAGES_PIN])
def test_a_pin_of_other_requirements_is_refused(root: Path, name: str) -> None:
    (root / name).write_bytes((root / name).read_bytes() + b"another==1\n")
    with pytest.raises(GeneratorError, match=r"packages\.sha256 is not of this .*requirements\.txt: run `make lock`\."):
        archives.pinned_packages(root)


def test_a_changed_function_leaves_its_packages_alone(root: Path) -> None:
    before = archives.pinned_packages(root)
    for name in ("certificate/handler.py", "common/answer.py"):
        with (root / "lambda" / name).open("a") as file:
            file.write("CHANGED = 1\n")
    assert archives.pinned_packages(root) == before


def test_other_packages_than_the_pinned_ones_are_no_release(root: Path, wheels: Path) -> None:
    with pytest.raises(GeneratorError, match=rf"in {wheels} have SHA-256 [0-9a-f]+, and .*packages\.sha256 names"):
        contents.files(2, Sources(root), wheels)


def test_the_command_pins_what_it_installs(root: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pin, "install_wheels", lambda root, cache: wheels)
    (root / archives.CERTIFICATE_PINS).write_text("other==1 --hash=sha256:0\n")
    assert main(["pin", "--source", str(root)]) == 0
    assert archives.pinned_packages(root) == archives.digest(archives.packages_layer(wheels))


def test_the_portal_bundle_holds_the_node_s_files_and_nothing_of_this_machine(root: Path) -> None:
    key, content = archives.portal_bundle(root)
    assert key == f"userdata/portal-{hashlib.sha256(content).hexdigest()[:12]}.tar"
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
        entries = {entry.name: entry for entry in tar}
    assert {"bootstrap.sh", "lib.sh", "templates/efinstall.config", "templates/ef.slurm.conf"} <= entries.keys()
    assert any(name.startswith("templates/batch-service/") for name in entries)
    assert not any("test" in name.split("/")[-1] or "/." in f"/{name}" or "pycache" in name for name in entries)
    assert [*entries] == sorted(entries)
    for name, entry in entries.items():
        assert (entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname) == (0, 0, 0, "", "")
        source = root / (name if name.startswith("templates/") else f"userdata/portal/{name}")
        source = root / "userdata" / name if name == "attempt.sh" else source
        script = name.endswith(".sh") or source.read_bytes().startswith(b"#!")
        assert entry.mode == (0o755 if script else 0o644), name
        assert entry.size == source.stat().st_size


def test_a_new_file_changes_the_bundle_key_alone(root: Path) -> None:
    bundle, scripts = archives.portal_bundle(root)[0], archives.cluster_scripts(root)[0]
    (root / "userdata" / "portal" / "more.sh").write_text("true\n")
    assert archives.portal_bundle(root)[0] != bundle and archives.cluster_scripts(root)[0] == scripts


def test_the_clusters_scripts_lie_under_a_key_of_their_names_and_contents(root: Path) -> None:
    prefix, files = archives.cluster_scripts(root)
    assert prefix.startswith("userdata/cluster-") and len(prefix) == 29
    assert "publish.sh" in files and ".hidden" not in files
    (root / "userdata" / "cluster" / "publish.sh").rename(root / "userdata" / "cluster" / "republish.sh")
    assert archives.cluster_scripts(root)[0] != prefix, "a name counts too"


def test_a_clusters_script_has_the_common_part_in_front(root: Path) -> None:
    folder = root / "userdata" / "cluster"
    (folder / "common.sh").write_text("#!/bin/bash\nsay() { echo; }\n")
    (folder / "more.sh").write_text('#!/bin/bash\n# More.\n. "$(dirname "$0")/common.sh"\nsay\n')
    (folder / "other.py").write_text("#!/usr/bin/env python3\n")
    files = archives.cluster_scripts(root)[1]
    assert files["more.sh"] == b"#!/bin/bash\nsay() { echo; }\n\n# More.\nsay\n"
    assert files["other.py"] == b"#!/usr/bin/env python3\n"
    assert "common.sh" not in files, "no script of its own"


def test_what_all_nodes_share_is_in_the_bundle_and_in_front_of_the_clusters_scripts(root: Path) -> None:
    text = (root / "userdata" / "attempt.sh").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(archives.portal_bundle(root)[1]), mode="r:") as tar:
        file = tar.extractfile("attempt.sh")
        assert file and file.read() == text
    assert archives.cluster_scripts(root)[1]["publish.sh"].startswith(text)


def test_a_change_of_what_all_nodes_share_changes_both_keys(root: Path) -> None:
    bundle, scripts = archives.portal_bundle(root)[0], archives.cluster_scripts(root)[0]
    with (root / "userdata" / "attempt.sh").open("a") as file:
        file.write("# changed\n")
    assert archives.portal_bundle(root)[0] != bundle and archives.cluster_scripts(root)[0] != scripts


def test_a_common_part_that_would_not_be_whole_is_refused(root: Path) -> None:
    (root / "userdata" / "cluster" / "common.sh").write_text("#!/bin/bash\nsource ../attempt.sh\n")
    with pytest.raises(GeneratorError, match=r"common\.sh sources \.\./attempt\.sh in its own way: write the line \. "):
        archives.cluster_scripts(root)


def test_a_change_of_the_common_part_changes_the_scripts_key(root: Path) -> None:
    before = archives.cluster_scripts(root)[0]
    with (root / "userdata" / "cluster" / "common.sh").open("a") as file:
        file.write("# changed\n")
    assert archives.cluster_scripts(root)[0] != before


@pytest.mark.parametrize("line", ["source ./common.sh", '. "$(dirname "$0")/common.sh" # shared', ". $here/common.sh"])
def test_a_clusters_script_that_would_not_be_whole_is_refused(root: Path, line: str) -> None:
    (root / "userdata" / "cluster" / "more.sh").write_text(f"#!/bin/bash\n{line}\n")
    with pytest.raises(GeneratorError, match=r"more\.sh sources common\.sh in its own way: write the line \. "):
        archives.cluster_scripts(root)


def test_the_layer_holds_the_packages(wheels: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(archives.packages_layer(wheels))) as archive:
        entries = archive.infolist()
    assert {entry.filename for entry in entries} == {
        "python/cryptography/x509/__init__.py", "python/cffi.so", "python/cffi-2.dist-info/METADATA"
    }  # fmt: skip
    for entry in entries:
        assert entry.compress_type == zipfile.ZIP_STORED and entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert stat.S_IMODE(entry.external_attr >> 16) == 0o644


@pytest.fixture
def release(root: Path, wheels: Path) -> dict[str, bytes]:
    """Everything that is published."""
    (root / archives.PACKAGES_PIN).write_bytes(archives.packages_pin(root, archives.packages_layer(wheels)))
    return contents.files(2, Sources(root), wheels)


def test_the_template_names_every_asset_with_its_checksum(release: dict[str, bytes]) -> None:
    copy = load_yaml(release["templates/assets.template.yaml"].decode())["Resources"]["Copy"]["Properties"]
    named = {item["Key"]: item["Sha256"] for item in copy["Files"]}
    assets = {key: text for key, text in release.items() if not key.startswith(("templates/", archives.MANIFEST))}
    assert named == {key: archives.digest(text) for key, text in assets.items()}


@pytest.mark.parametrize("parent", PARENTS)
def test_a_parent_names_every_nested_template_with_its_checksum(release: dict[str, bytes], parent: str) -> None:
    stack = load_yaml(release[f"templates/{parent}.template.yaml"].decode())["Resources"]["AssetsStack"]
    listed = dict(item.split(":") for item in stack["Properties"]["Parameters"]["TemplateChecksums"]["Fn::Join"][1])
    names = [key.removeprefix("templates/") for key in release if key.startswith("templates/")]
    nested = {name for name in names if name.removesuffix(".template.yaml") not in PARENTS}
    assert listed == {name: archives.digest(release[f"templates/{name}"]) for name in nested}


def test_sha256sum_agrees(release: dict[str, bytes], tmp_path: Path) -> None:
    folder.replace(tmp_path / "release", release, mark=archives.MANIFEST)
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", archives.MANIFEST], cwd=tmp_path / "release", capture_output=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "name",
    [
        *("userdata/portal", "userdata/cluster", "lambda/common/answer.py", "templates/ef.slurm.conf"),
        *(archives.CERTIFICATE_PINS, archives.PACKAGES_PIN),
    ],
)
def test_a_missing_source_is_named(root: Path, wheels: Path, name: str) -> None:
    shutil.rmtree(root / name) if (root / name).is_dir() else (root / name).unlink()
    with pytest.raises(GeneratorError, match=f"{name}.*restore it from the repository"):
        contents.files(2, Sources(root), wheels)


def fake_installer(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(package, "_installer", lambda: [sys.executable, "-c", script])


def test_wheels_are_installed_once_per_pin(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = "p = pathlib.Path(sys.argv[sys.argv.index('--target') + 1])"
    install = f"import pathlib, sys; assert '--require-hashes' in sys.argv; {target}; p.mkdir(); (p / 'm.py').touch()"
    fake_installer(monkeypatch, install)
    folder = package.install_wheels(root, tmp_path / "cache")
    assert [path.name for path in folder.iterdir()] == ["m.py"]
    fake_installer(monkeypatch, "raise SystemExit('no network')")
    assert package.install_wheels(root, tmp_path / "cache") == folder
    (root / "lambda" / "certificate" / "requirements.txt").write_text("other==1 --hash=sha256:0")
    with pytest.raises(GeneratorError, match=r"could not be installed for Lambda \(no network\): check that"):
        package.install_wheels(root, tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [folder.name], "nothing half-made is left"


def test_every_pin_has_a_hash() -> None:
    text = (ROOT / "lambda" / "certificate" / "requirements.txt").read_text()
    pins = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert pins and all("==" in line and "--hash=sha256:" in line for line in pins)


def test_the_command_line_writes_the_release_or_refuses_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install_none(monkeypatch, tmp_path / "none")
    assert main(["package", "--output", str(tmp_path / "dist")]) == 0
    sums = (tmp_path / "dist" / archives.MANIFEST).read_text()
    assert "  templates/main.template.yaml\n" in sums and "  lambda/packages-" in sums
    (tmp_path / "file").write_text("")
    assert main(["package", "--output", str(tmp_path / "file" / "dist")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("function", ["assets", "preflight"])
def test_functions_know_the_manifest_by_its_name(function: str) -> None:
    """Inline code cannot import it from the generator."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "lambda" / function).rglob("*.py")]
    assert any(f'"{archives.MANIFEST}"' in text for text in texts)


def test_importing_it_is_cheap() -> None:
    """The generator imports it in a cold run: nothing that is needed for packing alone may come along."""
    code = "import sys, generator.text.archives; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"boto3", "troposphere", "tarfile", "zipfile", "subprocess", "argparse", "tempfile"} & set(loaded)
