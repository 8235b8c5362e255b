"""The disk image of the bench's machines: a Debian of its own below .cache/, so that the host's packages do not matter.

`prepare` needs root, and mmdebstrap with a way to Debian's packages when there is no image of these packages yet.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "bench"
HERE = Path(__file__).parent
SUITE = "bookworm"  # Slurm 22.05, MariaDB 10.11, systemd 252
PYTHON = "3.11"  # of that Debian
SYSTEM, OURS = FOLDER / "system", FOLDER / "ours"
INSTALLER = FOLDER / "installer.jar"


class Unable(Exception):
    """The bench cannot run here; the text says what to do."""


def layers() -> list[Path]:
    """The read-only layers of every machine's disk, the upper ones first."""
    return [OURS, SYSTEM]


def prepare() -> None:
    """Make the image, or take the one that is there; raises Unable with what is missing."""
    if os.geteuid() != 0:
        raise Unable("The bench makes network namespaces and mounts: run `make bench` as root, on a machine for tests.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    recipe = [HERE / "packages.txt", HERE / "customize.sh", ROOT / "requirements" / "bench.txt"]
    wanted = hashlib.sha256(SUITE.encode() + b"".join(path.read_bytes() for path in recipe)).hexdigest()
    stamp = SYSTEM / "etc" / "bench-recipe"
    if not stamp.exists() or stamp.read_text() != wanted:
        _system(stamp, wanted)
    shutil.rmtree(OURS, ignore_errors=True)
    # Modes are the checkout's, owners are root's whoever checked out.
    shutil.copytree(HERE / "rootfs", OURS, symlinks=True)
    for path in OURS.rglob("*"):
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    _installer()


def _system(stamp: Path, wanted: str) -> None:
    """Debian with the listed packages, and the AWS CLI."""
    if not shutil.which("mmdebstrap"):
        print("installing mmdebstrap", flush=True)
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "mmdebstrap"]):
            _run(command, "mmdebstrap is missing and apt-get cannot install it: install it and run `make bench` again.")
    print(f"making the machines' image: Debian {SUITE} with Slurm, MariaDB and Java", flush=True)
    fresh = SYSTEM.with_suffix(".new")
    for path in (fresh, SYSTEM):
        shutil.rmtree(path, ignore_errors=True)
    lines = (HERE / "packages.txt").read_text().splitlines()
    packages = ",".join(line for line in lines if line and not line.startswith("#"))
    hook = f'{HERE / "customize.sh"} "$1"'
    debian = ["mmdebstrap", "--variant=minbase", f"--include={packages}", f"--customize-hook={hook}"]
    trim = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "locale")]
    _run(
        [*debian, *trim, "--architectures=amd64", SUITE, str(fresh)],
        "Debian's packages could not be fetched or installed; see above.",
    )
    uv = [str(ROOT / ".venv/uv/bin/uv"), "pip", "install", "--quiet", "--python", str(ROOT / ".venv/main")]
    target = ["--target", str(fresh / "opt/awscli"), "--python-version", PYTHON]
    platform = ["--python-platform", "x86_64-manylinux_2_28"]
    _run(
        [*uv, *target, *platform, "-r", str(ROOT / "requirements/bench.txt")],
        "The AWS CLI could not be installed into the image; see above.",
    )
    (fresh / stamp.relative_to(SYSTEM)).write_text(wanted)
    fresh.rename(SYSTEM)


def _installer() -> None:
    """The stand-in of the vendor's installer, compiled inside the image."""
    sources = sorted(path for path in (HERE / "vendor").rglob("*") if path.is_file())
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    stamp = INSTALLER.with_suffix(".sha256")
    if INSTALLER.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(SYSTEM / "opt/vendor", ignore_errors=True)
    shutil.copytree(HERE / "vendor", SYSTEM / "opt/vendor")
    # The JDK finds its own libraries by way of /proc.
    build = 'mount -t proc proc "$1/proc" && exec chroot "$1" sh /opt/vendor/build.sh /opt/installer.jar'
    _run(
        ["unshare", "--mount", "sh", "-c", build, "build", str(SYSTEM)],
        "The stand-in installer does not compile; see above.",
    )
    shutil.rmtree(SYSTEM / "opt/vendor")
    shutil.move(SYSTEM / "opt/installer.jar", INSTALLER)
    stamp.write_text(wanted)


def _run(command: list[str], otherwise: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Unable(f"{done.stdout[-3000:]}\n{otherwise}")
