"""Packs what the stack fetches at run time: the certificate function's packages, the nodes' bundle and scripts.

Every key carries the first 12 hex digits of its content's SHA-256, so a changed file has a new key, and a new key in a
template is what makes CloudFormation roll it out. Tiers call the small functions here for keys alone. Same source, same
bytes: times, owners, modes and order are fixed, and nothing is compressed (zlib's output differs between Python versions).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from generator.errors import GeneratorError
from generator.text import packed_files

MANIFEST = "SHA256SUMS"
CERTIFICATE_PINS = "lambda/certificate/requirements.txt"
PACKAGES_PIN = "lambda/certificate/packages.sha256"
LAYER_FOLDER = "python"  # where the Lambda runtime looks for a layer's packages
PORTAL_TEMPLATES = (
    "efinstall.config",
    "ef.slurm.conf",
    "batch-service",
)  # of templates/, filled in on the portal nodes
# The head node's scripts stand at fixed keys as well: ParallelCluster refuses any later change of their URL.
FIXED_SCRIPTS = "userdata/cluster"
COMMON = "common.sh"  # of the clusters' scripts
ATTEMPT = "attempt.sh"  # of userdata/, for all nodes
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
INSTALL_NOTES = {"INSTALLER", "RECORD", "REQUESTED", "bin"}  # differ between pip and uv; the Lambda reads none of them


class OwnFiles(NamedTuple):
    """The asset files that are made of the project's sources alone, by their key below the release's prefix.

    `bundle` is the key of the portal nodes' bundle, `scripts` the key prefix of the clusters' scripts.
    """

    contents: dict[str, bytes]
    bundle: str
    scripts: str


def digest(content: bytes) -> str:
    """SHA-256 of `content`, in hex."""
    return hashlib.sha256(content).hexdigest()


def sha256sums(files: dict[str, bytes]) -> bytes:
    """The manifest of `files` in `sha256sum`'s format, sorted by key, for people and `sha256sum -c`."""
    return "".join(f"{digest(content)}  {key}\n" for key, content in sorted(files.items())).encode()


def pinned_packages(root: Path) -> str:
    """SHA-256 of the layer of the certificate function's packages, from the file that `make lock` writes.

    No wheel is needed to know it. Raises GeneratorError if the file is of other pins.
    """
    pinned = read(root / PACKAGES_PIN).decode().split()
    if len(pinned) != 4 or pinned[0] != digest(read(root / CERTIFICATE_PINS)):
        raise GeneratorError(f"{PACKAGES_PIN} is not of this {CERTIFICATE_PINS}: run `make lock`.")
    return pinned[2]


def packages_pin(root: Path, layer: bytes) -> bytes:
    """The text of the file that pins the layer: `sha256sum`'s lines of the pins, and of the layer made of them."""
    return f"{digest(read(root / CERTIFICATE_PINS))}  requirements.txt\n{digest(layer)}  packages.zip\n".encode()


def packages_key(checksum: str) -> str:
    """Key of the layer with this SHA-256."""
    return f"lambda/packages-{checksum[:12]}.zip"


def portal_bundle(root: Path) -> tuple[str, bytes]:
    """Key and content of the tar that a portal node unpacks: userdata/portal/, what all nodes share, and templates/
    for it to fill in.

    Raises GeneratorError for a file that a node could not use.

    The tar is not compressed; times and owners are zero; what is a script by its name or first line is executable.
    """
    import tarfile

    userdata = root / "userdata"
    files = _tree(userdata / "portal") | {ATTEMPT: read(userdata / ATTEMPT)}
    packed_files.check_text(f"userdata/{ATTEMPT}", files[ATTEMPT])
    for name in PORTAL_TEMPLATES:
        path = root / "templates" / name
        if path.is_dir():
            packed_files.check_services_folder(path)
            files |= {f"templates/{name}/{inner}": content for inner, content in _tree(path).items()}
        else:
            files[f"templates/{name}"] = read(path)
    packed_files.check_bundle(files)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o755 if name.endswith(".sh") or content.startswith(b"#!") else 0o644
            tar.addfile(entry, io.BytesIO(content))
    bundle = buffer.getvalue()
    return f"userdata/portal-{digest(bundle)[:12]}.tar", bundle


def cluster_scripts(root: Path) -> tuple[str, dict[str, bytes]]:
    """Key prefix (without a slash at its end) and the files below it: what head and compute nodes run."""
    folder = root / "userdata" / "cluster"
    files = _tree(folder)
    common, attempt = read(folder / COMMON), read(folder.parent / ATTEMPT)
    packed_files.check_text(f"userdata/{ATTEMPT}", attempt)
    for name, content in files.items():
        packed_files.check_text(f"userdata/cluster/{name}", content)
    common = _whole(folder / COMMON, common, f"../{ATTEMPT}", attempt)
    scripts = {name: _whole(folder / name, text, COMMON, common) for name, text in files.items() if name != COMMON}
    return f"userdata/cluster-{digest(sha256sums(scripts))[:12]}", scripts


def packages_layer(wheels: Path) -> bytes:
    """The layer of the packages installed in the folder `wheels` (see package.install_wheels), as a zip."""
    import zipfile

    packages = {name: text for name, text in _tree(wheels).items() if not INSTALL_NOTES & set(name.split("/"))}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(packages.items()):
            entry = zipfile.ZipInfo(f"{LAYER_FOLDER}/{name}", ZIP_EPOCH)
            entry.create_system = 3  # Unix, whatever system packs it
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def own_files(root: Path) -> OwnFiles:
    """The bundle and the scripts, these at both of their places. Raises GeneratorError for what a node could not use."""
    bundle_key, bundle = portal_bundle(root)
    prefix, scripts = cluster_scripts(root)
    copies = {f"{folder}/{name}": text for folder in (prefix, FIXED_SCRIPTS) for name, text in scripts.items()}
    return OwnFiles({bundle_key: bundle, **copies}, bundle_key, prefix)


def _whole(path: Path, script: bytes, name: str, text: bytes) -> bytes:
    """`script` with the `text` of the file `name` in front, if it sources that: each script is downloaded alone."""
    line = f'. "$(dirname "$0")/{name}"'
    first, _, rest = script.partition(b"\n")
    before, sourced, after = rest.partition(f"{line}\n".encode())
    packed = b"\n".join([first, text.partition(b"\n")[2], before + after]) if sourced else script
    if f"/{Path(name).name}".encode() in packed:
        raise GeneratorError(f"{path} sources {name} in its own way: write the line {line}.")
    return packed


def _tree(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` by its relative name with slashes, but tests, caches and hidden files."""
    if not folder.is_dir():
        raise GeneratorError(f"The folder {folder} is missing: restore it from the repository.")
    return {path.relative_to(folder).as_posix(): read(path) for path in _wanted(folder)}


def _wanted(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "test_", "__pycache__")) or path.name == "tests" or path.suffix == ".pyc":
            continue
        if path.is_dir():
            yield from _wanted(path)
        else:
            yield path


def read(path: Path) -> bytes:
    """The bytes of a file of the project; raises GeneratorError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise GeneratorError(f"{path} cannot be read ({error.strerror}): restore it from the repository.") from None
