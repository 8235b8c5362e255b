"""What `make local` leaves for `make local-down`: which emulator runs, and what was there before and after the launch.

It lies in state.json of the deployment's folder. A lock beside it lets one command work on the folder at a time.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from generator.errors import GeneratorError
from tests.emulator.process import end

STATE, LOCK = "state.json", "lock"


def command_of(process: int) -> list[str]:
    """The command line of a process; empty if there is none."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return []


@dataclass(frozen=True)
class State:
    """A running local deployment: the emulator's port and process group, the folder it writes to, the stack's region.

    `before` and `launched` name what was there before the launch and when it had ended, `others` what came later and the
    stack did not make, as its first delete found it; None until then.
    """

    port: int
    group: int
    home: str
    region: str
    zones: int
    before: list[str] | None = None
    launched: list[str] | None = None
    others: list[str] | None = None

    @property
    def alive(self) -> bool:
        """Whether the emulator still runs, and the recorded group is not somebody else's by now."""
        command = command_of(self.group)
        return "tests.emulator" in command and str(self.port) in command


def recorded(folder: Path) -> State | None:
    """The deployment that an earlier command left; raises GeneratorError if the record cannot be read."""
    path = folder / STATE
    if not path.exists():
        return None
    try:
        return State(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        raise GeneratorError(
            f"{path} is damaged: end the emulator that runs, if one does, and remove {folder}."
        ) from None


def record(folder: Path, state: State) -> None:
    """Write the state down, all or nothing."""
    beside = folder / f".{STATE}"
    beside.write_text(json.dumps(asdict(state)))
    beside.replace(folder / STATE)


def forget(folder: Path, state: State) -> None:
    """End the emulator and remove all that is known of it."""
    if state.alive:
        end(state.group)
    while state.alive:  # killed, but perhaps not dead yet
        time.sleep(0.01)
    shutil.rmtree(state.home, ignore_errors=True)
    (folder / STATE).unlink(missing_ok=True)


@contextlib.contextmanager
def locked(folder: Path, busy: Callable[[int], None]) -> Iterator[None]:
    """Be the only command that works on the folder, which is made if it is missing.

    While another one does, `busy` is called with its process id (0 if it is just ending), and unless that raises, it is
    waited for. The lock goes with its process, however that ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            busy(int(file.read() or 0))
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
