"""Packs what the stack fetches at run time: certificate Lambda, portal nodes' bundle, clusters' scripts.

Every key carries the first 12 hex digits of its content's SHA-256, so a changed file has a new key, and a new key in a
template is what makes CloudFormation roll it out. The generator calls the small functions here for keys alone;
`python -m generator.package --output DIR` writes a whole release with its SHA256SUMS. Same source, same bytes: times,
owners, modes and order are fixed, and nothing is compressed (zlib's output differs between Python versions).
"""

import hashlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from generator.errors import GeneratorError

RUNTIME = "3.13"  # Python of the Lambda runtime that certificate/requirements.txt is pinned for
PLATFORMS = ("manylinux_2_34", "manylinux_2_28", "manylinux2014")  # the runtime is Amazon Linux 2023: glibc 2.34
PORTAL_TEMPLATES = (
    "efinstall.config",
    "ef.slurm.conf",
    "batch-service",
)  # of templates/, filled in on the portal nodes
# The head node's scripts stand at fixed keys as well: ParallelCluster refuses any later change of their URL.
FIXED_SCRIPTS = "userdata/cluster"
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
    return f"lambda/certificate-{digest(sha256sums(_certificate_sources(root)))[:12]}.zip"


def portal_bundle(root: Path) -> tuple[str, bytes]:
    """Key and content of the tar that a portal node unpacks: userdata/portal/, and templates/ for it to fill in.

    The tar is not compressed; times and owners are zero; what is a script by its name or first line is executable.
    """
    import tarfile

    files = _tree(root / "userdata" / "portal")
    for name in PORTAL_TEMPLATES:
        path = root / "templates" / name
        if path.is_dir():
            files |= {f"templates/{name}/{inner}": content for inner, content in _tree(path).items()}
        else:
            files[f"templates/{name}"] = _read(path)
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
    files = _tree(root / "userdata" / "cluster")
    return f"userdata/cluster-{digest(sha256sums(files))[:12]}", files


def certificate_zip(root: Path, wheels: Path) -> bytes:
    """The certificate Lambda with the packages installed in the folder `wheels` (see `install_wheels`)."""
    import zipfile

    packages = {name: text for name, text in _tree(wheels).items() if not INSTALL_NOTES & set(name.split("/"))}
    sources = {Path(name).name: content for name, content in _certificate_sources(root).items() if name.endswith(".py")}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted({**packages, **sources}.items()):
            entry = zipfile.ZipInfo(name, ZIP_EPOCH)
            entry.create_system = 3  # Unix, whatever system packs it
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def install_wheels(root: Path, cache: Path) -> Path:
    """Folder in `cache` with the certificate Lambda's packages, for the Lambda's platform; downloaded once per pin."""
    import subprocess
    import tempfile

    requirements = root / "lambda" / "certificate" / "requirements.txt"
    folder = cache / f"certificate-{digest(_read(requirements))[:12]}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        fresh = Path(scratch) / "packages"
        options = [
            "--only-binary",
            ":all:",
            "--no-deps",
            "--require-hashes",
            "--target",
            str(fresh),
            "-r",
            str(requirements),
        ]
        done = subprocess.run([*_installer(), *options], capture_output=True, text=True)
        if done.returncode:
            cause = (done.stderr.strip().splitlines() or ["no reason was given"])[-1].strip()
            raise GeneratorError(
                f"Packages of {requirements} could not be installed for the Lambda ({cause}): is there a way to a Python "
                "package index?"
            )
        fresh.rename(folder)
    return folder


def assets(root: Path, *, wheels: Path) -> dict[str, bytes]:
    """All asset files by their key below the release's prefix, without templates and manifest."""
    bundle_key, bundle = portal_bundle(root)
    prefix, scripts = cluster_scripts(root)
    return {
        certificate_key(root): certificate_zip(root, wheels),
        bundle_key: bundle,
        **{f"{folder}/{name}": content for folder in (prefix, FIXED_SCRIPTS) for name, content in scripts.items()},
    }


def write(files: dict[str, bytes], output: Path) -> None:
    """Writes `files` and their SHA256SUMS as the folder `output`, all or nothing; replaces an earlier release."""
    import tempfile

    if output.exists() and not (output / "SHA256SUMS").is_file() and (output.is_file() or any(output.iterdir())):
        raise GeneratorError(f"{output} holds something else than a release: name a new folder.")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as scratch:
        fresh, old = Path(scratch) / "new", Path(scratch) / "old"
        for key, content in {**files, "SHA256SUMS": sha256sums(files)}.items():
            (fresh / key).parent.mkdir(parents=True, exist_ok=True)
            (fresh / key).write_bytes(content)
        if output.exists():
            output.rename(old)
        fresh.rename(output)


def _certificate_sources(root: Path) -> dict[str, bytes]:
    names = ("certificate/handler.py", "certificate/requirements.txt", "common/answer.py")
    return {name: _read(root / "lambda" / name) for name in names}


def _tree(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` by its relative name with slashes, but tests, caches and hidden files."""
    if not folder.is_dir():
        raise GeneratorError(f"The folder {folder} is missing: restore it from the repository.")
    return {path.relative_to(folder).as_posix(): _read(path) for path in _wanted(folder)}


def _wanted(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "test_", "__pycache__")) or path.name == "tests" or path.suffix == ".pyc":
            continue
        if path.is_dir():
            yield from _wanted(path)
        else:
            yield path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise GeneratorError(f"{path} cannot be read ({error.strerror}): restore it from the repository.") from None


def _installer() -> list[str]:
    """The command that installs wheels for the Lambda's platform: uv where there is one, pip otherwise."""
    import shutil

    environments = (Path(sys.executable).parent, Path(__file__).parent.parent / ".venv" / "uv" / "bin")
    uv = next((found for folder in environments if (found := shutil.which("uv", path=str(folder)))), shutil.which("uv"))
    if uv:
        return [uv, "pip", "install", "--python-version", RUNTIME, "--python-platform", f"x86_64-{PLATFORMS[0]}"]
    platforms = [word for platform in PLATFORMS for word in ("--platform", f"{platform}_x86_64")]
    pip = [sys.executable, "-m", "pip", "install", "--no-compile", "--implementation", "cp"]
    return [*pip, "--python-version", RUNTIME, *platforms]


def main(arguments: list[str] | None = None) -> int:
    """Command line: writes a release, or says in one sentence why not. Returns the exit status."""
    import argparse

    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(
        prog="python -m generator.package", description="Writes a release, with SHA256SUMS."
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write; replaced if it holds a release")
    parser.add_argument(
        "--templates", type=Path, default=root / "build" / "templates", help="folder of built templates"
    )
    parser.add_argument("--cache", type=Path, default=root / ".cache" / "wheels", help="folder of downloaded wheels")
    options = parser.parse_args(arguments)
    try:
        templates = {f"templates/{path.name}": _read(path) for path in options.templates.glob("*.template.yaml")}
        if not templates:
            raise GeneratorError(f"{options.templates} holds no templates: run `make templates` first.")
        files = templates | assets(root, wheels=install_wheels(root, options.cache))
        write(files, options.output)
    except GeneratorError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        where = error.filename or options.output
        print(f"{where} cannot be written ({error.strerror}): name another folder.", file=sys.stderr)
        return 1
    print(f"{options.output}: {len(files)} files, {sum(map(len, files.values())) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
