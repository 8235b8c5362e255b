"""Reads the YAML that people edit: a plain value keeps its own spelling, and no key is lost.

YAML 1.1, which CloudFormation reads, takes `OFF` for false, `12:00:00` for 43200 and `010` for 8. ParallelCluster and Slurm
get texts in the end, so a plain value is here the text that was written. Only `true`, `false` and decimal integers of up to
nine digits are more than that, since they come out as they went in (docs/decisions/0015-yaml-keeps-its-spelling.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from generator.errors import GeneratorError
from generator.text.intrinsics import LONG_FORMS, fault
from generator.text.yaml import CSafeLoader  # which refuses, in a sentence, a PyYAML without it

Path = tuple[str | int, ...]
YAML_TAG = "tag:yaml.org,2002:"
STR, NULL, MERGE, MAP, SEQ = (f"{YAML_TAG}{kind}" for kind in ("str", "null", "merge", "map", "seq"))
# What a reader of YAML 1.1 makes of plain values.
IMPLICIT = {f"{YAML_TAG}{kind}" for kind in ("bool", "int", "float", "timestamp", "merge", "value")}
INTEGER = re.compile(r"0|-?[1-9][0-9]{0,8}")
BOOLEANS = {"true": True, "false": False}
VARIABLE = re.compile(r"\$\{[^}]*}")
DEEPEST = 50
MOST_VALUES = 100_000  # aliases may make a small file endless


@dataclass(frozen=True)
class Document:
    """What a YAML file holds, with CloudFormation's short forms turned into the long ones, and where each value stands."""

    file: str
    content: Any
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """The line of a path into the content, or of the nearest key on the way that is there."""
        return next((self.lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self.lines), 1)

    def place(self, path: Path) -> str:
        """`FILE, line N: KEY.KEY` for a path into the content."""
        key = dotted(path)
        return f"{self.file}, line {self.line(path)}{': ' if key else ''}{key}"


def dotted(path: Path) -> str:
    """A path as a person reads it, `SlurmQueues.0.Name`: functions on the way, and which of their values, are left out."""
    words: list[str] = []
    within_function = False
    for part in path:
        function = isinstance(part, str) and (part == "Ref" or part.startswith("Fn::"))
        if not function and not (within_function and isinstance(part, int)):
            words.append(str(part))
        within_function = function
    return ".".join(words)


def read(text: str, file: str) -> Document:
    """The document in `text`; `file` names it in errors.

    Raises GeneratorError, with the line, for what is not YAML, a key that occurs twice in one mapping, a key or value
    that is neither text, list, mapping nor a function of CloudFormation, and a `${…}` that nothing would fill.
    """
    try:
        root = yaml.compose(text, Loader=CSafeLoader)
        reader = _Reader(file)
        content = None if root is None else reader.value(root, ())
    except yaml.YAMLError as error:
        where = " ".join(str(error).split()).replace(' in "<unicode string>",', " at")
        raise GeneratorError(f"{file} is not valid YAML ({where}): correct it") from error
    except RecursionError as error:
        raise GeneratorError(f"{file} nests lists and mappings too deep: remove some") from error
    return Document(file, content, reader.lines)


class _Reader:
    """Turns nodes of one file into values; `lines` fills on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Path, int] = {}
        self._open: set[int] = set()  # nodes that the reader is inside of
        self._values = 0

    def value(self, node: yaml.Node, path: Path, *, filled: bool = False) -> Any:
        """What `node` holds; `filled` if it is a text whose `${…}` !Sub fills."""
        self.lines.setdefault(path, _line(node))
        self._values += 1
        if id(node) in self._open:
            self._refuse(node, path, "an alias is part of its own anchor: write the value out")
        if len(self._open) > DEEPEST:
            self._refuse(node, path, f"lists and mappings are nested more than {DEEPEST} deep: remove some")
        if self._values > MOST_VALUES:
            self._refuse(node, path, f"aliases make more than {MOST_VALUES} values of this file: repeat less")
        self._open.add(id(node))
        found: Any
        if node.tag.startswith("!"):
            found = self._function(node, path)
        elif isinstance(node, yaml.ScalarNode):
            found = self._scalar(node, path, filled)
        elif isinstance(node, yaml.SequenceNode) and node.tag == SEQ:
            found = [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode) and node.tag == MAP:
            found = self._mapping(node, path)
        else:
            self._refuse_tag(node, path)
        self._open.discard(id(node))
        return found

    def _scalar(self, node: yaml.ScalarNode, path: Path, filled: bool = False) -> str | int | bool:
        text: str = node.value
        if node.tag == NULL and not node.style:
            empty = f"{text} is no value" if text else "the value is missing"
            self._refuse(node, path, f"{empty}: write one, in quotes if it is a word, or leave the key out")
        if node.tag != STR and (node.style or node.tag not in IMPLICIT):
            self._refuse_tag(node, path)
        unfilled = None if filled else VARIABLE.search(text)
        if unfilled:
            name = unfilled[0][2:-1].lstrip("!")
            self._refuse(
                node,
                path,
                f"nothing fills {unfilled[0]}: write !Sub before it, and ${{!{name}}} if you mean this very text",
            )
        if node.tag == STR:
            return text
        if text in BOOLEANS:
            return BOOLEANS[text]
        return int(text) if INTEGER.fullmatch(text) else text

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        seen: dict[str, int] = {}
        merged: dict[str, Any] = {}
        own: list[tuple[str, yaml.Node, yaml.Node]] = []
        for key, value in node.value:
            name = self._key(key, path)
            if name in seen:
                here = (*path, name)
                self._refuse(
                    key,
                    here,
                    f"the key occurs twice, in lines {seen[name]} and {_line(key)}: remove one of them",
                    at=key,
                )
            seen[name] = _line(key)
            if key.tag == MERGE:
                for source in reversed(list(self._sources(value, path))):
                    merged |= self.value(source, path)
            else:
                own.append((name, key, value))
        for name, key, value in own:
            here = (*path, name)
            self.lines[here] = _line(key)
            merged[name] = self.value(value, here, filled=name == "Fn::Sub")
        self._check_function(node, merged, path)
        return merged

    def _key(self, node: yaml.Node, path: Path) -> str:
        """The text of a key, as it was written."""
        if not isinstance(node, yaml.ScalarNode):
            self._refuse(node, path, "a list or mapping is in the place of a key: quote it if you mean text")
        if node.tag != STR and (node.style or node.tag not in IMPLICIT):
            remedy = "quote it" if node.tag == NULL else "write it without a tag"
            self._refuse(node, path, f"{node.value or 'nothing'} is no key: {remedy}")
        return str(node.value)

    def _sources(self, node: yaml.Node, path: Path) -> Iterator[yaml.MappingNode]:
        """The mappings that a merge key names, the first one being the strongest."""
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(source, yaml.MappingNode) or source.tag != MAP:
                self._refuse(source, path, "<< takes an alias of a mapping, or a list of such: correct it")
            yield source

    def _function(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        """A short form as the long one."""
        name = LONG_FORMS.get(node.tag)
        if name is None:
            self._refuse(node, path, f"unknown short form {node.tag}: quote it if you mean text")
        inner = (*path, name)
        argument: Any
        if isinstance(node, yaml.ScalarNode):
            argument = node.value.split(".", 1) if name == "Fn::GetAtt" else node.value
        elif isinstance(node, yaml.SequenceNode):
            argument = [
                self.value(item, (*inner, index), filled=name == "Fn::Sub" and not index)
                for index, item in enumerate(node.value)
            ]
        elif isinstance(node, yaml.MappingNode):
            argument = self._mapping(node, inner)
        found = {name: argument}
        self._check_function(node, found, path)
        return found

    def _check_function(self, node: yaml.Node, found: dict[str, Any], path: Path) -> None:
        for name, argument in found.items():
            wrong = fault(name, argument)
            if wrong:
                self._refuse(node, path, wrong)

    def _refuse_tag(self, node: yaml.Node, path: Path) -> NoReturn:
        tag = node.tag.replace(YAML_TAG, "!!")
        self._refuse(node, path, f"{tag} has no place here: write a text, a list or a mapping without it")

    def _refuse(self, node: yaml.Node, path: Path, sentence: str, at: yaml.Node | None = None) -> NoReturn:
        key = dotted(path)
        raise GeneratorError(f"{self.file}, line {_line(at or node)}: {key}{': ' if key else ''}{sentence}")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
