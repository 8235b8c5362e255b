"""Rewrites ministack's source so that it knows three partitions: it spells `arn:aws:` and amazonaws.com everywhere."""

import ast
import re
from typing import Any

from generator.cfn import regions

CURRENT = "__import__('tests.emulator.partitions').emulator.partitions.current_partition()"
SUFFIX = "__import__('tests.emulator.partitions').emulator.partitions.current_suffix()"
# The end of a host name whose beginning an f-string computes.
HOST = re.compile(r"(?P<start>\.([a-z0-9-]+\.)*)amazonaws\.com(?P<rest>(/.*)?)")


class Partition(ast.NodeTransformer):
    """Makes every ARN that a function writes or compares one of the partition of the request's region.

    "arn:aws:…" and f"arn:aws:…" become f"arn:{current}:…", `spec.partition != "aws"` compares with the current one, and
    f"{host}.rds.amazonaws.com" ends as AWS::URLSuffix does.
    Constants outside functions are left alone: they are evaluated once, at import.
    """

    def __init__(self) -> None:
        self.depth = 0

    def _function(self, node: Any) -> Any:
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _function

    def _split(self, text: str) -> list[ast.expr]:
        """`text` in the pieces of an f-string, each aws between arn and its colon replaced."""
        first, *rest = text.split("arn:aws:")
        pieces: list[ast.expr] = [ast.Constant(first)] if first else []
        for part in rest:
            call = ast.parse(CURRENT, mode="eval").body
            pieces += [ast.Constant("arn:"), ast.FormattedValue(value=call, conversion=-1), ast.Constant(f":{part}")]
        return pieces

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
        values: list[ast.expr] = []
        for value in node.values:
            host = (
                HOST.fullmatch(value.value)
                if isinstance(value, ast.Constant) and isinstance(value.value, str)
                else None
            )
            if host:
                call = ast.parse(SUFFIX, mode="eval").body
                values += [ast.Constant(host["start"]), ast.FormattedValue(value=call, conversion=-1)]
                values += [ast.Constant(host["rest"])]
            elif isinstance(value, ast.Constant):
                values += self._split(str(value.value))
            else:
                values.append(self.visit(value))
        node.values = values
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if self.depth and isinstance(node.value, str) and node.value.startswith("arn:aws:"):
            return ast.JoinedStr(values=self._split(node.value))
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        other = node.comparators[0]
        of_arn = isinstance(node.left, ast.Attribute) and node.left.attr == "partition"
        if of_arn and isinstance(other, ast.Constant) and other.value == "aws":
            node.comparators[0] = ast.parse(CURRENT, mode="eval").body
        return node


def current_partition() -> str:
    """The partition of the region that the running request belongs to."""
    from ministack.core.responses import get_region

    return regions.partition_of(get_region())


def current_suffix() -> str:
    """The domain of the region that the running request belongs to."""
    from ministack.core.responses import get_region

    return regions.url_suffix(get_region())
