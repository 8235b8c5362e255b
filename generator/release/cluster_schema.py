"""Checks the clusters' configuration with ParallelCluster's own schema, before anything is released.

A configuration that passed is not checked again as long as the clusters' template, the form's choices and ParallelCluster's
version are the same: ParallelCluster takes longer to import than everything takes to build.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from generator.errors import GeneratorError
from generator.form import questions
from generator.release.cluster_configuration import PSEUDO_PARAMETERS, Configuration, Resolved
from generator.text.sources import ROOT, Sources
from generator.text.yaml import load_yaml
from generator.text.yaml_reader import Path
from generator.tiers.clusters import CONFIGURATION

CACHE = ROOT / ".cache" / "cluster-schema"
PACKAGE = "aws-parallelcluster"
TEMPLATE = "clusters.template.yaml"
FIRST_LINE = "AWSTemplateFormatVersion"
# ParallelCluster's words for a fault, and the sentence that stands for them.
SENTENCES = {
    "Unknown field.": "ParallelCluster has no such key here: correct it, or remove it",
    "Missing data for required field.": "ParallelCluster requires this key here: add it",
    "Invalid input type.": "ParallelCluster requires a section with keys here: correct it",
}


def require(template: str, sources: Sources) -> None:
    """Check the configuration in the built clusters template, a YAML text, with ParallelCluster's schema.

    Raises GeneratorError with a sentence for each fault. Where ParallelCluster is not installed, nothing is checked,
    and a sentence on standard output reports that.
    """
    try:
        installed = version(PACKAGE)
    except PackageNotFoundError:
        print(
            f"{CONFIGURATION} is not checked with ParallelCluster's schema: to have it checked, install {PACKAGE} "
            "(`make` does, in .venv/main)"
        )
        return
    body = template[template.index(FIRST_LINE) :]  # with or without the heading that releases have
    answers = {name: (question.default, question.allowed) for name, question in questions(1).items()}
    state = "\0".join((installed, body, json.dumps(answers)))
    stamp = CACHE / hashlib.sha256(state.encode()).hexdigest()
    if stamp.exists():
        return
    found = faults(Configuration.of(load_yaml(body)), sources)
    if found:
        raise GeneratorError("\n".join(found))
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.iterdir():
        old.unlink()
    stamp.touch()


def faults(configuration: Configuration, sources: Sources) -> list[str]:
    """The schema's faults of the configuration, whichever conditions hold: a sentence each, in the file's order."""
    document = sources.yaml(CONFIGURATION)
    found = {
        (resolved.origin(path), sentence)
        for resolved in _cases(configuration)
        for path, sentence in _faults(resolved.content)
    }
    placed = sorted((document.line(path), f"{document.place(path)}: {sentence}") for path, sentence in found)
    return list(dict.fromkeys(sentence for _, sentence in placed))


def _cases(configuration: Configuration) -> Iterator[Resolved]:
    """The configuration with each case of its conditions, and with all of them for each value that the form offers."""
    cases = list(configuration.cases())
    yield from map(configuration.resolve, cases)
    offered = {name: question.allowed for name, question in questions(1).items() if name in configuration.values}
    for name, values in offered.items():
        for value in values:
            yield configuration.resolve(cases[0], **{name: str(value)})


def _faults(content: Any) -> Iterator[tuple[Path, str]]:
    """The path and the sentence of each fault of a resolved configuration."""
    from marshmallow import ValidationError
    from pcluster.schemas.cluster_schema import ClusterSchema

    with _region(PSEUDO_PARAMETERS["AWS::Region"]):
        try:
            ClusterSchema(cluster_name="example").load(content)
        except ValidationError as error:
            yield from _messages(error.messages, ())
        # Its schema reaches into sections before it has looked whether they are there.
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            yield (
                (),
                f"ParallelCluster's schema cannot read this file ({reason}): compare its sections with the shipped ones",
            )


def _messages(found: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """The leaves of marshmallow's messages, with their paths."""
    if isinstance(found, Mapping):
        for key, inner in found.items():
            yield from _messages(inner, path if key == "_schema" else (*path, key))
    elif isinstance(found, list):
        for message in found:
            yield from _messages(message, path)
    else:
        text = str(found)
        yield path, SENTENCES.get(text) or f"ParallelCluster refuses it ({text.rstrip('.')}): correct it"


@contextmanager
def _region(name: str) -> Iterator[None]:
    """The region that ParallelCluster looks up in the environment, for as long as this lasts."""
    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ["AWS_DEFAULT_REGION"]
        else:
            os.environ["AWS_DEFAULT_REGION"] = before
