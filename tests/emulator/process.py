"""Starts and ends the launcher: a process group of its own, a folder of its own, its log in there."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from generator.errors import GeneratorError

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv" / "emulator" / "bin" / "python"
CACHE = ROOT / ".cache" / "emulator"
LOG = "emulator.log"
POLL = 0.05  # seconds
START = 300.0  # seconds for a start with nothing compiled yet, on a busy machine


class EmulatorError(GeneratorError):
    """The emulator could not be started, or has ended."""


def _python() -> str:
    """The Python of the emulator's virtual environment; HPC_PORTAL_EMULATOR_PYTHON names another one."""
    return os.environ.get("HPC_PORTAL_EMULATOR_PYTHON", str(PYTHON))


def set_up() -> bool:
    """Whether there is an environment to run the emulator in."""
    return Path(_python()).exists()


def python() -> str:
    """The Python that runs the emulator; raises EmulatorError if there is none."""
    if not set_up():
        raise EmulatorError(f"{_python()} does not exist: run `make local` or `make test`, which set the emulator up.")
    return _python()


def take_port(port: int = 0) -> socket.socket:
    """The port of 127.0.0.1, or a free one, bound: nobody else gets it before a launcher listens on it.

    Raises EmulatorError if the port cannot be used.
    """
    taken = socket.socket()
    if port:  # connections of an earlier emulator may still be closing
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(("127.0.0.1", port))
    except OSError as error:
        taken.close()
        raise EmulatorError(f"Port {port} cannot be used ({error.strerror}): choose another, or none.") from None
    return taken


def number(taken: socket.socket) -> int:
    """The number of a port that was taken."""
    return int(taken.getsockname()[1])


def start(taken: socket.socket, home: Path, *, watched: bool) -> subprocess.Popen[bytes]:
    """Start a launcher on a port that was taken, which keeps all that it writes under `home`, its log in home/emulator.log.

    The launcher has the port from now on; `taken` is closed.

    A `watched` one ends, and removes `home`, as soon as its standard input is closed: when this process dies, however
    it dies. The other one lives on until its process group is ended.
    """
    home.mkdir(parents=True, exist_ok=True)
    place = ["--port", str(number(taken)), "--socket", str(taken.fileno())]
    command = [python(), "-m", "tests.emulator", *place, "--home", str(home), "--cache", str(CACHE)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    with taken, (home / LOG).open("wb") as log:
        return subprocess.Popen(
            [*command, "--watch-stdin"] if watched else command,
            stdin=subprocess.PIPE if watched else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=home,
            env={**environment, "PYTHONPATH": str(ROOT)},
            pass_fds=[taken.fileno()],
            start_new_session=True,
        )


def end(group: int) -> None:
    """End a launcher's process group: the launcher and every Lambda function it runs."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def wait_until_ready(port: int, process: subprocess.Popen[bytes], home: Path) -> None:
    """Wait until this launcher answers, and no other that came first to the port.

    Raises EmulatorError with the end of its log when it does not come up.
    """
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/_emulator/home", timeout=5)
            if json.loads(answer.read()) == str(home):
                return
        time.sleep(POLL)
    log = (home / LOG).read_text(errors="replace")
    raise EmulatorError(f"The emulator did not start; the end of its log:\n{log[-2000:]}")
