"""Reads the texts that people edit (Lambda handlers, user data, the cluster's configuration) for the tiers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from generator import __version__, release_folder
from generator.errors import GeneratorError
from generator.text import yaml_reader
from generator.text.yaml_reader import Document

ROOT = Path(__file__).resolve().parents[2]
# A function or class, under a decorator or not, and its docstring, if code follows: a class of nothing else keeps its own.
DOCUMENTED = re.compile(
    r'^(?P<decorator> *@.*\n)?(?P<head> *(?:def|class) .*:\n) +"""(?:[^"]|"(?!""))*"""\n+(?= )', re.MULTILINE
)
COMMENT = re.compile(r"^ *# .*\n", re.MULTILINE)
INDENT = re.compile(r"^ +", re.MULTILINE)


@dataclass(frozen=True)
class Sources:
    """The project's folder `root`, and the version that its templates are to carry.

    Only publishing stamps another than the generator's own, for a development version (release.py). Every method raises
    GeneratorError for a file that is missing or malformed.
    """

    root: Path = ROOT
    version: str = __version__

    @property
    def release_folder(self) -> str:
        """Where the release's files lie under AssetsPrefix."""
        return release_folder(self.version)

    def text(self, path: str) -> str:
        """The text of the file `path` of the project."""
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except OSError as error:
            raise GeneratorError(
                f"cannot read {self.root / path}: {error.strerror}; restore it from the repository"
            ) from error
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise GeneratorError(
                f"{self.root / path}, line {line}: this is not UTF-8 text: save the file as UTF-8"
            ) from error

    def yaml(self, path: str) -> Document:
        """The YAML file `path`, which must hold a mapping, with every plain value in its own spelling."""
        found = yaml_reader.read(self.text(path), path)
        if not isinstance(found.content, dict):
            raise GeneratorError(f"{path} must hold a YAML mapping: restore it from the repository")
        return found

    @cache  # noqa: B019 - one object for a run
    def inline_function(self, name: str) -> str:
        """The code of Lambda `name` as one file: lambda/common/answer.py stands in place of its import.

        What modules and functions say of themselves, lines of comment and imports said twice stay in the sources, and
        the code is indented by two blanks: a template is to stay below 51,200 bytes. Only a decorator may make use of a
        docstring, as preflight's checks do.
        """
        handler = f"lambda/{name}/handler.py"
        before, imported, after = self._code(handler).partition("from answer import")
        if not imported or "from answer import" in after:
            raise GeneratorError(f"{handler} must import once `from answer import …`, on one line")
        rest = after.partition("\n")[2]
        answer = self._code("lambda/common/answer.py")
        said = {line for line in before.splitlines() if line.startswith("import ")}
        answer = "".join(line for line in answer.splitlines(keepends=True) if line.rstrip("\n") not in said)
        code = COMMENT.sub("", f"{before}{answer}{rest}")
        code = f"# {handler} and lambda/common/answer.py\n{INDENT.sub(lambda found: found[0][::2], code)}"
        if not code.isascii() or "\t" in code or " \n" in code:
            raise GeneratorError(
                f"lambda/{name}: use plain ASCII without tabs or trailing blanks, so that it stays readable YAML"
            )
        return code

    def _code(self, path: str) -> str:
        """A Python module without docstrings, but those under a decorator."""
        text = self.text(path)
        _, found, code = text.partition('"""\n\n') if text.startswith('"""') else ("", "", "")
        if not found:
            raise GeneratorError(f"{path} must begin with a docstring and a blank line")
        return DOCUMENTED.sub(lambda found: found[0] if found["decorator"] else found["head"], code)
