"""The generator's command line: bad input gets one sentence and leaves the folder as it was; `check` sees every change."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.__main__ import main
from generator.release.outputs import MAX_TEMPLATE_BYTES
from generator.stack import MAX_ZONES, MIN_ZONES
from generator.text.sources import ROOT

Refused = Callable[..., str]
SOURCES = ("templates", "lambda", "userdata")


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Every path under `folder`, with the files' content."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """An earlier build, as a run left it."""
    shutil.copytree(ROOT / "build", tmp_path / "work" / "build")
    return tmp_path / "work" / "build"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of what the generator reads."""
    for folder in SOURCES:
        shutil.copytree(ROOT / folder, tmp_path / "source" / folder)
    return tmp_path / "source"


@pytest.fixture
def refused(built: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Run a command line that must fail: returns its one sentence, having seen that the earlier build is as it was."""

    def run(*arguments: str | Path, command: str = "build") -> str:
        before = snapshot(built.parent)
        try:
            status = main([command, "--output", str(built), *map(str, arguments)])
        except SystemExit as ended:
            status = int(ended.code or 0)
            assert status == 2
        assert status in (1, 2)
        out, err = capsys.readouterr()
        assert out == ""
        assert (
            err.startswith((f"{command}: ", f"python -m generator {command}: "))
            and err.endswith("\n")
            and err.count("\n") == 1
        ), err
        assert "Traceback" not in err and "Errno" not in err
        assert snapshot(built.parent) == before, "a failed run leaves everything as it was"
        return err

    return run


def test_an_unknown_option_is_refused(refused: Refused) -> None:
    assert "--frobnicate" in refused("--frobnicate")
    assert "see python -m generator build --help" in refused("stray")


@pytest.mark.parametrize("zones", ["0", MIN_ZONES - 1, MAX_ZONES + 1, "-2"])
def test_a_number_of_zones_that_is_out_of_range(refused: Refused, zones: object) -> None:
    assert f"--zones {zones} is out of range: choose {MIN_ZONES} to {MAX_ZONES}" in refused(f"--zones={zones}")


@pytest.mark.parametrize("zones", ["two", "2.5", ""])
def test_a_number_of_zones_that_is_none(refused: Refused, zones: str) -> None:
    assert "--zones" in refused(f"--zones={zones}")


@pytest.mark.parametrize("zones", range(MIN_ZONES, MAX_ZONES + 1))
def test_every_number_of_zones_in_range_is_built(tmp_path: Path, zones: int) -> None:
    assert main(["build", "--output", str(tmp_path / "build"), "--zones", str(zones)]) == 0


def test_a_folder_below_a_file_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "choose another --output" in refused("--output", tmp_path / "file" / "build")


def test_a_folder_that_nobody_may_write(refused: Refused) -> None:
    assert "cannot write /proc/hpc-portal/build" in refused("--output", "/proc/hpc-portal/build")
    assert "cannot write /proc/build" in refused("--output", "/proc/build")


@pytest.mark.parametrize("option", ["--output", "--source"])
def test_an_option_without_its_value_is_refused(refused: Refused, option: str) -> None:
    assert option in refused(option)


def test_a_folder_that_is_not_ours(refused: Refused, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.tex").write_text("years of work")
    assert "did not write: choose another --output" in refused("--output", home)
    assert (home / "thesis.tex").read_text() == "years of work"


def test_a_file_in_place_of_the_folder_is_refused_and_stays(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "choose another --output" in refused("--output", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize(
    "missing",
    [
        "templates/cluster.yaml",
        "userdata/header.sh",
        "userdata/cluster",
        "lambda/common/answer.py",
        "lambda/preflight/handler.py",
        "lambda/assets/handler.py",
        "lambda/certificate/handler.py",
        "lambda/certificate/requirements.txt",
        "templates/efinstall.config",
        "templates/ef.slurm.conf",
        "templates/batch-service",
    ],
)
def test_a_missing_source_is_named(refused: Refused, source: Path, missing: str) -> None:
    path = source / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    said = refused("--source", source)
    assert Path(missing).name in said
    assert "restore" in said


def test_a_source_that_is_no_folder(refused: Refused, tmp_path: Path) -> None:
    assert "cannot read" in refused("--source", tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Image:\n  Os: [\n", "templates/cluster.yaml is not valid YAML"),
        ("a: b: c\n", "templates/cluster.yaml is not valid YAML"),
        ("A: !GetRich quick\n", "templates/cluster.yaml, line 1: A: unknown short form !GetRich"),
        ("A: 1\nA: 2\n", "templates/cluster.yaml, line 2: A: the key occurs twice, in lines 1 and 2"),
        ("A: ~\n", "templates/cluster.yaml, line 1: A: ~ is no value"),
        ("A: ${USER}\n", "templates/cluster.yaml, line 1: A: nothing fills ${USER}"),
        ("A: !Ref Nobody\n", "tier clusters refers to Nobody"),
        ("A: !If [Nobody, a, b]\n", "tier clusters refers to condition Nobody"),
        ("A: !Sub '${Nobody}'\n", "tier clusters refers to Nobody"),
    ],
)
def test_a_malformed_cluster_configuration_is_refused(refused: Refused, source: Path, text: str, sentence: str) -> None:
    (source / "templates" / "cluster.yaml").write_text(text)
    assert sentence in refused("--source", source)


@pytest.mark.parametrize("text", ["", "- a\n", "just words\n"])
def test_a_cluster_configuration_that_is_no_mapping(refused: Refused, source: Path, text: str) -> None:
    (source / "templates" / "cluster.yaml").write_text(text)
    assert "templates/cluster.yaml" in refused("--source", source)


def test_a_source_that_is_not_text(refused: Refused, source: Path) -> None:
    (source / "userdata" / "header.sh").write_bytes(b"\xff\xfe\x00")
    assert "header.sh" in refused("--source", source)


@pytest.mark.parametrize("line", ["x = '\t'\n", "x = 1  \n", "x = '\u00e9'\n"], ids=["tab", "blank", "letter"])
def test_inline_code_that_would_spoil_its_literal_block_is_refused(refused: Refused, source: Path, line: str) -> None:
    handler = source / "lambda" / "assets" / "handler.py"
    handler.write_text(handler.read_text() + line, encoding="utf-8")
    assert "lambda/assets: use plain ASCII without tabs or trailing blanks" in refused("--source", source)


def test_a_template_that_is_too_large(refused: Refused, source: Path) -> None:
    header = source / "lambda" / "preflight" / "handler.py"
    header.write_text(header.read_text() + "x = 1\n" * 80000)
    said = refused("--source", source)
    assert "preflight.template.yaml has " in said and f"keep it below {MAX_TEMPLATE_BYTES}" in said


def test_a_disk_that_fails_half_way(built: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused) -> None:
    (built / "parameters.md").write_text("an earlier one")
    real, calls = Path.rename, []

    def rename(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:  # the old build is out of the way, the new one not yet in place
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    assert "No space left on device" in refused()
    assert len(calls) == 3


def test_a_run_replaces_an_earlier_build_as_a_whole(built: Path) -> None:
    (built / "templates" / "gone.template.yaml").write_text("x")
    (built / "templates" / "main.template.yaml").write_text("x")
    assert main(["build", "--output", str(built)]) == 0
    assert main(["check", "--output", str(built)]) == 0
    assert [path.name for path in built.parent.iterdir()] == ["build"], "no scratch folder is left"


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    assert main(["build", "--output", str(tmp_path / "build")]) == 0


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("templates/main.template.yaml", lambda path: path.write_text(path.read_text() + "\n")),
        ("templates/lustre.template.yaml", Path.unlink),
        ("templates/new.template.yaml", lambda path: path.write_text("x")),
        ("parameters.md", lambda path: path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))),
    ],
    ids=["stale", "missing", "extra", "other line ends"],
)
def test_check_sees_every_difference(built: Path, refused: Refused, name: str, spoil: Callable[[Path], object]) -> None:
    assert main(["build", "--output", str(built)]) == 0
    spoil(built / name)
    assert f"stale: {built / name}: run `make templates` and commit" in refused(command="check")


def test_check_of_a_folder_that_is_not_there(refused: Refused, tmp_path: Path) -> None:
    assert "stale: " in refused("--output", tmp_path / "nowhere", command="check")


def test_the_process_says_it_and_ends_with_1(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "generator", "build", "--output", str(tmp_path / "build"), "--zones", "9"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"build: --zones 9 is out of range: choose {MIN_ZONES} to {MAX_ZONES}\n"
    assert not (tmp_path / "build").exists()
