"""Writes build/: `python -m generator`, or what `make templates` runs."""

from __future__ import annotations

import gc

gc.disable()  # nothing that lives as short as this has garbage worth collecting; the imports make most of it

import sys
import tempfile
from pathlib import Path

from generator.commandline import Parser
from generator.errors import GeneratorError
from generator.main import DEFAULT_ZONES, MAX_ZONES, MIN_ZONES
from generator.reference import reference
from generator.release import templates
from generator.sources import ROOT, Sources

# What CloudFormation takes as a template's text (CloudFormation quotas, "Template body size in a request").
MAX_TEMPLATE_BYTES = 51_200


def render(zone_count: int, sources: Sources) -> dict[str, str]:
    """Every file of build/ by its relative path.

    Raises GeneratorError for bad input, and for a template that is larger than CloudFormation takes.
    """
    files = templates(zone_count, sources)
    for name, text in files.items():
        if len(text.encode()) >= MAX_TEMPLATE_BYTES:
            raise GeneratorError(f"{name} has {len(text.encode())} bytes: keep it below {MAX_TEMPLATE_BYTES}")
    return files | {"parameters.md": reference()}


def write(files: dict[str, str], output: Path) -> None:
    """Make `output` hold exactly `files`: all of them, or, on any failure, what it held before.

    Raises GeneratorError if the folder cannot be written or holds something that is not ours.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        if output.exists() and not _ours(output):
            raise GeneratorError(f"{output} holds files that the generator did not write: choose another --output")
        with tempfile.TemporaryDirectory(prefix=f".{output.name}-", dir=output.parent) as scratch:
            fresh, old = Path(scratch, "fresh"), Path(scratch, "old")
            for path, text in files.items():
                target = fresh / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8", newline="\n")
            if output.exists():
                output.rename(old)
            try:
                fresh.rename(output)
            except OSError:
                if old.exists():
                    old.rename(output)
                raise
    except OSError as error:
        raise GeneratorError(f"cannot write {output}: {error.strerror}; choose another --output") from error


def _ours(output: Path) -> bool:
    """Whether `output` is an empty folder or an earlier build."""
    return output.is_dir() and ((output / "templates").is_dir() or not any(output.iterdir()))


def stale(files: dict[str, str], output: Path) -> list[str]:
    """Paths under `output` that differ from `files`, are missing, or should not be there."""
    there = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    differing = {
        path for path, text in files.items() if path in there and (output / path).read_bytes() != text.encode()
    }
    return sorted(differing | there ^ files.keys())


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit status: 0, or 1 after one sentence on standard error."""
    parser = Parser(prog="python -m generator", description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "build", help="folder to write (default: build)")
    parser.add_argument(
        "--zones",
        type=int,
        default=DEFAULT_ZONES,
        help=f"Availability Zones, each with a portal node and a cluster, {MIN_ZONES} to {MAX_ZONES} (default: %(default)s)",
    )
    parser.add_argument(
        "--source", type=Path, default=ROOT, help="the project's folder (default: where this module is)"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the folder is stale")
    try:
        options = parser.parse_args(arguments)
        files = render(options.zones, Sources(options.source))
        if not options.check:
            write(files, options.output)
            return 0
        if different := stale(files, options.output):
            raise GeneratorError(f"{options.output} is stale ({', '.join(different)}): run `make templates` and commit")
        return 0
    except GeneratorError as error:
        print(f"generator: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
