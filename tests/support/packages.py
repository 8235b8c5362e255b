"""The certificate function without its packages, which tests neither download nor need."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.release import package
from generator.text import archives
from tests.emulator.release import NO_PACKAGES


def pin_none(project: Path) -> None:
    """Have a copy of the project pin a layer without packages."""
    (project / archives.PACKAGES_PIN).write_bytes(archives.packages_pin(project, NO_PACKAGES))


def install_none(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have the commands of this process find no packages in `folder`, and pin none."""
    folder.mkdir(exist_ok=True)
    monkeypatch.setattr(package, "install_wheels", lambda root, cache: folder)
    monkeypatch.setattr(archives, "pinned_packages", lambda root: archives.digest(NO_PACKAGES))
