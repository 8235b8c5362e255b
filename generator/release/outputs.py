"""The files of a build, and writing them: build/ and the documents that derive from the same templates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from generator import form
from generator.documents.parameters import reference
from generator.errors import GeneratorError
from generator.release import contents
from generator.text import folder
from generator.text.sources import ROOT, Sources

# What CloudFormation takes by TemplateURL: 460,800 bytes in every edition of its guides, 1 MB in the newest.
MAX_TEMPLATE_BYTES = 460_800
MARK = f"templates/{form.MAIN}.template.yaml"


@dataclass(frozen=True)
class Built:
    """What a build writes: the files of build/ by relative path, and documents by their path in the project."""

    files: dict[str, bytes]
    documents: dict[str, bytes]


def render(zone_count: int, sources: Sources) -> dict[str, bytes]:
    """Every file of build/ by its relative path.

    Raises GeneratorError for bad input, and for a template that is larger than CloudFormation takes.
    """
    files = {name: text.encode() for name, text in contents.templates(zone_count, sources).items()}
    for name, text in files.items():
        if len(text) >= MAX_TEMPLATE_BYTES:
            raise GeneratorError(f"{name} has {len(text)} bytes: keep it below {MAX_TEMPLATE_BYTES}")
    return files | {"parameters.md": reference(zone_count).encode()}


def build(zone_count: int, source: Path, with_documents: bool) -> Built:
    """What a build for so many zones writes; documents are those of the project itself, so a build elsewhere has none."""
    return Built(render(zone_count, Sources(source)), documents() if with_documents else {})


def documents() -> dict[str, bytes]:
    """The documents that derive from the templates, by their path in the project."""
    from generator.documents import picture, preflight_checks, updates
    from generator.release import taskcat

    texts = {
        "docs/updates.md": updates.document(),
        preflight_checks.DOCUMENT: preflight_checks.document(),
        "docs/architecture.svg": picture.draw(),
        ".taskcat.yml": taskcat.configuration(Sources()),
    }
    return {path: text.encode() for path, text in texts.items()}


def write(built: Built, target: Path, zone_count: int, source: Path, lint: bool) -> int:
    """Write the files to `target`, and lint them if asked to; returns 0, or 1 after cfn-lint's findings.

    Raises GeneratorError, having written nothing, for what ParallelCluster's schema refuses.
    """
    if lint:
        from generator.release import cluster_schema

        cluster_schema.require(built.files[f"templates/{cluster_schema.TEMPLATE}"].decode(), Sources(source))
    folder.replace(target, built.files, mark=MARK)
    for path, content in built.documents.items():
        folder.write_file(ROOT / path, content)
    if lint:
        from generator.release import lint as linter

        return linter.report(zone_count, linter.EVERY_REGION, Sources(source))
    return 0
