"""What an earlier state of the project published, kept so that its deployments can be updated in a test.

`python -m tests.support.earlier_release` replaces it by the present state; docs/releasing.md says when.
"""

from __future__ import annotations

import lzma
import tarfile
from io import BytesIO
from pathlib import Path

from tests.emulator.release import release

EARLIER = Path(__file__).parents[1] / "stack" / "fixtures" / "earlier-release.tar.xz"


def read() -> dict[str, bytes]:
    """The earlier release by relative key."""
    with tarfile.open(fileobj=BytesIO(lzma.decompress(EARLIER.read_bytes()))) as tar:
        members = {member.name: tar.extractfile(member) for member in tar.getmembers()}
    return {name: file.read() for name, file in members.items() if file}


def renew() -> None:
    """Keep the present state."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in sorted(release().items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, BytesIO(content))
    EARLIER.write_bytes(lzma.compress(buffer.getvalue()))


if __name__ == "__main__":
    renew()
