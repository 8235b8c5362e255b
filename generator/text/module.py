"""A Python module as text and as syntax tree, and where what is in the one stands in the other.

What lies between the nodes of the tree, such as the colon before an annotation, is found by a pattern for strings,
comments and operators.
"""

from __future__ import annotations

import ast
import itertools
import re

from generator.errors import GeneratorError

STRING = r"""(?x: [rbfu]{0,2} (?:
    \"{3} [^"\\]* (?: (?: \\. | "(?!"") ) [^"\\]* )* \"{3}
  | '{3}  [^'\\]* (?: (?: \\. | '(?!'') ) [^'\\]* )* '{3}
  | "  (?: [^"\\\n] | \\. )* "
  | '  (?: [^'\\\n] | \\. )* '
))"""
TEXT = re.compile(rf"{STRING}|\#[^\n]*", re.DOTALL | re.IGNORECASE)
OPERATOR = re.compile(rf"{STRING}|\#[^\n]*|[-+*/%@&|^=<>!:]=|[][(){{}}:=,]", re.DOTALL | re.IGNORECASE)
OPENING, CLOSING = ("(", "[", "{"), (")", "]", "}")
NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


class Module:
    """A module's text with its syntax tree; `path` is for messages."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text
        try:
            self.tree = ast.parse(text)
        except (SyntaxError, ValueError) as error:
            raise GeneratorError(f"{path} is no Python ({error}): correct it") from error
        self.lines = text.splitlines(keepends=True)
        self.starts = list(itertools.accumulate(map(len, self.lines), initial=0))
        self.is_ascii = text.isascii()
        self.nested_imports: list[ast.stmt] = []  # those that strip.py comes across

    def at(self, line: int, column: int) -> int:
        """Where a position of the syntax tree, whose columns count bytes, is in the text."""
        if not self.is_ascii:
            column = len(self.lines[line - 1].encode()[:column].decode())
        return self.starts[line - 1] + column

    def start(self, node: ast.stmt | ast.expr | ast.arg) -> int:
        """Where the node begins."""
        return self.at(node.lineno, node.col_offset)

    def end(self, node: ast.stmt | ast.expr) -> int:
        """Where the node ends."""
        return self.at(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def crowded(self, node: ast.stmt) -> GeneratorError:
        """The error of a statement that shares its line with another."""
        return GeneratorError(f"{self.path}:{node.lineno} has two statements in a line: give each a line of its own")

    def find_operator(self, start: int, *wanted: str) -> int:
        """Where the first of the operators stands behind `start`, brackets that open behind it left out."""
        depth = 0
        for found in OPERATOR.finditer(self.text, start):
            if depth == 0 and found[0] in wanted:
                return found.start()
            depth = max(0, depth + (found[0] in OPENING) - (found[0] in CLOSING))
        raise GeneratorError(f"{self.path} lacks {' or '.join(wanted)} behind character {start}: correct it")
