"""A machine of the bench: namespaces over an overlay of the image, with a real systemd as its first process.

Its disk is a folder, its network card a pair of virtual interfaces whose other end hangs on the bridge of its zone.
Power-off is the end of its first process, which the kernel follows with that of all others.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import image
from tests.bench.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.bench.vpc import Subnet

INIT = Path(__file__).parent / "init.sh"
CGROUP = Path("/sys/fs/cgroup/unified" if Path("/sys/fs/cgroup/unified").exists() else "/sys/fs/cgroup")

RUN = uuid.uuid4().hex[:8]  # several benches may run on one host


def host(*command: str) -> str:
    """Run a command in the bench's own namespaces and return what it prints; CalledProcessError tells its stderr."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return done.stdout


@dataclass
class Done:
    """How a command on a machine ended, and after how many seconds."""

    status: int
    output: str
    seconds: float


@dataclass
class Machine:
    """One machine. `files` are written to its disk before its first boot."""

    name: str  # host name
    address: str
    subnet: Subnet
    storage: Path
    folder: Path  # its disk; gone with the machine
    files: dict[str, str] = field(default_factory=dict, repr=False)
    _process: subprocess.Popen[bytes] | None = None
    _pid: int = 0

    @property
    def root(self) -> Path:
        """The machine's file system as the bench sees it: its disk, without what is mounted inside."""
        return self.folder / "root"

    @property
    def running(self) -> bool:
        """Whether it is powered."""
        return self._process is not None and self._process.poll() is None

    def power_on(self) -> None:
        """Boot, from the disk as it is. Returns at once; `wait` waits."""
        assert not self.running, f"{self.name} runs already"
        if not self.folder.exists():
            for name in ("root", "upper", "work"):
                (self.folder / name).mkdir(parents=True)
        lower = ":".join(map(str, image.layers()))
        layers = f"lowerdir={lower},upperdir={self.folder}/upper,workdir={self.folder}/work"
        host("mount", "-t", "overlay", "overlay", "-o", layers, str(self.root))
        for path, text in self.files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text)
        self.subnet.plug(self)
        group = CGROUP / f"bench-{RUN}-{self.address}"
        group.mkdir(exist_ok=True)

        def enter() -> None:
            (group / "cgroup.procs").write_text(str(os.getpid()))

        namespaces = ["--pid", "--mount", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child"]
        inside = ["ip", "netns", "exec", self.netns, "unshare", *namespaces]
        self._process = subprocess.Popen(
            [*inside, INIT, self.root, self.name, self.storage],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=enter,
        )
        deadline = time.monotonic() + PATIENCE
        while not self._find():
            assert self.running and time.monotonic() < deadline, f"{self.name} does not start"
            time.sleep(0.02)

    @property
    def netns(self) -> str:
        """Its network namespace."""
        return f"bench-{self.address}"

    def _find(self) -> bool:
        """Look for the first process: the child of unshare, once it is systemd."""
        assert self._process
        try:
            parent = self._process.pid
            [child] = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            self._pid = int(child)
            return Path(f"/proc/{child}/comm").read_text().strip() == "systemd"
        except (OSError, ValueError):
            return False

    def power_off(self) -> None:
        """Take the power away: nothing on it gets to do anything any more."""
        if self.running and self._process:
            os.kill(self._pid, signal.SIGKILL)
            self._process.wait()
        self.subnet.unplug(self)
        while os.path.ismount(self.root):
            host("umount", "-l", str(self.root))

    def destroy(self) -> None:
        """Power off and forget the disk."""
        self.power_off()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *command: str) -> list[str]:
        """The command line that runs `command` as root on this machine."""
        spaces = ["nsenter", "--target", str(self._pid), "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup"]
        path = "PATH=/opt/slurm/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return [*spaces, "--root", "env", "-i", "-C", "/", path, "HOME=/root", "LANG=C.UTF-8", *command]

    def run(self, script: str, user: str = "root", seconds: float = 120) -> Done:
        """Run a bash script on the machine; after `seconds` its status is 124."""
        who = [] if user == "root" else ["su", user, "-s", "/bin/bash", "-c"]
        command = [*who, script] if who else ["bash", "-c", script]
        begin = time.monotonic()
        try:
            done = subprocess.run(
                self.command(*command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
            )
            return Done(done.returncode, done.stdout, time.monotonic() - begin)
        except subprocess.TimeoutExpired as late:
            said = late.stdout or b""
            text = said.decode(errors="replace") if isinstance(said, bytes) else said
            return Done(124, text, time.monotonic() - begin)

    def ask(self, script: str, user: str = "root", seconds: float = 120) -> str:
        """What a script prints; it must succeed."""
        done = self.run(script, user, seconds)
        assert done.status == 0, f"on {self.name}: {script}\nended with {done.status}: {done.output}"
        return done.output.strip()

    def start_unit(self, unit: str) -> None:
        """Run a service that a timer runs as well, from its first line to its end.

        The first start may only wait for a run that the timer began earlier; the second one begins after it. systemd
        takes no more than five starts in ten seconds unless it forgets them.
        """
        start = f"systemctl reset-failed {unit} 2> /dev/null; systemctl start {unit}"
        self.ask(f"{start} && {{ {start}; }}", seconds=PATIENCE)

    def rerun(self, seconds: float = PATIENCE) -> Done:
        """Run the user data again, as an operator would after a boot that was cut short; its output."""
        return self.run("exec $(ls -d /var/lib/cloud/instances/*/user-data)", seconds=seconds)

    def user_data(self, seconds: float = PATIENCE) -> int | None:
        """The exit status of its user data, None if it has not ended within `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = list(self.root.glob("var/lib/cloud/instances/*/status"))
            if found:
                return int(found[0].read_text())
            assert self.running, f"{self.name} is not running"
            time.sleep(0.1)
        return None
