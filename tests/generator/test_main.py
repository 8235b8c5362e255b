"""The one command line: a sentence and a status for whatever goes wrong, and never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from generator import __main__ as program
from generator.__main__ import COMMANDS, main
from generator.errors import GeneratorError
from generator.text.sources import ROOT

# What a command cannot do without.
REQUIRED = {
    "release": ["--version", "1.0.0"],
    "taskcat": ["--stage", "stage"],
    "preflight": ["--parameters", "answers.json"],
    "why": ["--stack", "hpc"],
    "status": ["--stack", "hpc"],
}
Stops = Callable[[BaseException], int]


def python(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """A fresh Python in the project's folder."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, **options
    )


@pytest.fixture
def stops(monkeypatch: pytest.MonkeyPatch) -> Stops:
    """Runs a command that an error stops; returns the exit status."""

    def run(error: BaseException) -> int:
        from generator.release import check

        def stopped(options: object) -> int:
            raise error

        monkeypatch.setattr(check, "run", stopped)
        return main(["check"])

    return run


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        (command, wrong)
        for command in COMMANDS
        for wrong in ("--frobnicate", "--frobnicate=1", "stray")
        if (command, wrong) != ("updates", "stray")  # which takes parameters' names
    ],
)
def test_what_no_command_knows_is_refused(command: str, wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([command, *REQUIRED.get(command, []), wrong])
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"python -m generator {command}: unrecognized arguments: {wrong}; see python -m generator {command} --help\n"
    )


def test_an_unknown_parameter_of_updates_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["updates", "stray"]) == 1
    assert capsys.readouterr() == ("", "updates: the form does not ask for stray: see build/parameters.md\n")


@pytest.mark.parametrize("command", REQUIRED)
def test_what_a_command_needs_is_named(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([command])
    err = capsys.readouterr().err
    assert f"the following arguments are required: {REQUIRED[command][0]}" in err and err.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_options_are_not_abbreviated(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An abbreviation may become another option's with the next version."""
    with pytest.raises(SystemExit, match="2"):
        main([command, *REQUIRED.get(command, []), "--hel"])


@pytest.mark.parametrize("arguments", [[], ["frobnicate"], ["--frobnicate"], ["BUILD"]])
def test_what_is_no_command_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("python -m generator: ") and err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--help"], *([command, "--help"] for command in COMMANDS)], ids=" ".join)
def test_help_is_printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(arguments)
    out, err = capsys.readouterr()
    assert out.startswith("usage: python -m generator") and err == ""


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    out = capsys.readouterr().out
    assert all(f"\n    {command}" in out for command in COMMANDS)


def test_help_imports_no_command() -> None:
    code = "import sys, generator.__main__ as m\ntry: m.main(['--help'])\nfinally: print(*sorted(sys.modules))"
    loaded = python("-c", code).stdout.splitlines()[-1].split()
    assert not {module for module, _ in COMMANDS.values()} & set(loaded)
    assert not {"troposphere", "boto3", "yaml"} & set(loaded)


@pytest.mark.parametrize("command", ["build", "why", "links"])
def test_only_the_module_of_the_command_is_imported(command: str) -> None:
    arguments = [command, *REQUIRED.get(command, [])]
    code = f"import sys, generator.__main__ as m; m.parse({arguments!r}); print(*sys.modules)"
    loaded = set(python("-c", code).stdout.split())
    own = COMMANDS[command][0]
    assert own in loaded
    heavy = {
        "generator.release.publish",
        "generator.release.cut",
        "generator.operate.preflight",
        "generator.operate.why",
    }
    assert not (heavy - {own}) & loaded


def test_a_foreseen_error_is_one_sentence(stops: Stops, capsys: pytest.CaptureFixture[str]) -> None:
    assert stops(GeneratorError("It is broken: mend it.")) == 1
    assert capsys.readouterr() == ("", "check: It is broken: mend it.\n")


def test_an_error_of_the_system_is_one_sentence(stops: Stops, capsys: pytest.CaptureFixture[str]) -> None:
    assert stops(PermissionError(13, "Permission denied", "/etc/shadow")) == 1
    assert capsys.readouterr() == ("", "check: /etc/shadow cannot be used: Permission denied\n")


def test_a_full_disk_is_one_sentence(stops: Stops, capsys: pytest.CaptureFixture[str]) -> None:
    assert stops(OSError(28, "No space left on device")) == 1
    assert capsys.readouterr() == ("", "check: A file cannot be used: No space left on device\n")


def test_a_refusal_of_aws_is_one_sentence(stops: Stops, capsys: pytest.CaptureFixture[str]) -> None:
    refusal = {"Error": {"Code": "AccessDenied", "Message": "No."}}
    assert stops(ClientError(refusal, "DescribeStacks")) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("check: These credentials may not call DescribeStacks: ")
    assert err.count("\n") == 1


def test_an_interrupt_ends_with_130(stops: Stops, capsys: pytest.CaptureFixture[str]) -> None:
    assert stops(KeyboardInterrupt()) == 130
    assert capsys.readouterr() == ("", "\ncheck: interrupted\n")


def test_an_error_that_nobody_foresaw_is_not_hidden(stops: Stops) -> None:
    with pytest.raises(ZeroDivisionError):
        stops(ZeroDivisionError())


def test_ctrl_c_in_a_process_leaves_no_traceback() -> None:
    code = (
        "import sys, time, generator.__main__ as m\n"
        "from generator.release import check\n"
        "def run(options):\n    print('begun', flush=True)\n    time.sleep(60)\n"
        "check.run = run\nsys.exit(m.main(['check']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stdout.readline() == "begun\n"
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130 and err == "\ncheck: interrupted\n"


def test_a_reader_that_has_gone_leaves_no_traceback(tmp_path: Path) -> None:
    """As in `make updates | head -1`."""
    code = (
        "import sys, generator.__main__ as m\n"
        "from generator.release import check\n"
        "check.run = lambda options: print('line\\n' * 1_000_000) or 0\n"
        "sys.exit(m.main(['check']))"
    )
    reader, writer = os.pipe()
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=writer, stderr=subprocess.PIPE) as process:
        os.close(writer)
        os.read(reader, 5)
        os.close(reader)
        _, err = process.communicate(timeout=30)
    assert err == b"" and process.returncode == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_a_module_with_options_and_a_run(command: str) -> None:
    options = program.parse([command, *REQUIRED.get(command, [])])
    assert options.module.__name__ == COMMANDS[command][0]
    assert callable(options.module.run)
