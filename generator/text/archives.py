"""Packs what the stack fetches at run time: certificate function, portal nodes' bundle, clusters' scripts.

Every key carries the first 12 hex digits of its content's SHA-256, so a changed file has a new key, and a new key in a
template is what makes CloudFormation roll it out. Tiers call the small functions here for keys alone. Same source, same
bytes: times, owners, modes and order are fixed, and nothing is compressed (zlib's output differs between Python versions).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

from generator.errors import GeneratorError
from generator.text import inline, packed_files

MANIFEST = "SHA256SUMS"
FUNCTION_FILE = "index.py"  # what CloudFormation calls inline code, too
CERTIFICATE_PINS = "lambda/certificate/requirements.txt"
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


def digest(content: bytes) -> str:
    """SHA-256 of `content`, in hex."""
    return hashlib.sha256(content).hexdigest()


def sha256sums(files: dict[str, bytes]) -> bytes:
    """The manifest of `files` in `sha256sum`'s format, sorted by key; `sha256sum -c` and the asset copier read it."""
    return "".join(f"{digest(content)}  {key}\n" for key, content in sorted(files.items())).encode()


def certificate_key(root: Path) -> str:
    """Key of the certificate Lambda's zip. Hashed from its sources, so that no wheel is needed to know it."""
    sources = {FUNCTION_FILE: _certificate_function(root), "requirements.txt": read(root / CERTIFICATE_PINS)}
    return f"lambda/certificate-{digest(sha256sums(sources))[:12]}.zip"


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


def certificate_zip(root: Path, wheels: Path) -> bytes:
    """The certificate Lambda with the packages installed in the folder `wheels` (see `install_wheels`)."""
    import zipfile

    packages = {name: text for name, text in _tree(wheels).items() if not INSTALL_NOTES & set(name.split("/"))}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted({**packages, FUNCTION_FILE: _certificate_function(root)}.items()):
            entry = zipfile.ZipInfo(name, ZIP_EPOCH)
            entry.create_system = 3  # Unix, whatever system packs it
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def packed(root: Path, *, wheels: Path) -> dict[str, bytes]:
    """All asset files by their key below the release's prefix, without templates and manifest."""
    bundle_key, bundle = portal_bundle(root)
    prefix, scripts = cluster_scripts(root)
    return {
        certificate_key(root): certificate_zip(root, wheels),
        bundle_key: bundle,
        **{f"{folder}/{name}": content for folder in (prefix, FIXED_SCRIPTS) for name, content in scripts.items()},
    }


def _whole(path: Path, script: bytes, name: str, text: bytes) -> bytes:
    """`script` with the `text` of the file `name` in front, if it sources that: each script is downloaded alone."""
    line = f'. "$(dirname "$0")/{name}"'
    first, _, rest = script.partition(b"\n")
    before, sourced, after = rest.partition(f"{line}\n".encode())
    packed = b"\n".join([first, text.partition(b"\n")[2], before + after]) if sourced else script
    if f"/{Path(name).name}".encode() in packed:
        raise GeneratorError(f"{path} sources {name} in its own way: write the line {line}.")
    return packed


def _certificate_function(root: Path) -> bytes:
    return inline.join(root, "certificate").encode()


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
