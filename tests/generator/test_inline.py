"""The code that stands in templates does what the modules of its function do, and still looks written by a person."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import GeneratorError
from generator.text import inline
from generator.text.functions import FUNCTIONS, load_function
from generator.text.module import Module
from generator.text.sources import ROOT
from generator.text.strip import strip

# What only annotations use.
OF_ALL = {"Event", "Result", "class Context"}
TYPES_ALONE = {"assets": OF_ALL, "certificate": OF_ALL, "preflight": OF_ALL | {"Findings", "Properties"}}
NAMES = tuple(TYPES_ALONE)


@pytest.fixture
def join(tmp_path: Path) -> Any:
    """Writes modules, by their dotted names, and joins those of the function `f`."""

    def write_and_join(handler: str, **modules: str) -> str:
        texts = {"f.__init__": '"""A function."""\n', "f.handler": handler}
        texts |= {name.replace("_in_", "."): text for name, text in modules.items()}
        for name, text in texts.items():
            path = tmp_path / "lambda" / Path(*name.split(".")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return inline.join(tmp_path, "f")

    return write_and_join


def body(code: str) -> str:
    """Joined code without its heading."""
    return code.split("# lambda/f/handler.py\n", 1)[1]


class Stripper(ast.NodeTransformer):
    """An independent way to what the inliner leaves: by the tree, not by the text."""

    keeps = False  # whether the annotations of this body are read at run time

    def within(self, node: Any, keeps: bool) -> Any:
        """The node without what goes, in a body that keeps its fields or not."""
        before, self.keeps = self.keeps, keeps
        self.generic_visit(node)
        self.keeps = before
        return node

    def visit_FunctionDef(self, node: Any) -> Any:
        node.returns = None
        return self.within(node, False)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        return self.within(node, bool(node.decorator_list or node.bases))

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if self.keeps:
            return node
        return ast.Assign(targets=[node.target], value=node.value) if node.value else None


def stripped(text: str) -> list[str]:
    """The statements of a module's top level as the tree says them, except imports."""
    tree: ast.Module = Stripper().visit(ast.parse(text))
    for node in ast.walk(tree):
        if getattr(node, "body", None) == [] and node is not tree:
            node.body = [ast.Pass()]  # type: ignore[attr-defined]
    ast.fix_missing_locations(tree)
    return [ast.unparse(node) for node in tree.body if not isinstance(node, (ast.Import, ast.ImportFrom))]


def modules(name: str) -> list[Path]:
    """The modules of a function and those that functions share."""
    found = [path for folder in (name, "common") for path in (FUNCTIONS / folder).rglob("*.py")]
    return [path for path in found if not path.name.startswith(("test_", "conftest"))]


# Every function.


@pytest.mark.parametrize("name", NAMES)
def test_a_function_s_joined_code_is_its_modules_without_what_only_readers_need(name: str) -> None:
    joined = [ast.unparse(node) for node in ast.parse(inline.join(ROOT, name)).body]
    joined = [text for text in joined if not text.startswith(("import ", "from "))]
    there = [text for path in modules(name) for text in stripped(path.read_text(encoding="utf-8"))]
    assert len(set(joined)) == len(joined) and set(joined) <= set(there)
    gone = set(there) - set(joined)
    assert {text.split("(")[0].split(" = ")[0] for text in gone} == TYPES_ALONE[name]


@pytest.mark.parametrize("name", NAMES)
def test_joined_code_has_no_docstring_comment_or_annotation(name: str) -> None:
    code = inline.join(ROOT, name)
    tree = ast.parse(code)
    comments = [token.string for token in tokens(code) if token.type == tokenize.COMMENT]
    assert all(text.startswith(("# lambda/", "# Joined from ")) for text in comments)
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert not [node.name for node in [*functions, *classes] if ast.get_docstring(node)]
    assert not [node.name for node in functions if node.returns]
    assert not [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg) and node.annotation]
    fields = [each for node in classes for each in node.body if isinstance(each, ast.AnnAssign)]
    assert len(fields) == sum(isinstance(node, ast.AnnAssign) for node in ast.walk(tree))


def tokens(code: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(code).readline))


@pytest.mark.parametrize("name", NAMES)
def test_every_import_of_joined_code_is_used_and_stands_once(name: str) -> None:
    code = inline.join(ROOT, name)
    imports = [node for node in ast.walk(ast.parse(code)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = [alias.asname or alias.name.partition(".")[0] for node in imports for alias in node.names]
    used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    plain = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    assert set(names) <= used
    assert len(plain) == sum(isinstance(node, ast.Import) for node in imports)
    assert not [node for node in imports if isinstance(node, ast.ImportFrom) and node.module == "__future__"]


@pytest.mark.parametrize("name", NAMES)
def test_joined_code_looks_as_a_formatter_leaves_it(name: str) -> None:
    code = inline.join(ROOT, name)
    assert code.isascii() and "\t" not in code and " \n" not in code and "\n\n\n\n" not in code
    assert code.endswith("\n") and not code.endswith("\n\n")
    indents = {len(line) - len(line.lstrip(" ")) for line in code.splitlines()}
    assert all(indent % 4 == 0 for indent in indents)
    for number, line in enumerate(lines := code.splitlines()):
        if line.startswith(("def ", "class ", "@")) and not lines[number - 1].startswith(("@", ")", "# ")):
            assert lines[number - 2 : number] == ["", ""], line
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("name", NAMES)
def test_joined_code_runs_and_has_a_handler(name: str) -> None:
    joined: dict[str, Any] = {"__name__": "index"}
    exec(compile(inline.join(ROOT, name), "index.py", "exec"), joined)
    assert joined["handler"].__name__ == load_function(name).handler.__name__


def test_joined_checks_are_the_package_s() -> None:
    joined: dict[str, Any] = {"__name__": "index"}
    exec(compile(inline.join(ROOT, "preflight"), "index.py", "exec"), joined)
    own = load_function("preflight", "checks").CHECKS
    assert [(c.title, c.reads, c.goes_first) for c in joined["CHECKS"]] == [
        (c.title, c.reads, c.goes_first) for c in own
    ]


# Each construct.

KEPT = [
    pytest.param("x: int = 3\n", "x = 3", id="a variable"),
    pytest.param("x: dict[str, int] = {'a': 1}  # why\n", "x = {'a': 1}", id="a variable with brackets and a comment"),
    pytest.param("def f(a: int, b: str = 'x') -> None:\n    return\n", "def f(a, b='x'):\n    return", id="a default"),
    pytest.param(
        "def f(*a: int, k: str = ':', **m: dict[str, int]) -> (int):\n    return 1\n",
        "def f(*a, k=':', **m):\n    return 1",
        id="stars and parentheses",
    ),
    pytest.param(
        "def f(\n    a: int,  # first\n    /,\n    b: int = (\n        2\n    ),\n) -> dict[\n    str, int\n]:\n"
        "    return {}\n",
        "def f(\n    a,\n    /,\n    b=(\n        2\n    ),\n):\n    return {}",
        id="several lines",
    ),
    pytest.param(
        "async def f(a: int) -> None:\n    async with a as b:\n        await b\n",
        "async def f(a):\n    async with a as b:\n        await b",
        id="async",
    ),
    pytest.param('def f():\n    """Only this."""\n', "def f():\n    pass", id="a docstring alone"),
    pytest.param('def f(): "only this"\n', "def f(): pass", id="a docstring in the same line"),
    pytest.param(
        'def f():\n    """This."""\n\n    def g(x: int) -> int:\n        # why\n        return x\n\n    return g\n',
        "def f():\n    def g(x):\n        return x\n\n    return g",
        id="a nested function",
    ),
    pytest.param(
        "def d(f: object) -> object:\n    return f\n\n\n@d\ndef g() -> None:\n    '''Doc.'''\n    return\n",
        "def d(f):\n    return f\n\n\n@d\ndef g():\n    return",
        id="a decorator",
    ),
    pytest.param(
        "def f():\n    x: int\n    x = 1\n\n    # why\n\n    y: int = x\n    return y\n",
        "def f():\n    x = 1\n\n    y = x\n    return y",
        id="declarations",
    ),
    pytest.param("s = '# no comment'  # a comment\n", "s = '# no comment'", id="a hash in a string"),
    pytest.param(
        's = """a\n\n\n\n# no comment\n"""\n', 's = """a\n\n\n\n# no comment\n"""', id="blank lines in a string"
    ),
    pytest.param("s = f'{1:>4} # {2!r}'\n", "s = f'{1:>4} # {2!r}'", id="a formatted string"),
    pytest.param('s = r"\\\\"  # why\n', 's = r"\\\\"', id="a raw string"),
    pytest.param(
        "s = (\n    'a'  # first\n    # second\n    'b'\n)\n", "s = (\n    'a'\n    'b'\n)", id="comments in brackets"
    ),
    pytest.param("x = lambda a, *b: a\n", "x = lambda a, *b: a", id="a lambda"),
    pytest.param("class C:\n    '''Doc.'''\n\n    x: int\n    y: int = 1\n", "class C:\n    y = 1", id="a plain class"),
    pytest.param(
        "class C(Exception):\n    '''Doc.'''\n", "class C(Exception):\n    pass", id="a class with a docstring alone"
    ),
    pytest.param(
        "try:\n    # why\n    x: int = 1\nexcept ValueError:\n    '''why'''\n",
        "try:\n    x = 1\nexcept ValueError:\n    pass",
        id="an exception",
    ),
    pytest.param(
        "def f(x: int) -> int:\n    match x:\n        case 1:\n            y: int = 2\n            return y\n    return 0\n",
        "def f(x):\n    match x:\n        case 1:\n            y = 2\n            return y\n    return 0",
        id="a match",
    ),
    pytest.param("e = 1  # größer\n", "e = 1", id="letters in a comment"),
    pytest.param(
        "def f(a: 'größer' = 1) -> 'é':\n    return a\n", "def f(a=1):\n    return a", id="letters before code"
    ),
    pytest.param("x = 1\nif x == 1:\n    y: bool = x != 2\n", "x = 1\nif x == 1:\n    y = x != 2", id="comparisons"),
    pytest.param("if (n := 1) > 0: m: int = n\n", "if (n := 1) > 0: m = n", id="a walrus"),
]


@pytest.mark.parametrize(("text", "left"), KEPT)
def test_what_readers_need_goes_and_the_rest_stays_as_typed(join: Any, text: str, left: str) -> None:
    assert body(join(text)) == left + "\n"


@pytest.mark.parametrize("text", [param.values[0] for param in KEPT], ids=[param.id for param in KEPT])
def test_what_is_left_is_what_the_tree_says(join: Any, text: Any) -> None:
    assert [ast.unparse(node) for node in ast.parse(join(text)).body] == stripped(str(text))


DATACLASS = """\
from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class Place:
    \"\"\"Where.\"\"\"

    name: str
    \"\"\"The name.\"\"\"
    size: Sequence[int] = field(default_factory=list)

    def double(self, by: int = 2) -> Any:
        \"\"\"Doubled.\"\"\"
        count: int = by
        return Pair(self.name * count, Place)


class Pair(NamedTuple):
    first: str
    second: type[Place]
"""


def test_fields_of_dataclasses_and_named_tuples_stay(join: Any) -> None:
    code = join(DATACLASS)
    assert "name: str\n    size: Sequence[int] = field(" in code and "count = by" in code
    names: dict[str, Any] = {"__name__": "index"}
    module = SimpleNamespace(__dict__=names)
    sys.modules["index"] = module  # type: ignore[assignment]  # where dataclasses look
    try:
        exec(code, names)
    finally:
        del sys.modules["index"]
    pair = names["Place"]("ab").double()
    assert pair == ("abab", names["Place"]) and pair._fields == ("first", "second")


def test_fields_keep_postponed_annotations_postponed(join: Any) -> None:
    assert "\nfrom __future__ import annotations\n" in join(DATACLASS)
    assert "__future__" not in join("from __future__ import annotations\n\nx: int = 1\n")


def test_imports_and_aliases_that_only_annotations_use_go(join: Any) -> None:
    code = join(
        "from collections.abc import Callable, Mapping\nfrom typing import Any, Protocol\nimport os\n\n"
        "Answers = Mapping[str, Any]\n'''By name.'''\n\n\nclass Has(Protocol):\n    x: int\n\n\n"
        "def f(a: Answers, h: Has) -> Callable[[], None]:\n    return os.getcwd\n"
    )
    assert code.split("\n\n", 1)[1] == ("import os\n\n\n# lambda/f/handler.py\ndef f(a, h):\n    return os.getcwd\n")


def test_an_import_that_nothing_uses_stays_since_it_may_have_an_effect(join: Any) -> None:
    assert "\nimport this\n" in join("import this\n")


def test_imports_of_all_modules_stand_once_on_top(join: Any) -> None:
    code = join(
        "import json\nimport os.path\n\nimport boto3\nfrom f.a import A\nfrom botocore.config import Config\n\n"
        "print(json, os, boto3, A, Config)\n",
        f_in_a="import json\nfrom botocore.config import Config as C, UNSIGNED\n\nA = (json, C, UNSIGNED)\n",
    )
    assert code.split("\n\n\n")[0].split("\n\n")[1:] == [
        "import json\nimport os.path",
        "import boto3\nfrom botocore.config import Config, Config as C, UNSIGNED",
    ]


def test_modules_of_one_package_are_imported_beside_each_other(join: Any) -> None:
    code = join(
        "import os\nimport urllib.error\nfrom f.a import A\n\nprint(os, urllib, A)\n",
        f_in_a="import os.path\nimport urllib.request\n\nA = (os, urllib)\n",
    )
    assert "import os\nimport os.path\nimport urllib.error\nimport urllib.request\n" in code


def test_a_module_stands_behind_those_that_it_imports_from(join: Any) -> None:
    code = join(
        "from f.b import B\nfrom f.g import G\n\nprint(B, G)\n",
        f_in_b="from common.c import C\n\nB = C\n",
        common_in_c="C = 1\n",
        f_in_g_in___init__="from f.g.h import H\n\n__all__ = ['H']\n\nG = H\n",
        f_in_g_in_h="from common.c import C\n\nH = C\n",
    )
    parts = [line for line in code.splitlines() if line.startswith("# lambda/")]
    assert parts == [
        *("# lambda/common/c.py", "# lambda/f/b.py", "# lambda/f/g/h.py", "# lambda/f/g/__init__.py"),
        "# lambda/f/handler.py",
    ]
    exec(code, {})


REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("x = (\n", {}, r"lambda/f/handler.py is no Python \(.*\): correct it"),
    ("from f.a import A\n", {}, r"cannot read .*lambda/f/a.py: .*; restore it from the repository"),
    ("from f.a import B\n", {"f_in_a": "A = 1\n"}, "imports B, which lambda/f/a.py lacks: correct the name"),
    ("from f.a import A as B\n", {"f_in_a": "A = 1\n"}, "imports f.a: write `from f.a import NAME`"),
    ("import f.a\n", {"f_in_a": "A = 1\n"}, "imports f.a: write"),
    ("from . import a\n", {"f_in_a": "A = 1\n"}, r"imports \.: write"),
    ("def g():\n    from f.a import A\n", {"f_in_a": "A = 1\n"}, "imports f.a inside a block: import it on top"),
    (
        "from f.a import A\n",
        {"f_in_a": "from f.b import B\n", "f_in_b": "from f.a import A\n"},
        "lambda/f/b.py imports f.a in a circle: move what both need into a third module",
    ),
    ("from f.a import A\n\nB = 2\n", {"f_in_a": "A = 1\nB = 1\n"}, "both have B: rename one"),
    ("from f.a import A\nimport json\n", {"f_in_a": "A = 1\n\n\ndef json():\n    A\n"}, "both have json: rename one"),
    (
        "from f.a import A\nfrom one import x\n",
        {"f_in_a": "from other import x\n\nA = x\n"},
        "both have x: rename one",
    ),
    (
        "from f.a import A\n\nprint(max(A))\n",
        {"f_in_a": "A = 1\n\n\ndef max():\n    A\n"},
        "lambda/f/handler.py uses max and does not import it from lambda/f/a.py: rename one",
    ),
    ("x: int; y = 1\n", {}, "handler.py:1 has two statements in a line: give each a line of its own"),
    ("x = 1; y = 1\n", {}, "has two statements in a line"),
    ("def f():\n    '''Doc.'''; return 1\n", {}, "handler.py:2 has two statements in a line"),
    ("x = '\t'\n", {}, "lambda/f: use plain ASCII without tabs or trailing blanks"),
    ("x = '''\n \n'''\n", {}, "use plain ASCII"),
    ("x = 'é'\n", {}, "use plain ASCII"),
]


@pytest.mark.parametrize(("handler", "others", "sentence"), REFUSED, ids=[sentence[:50] for *_, sentence in REFUSED])
def test_what_cannot_be_joined_is_refused(join: Any, handler: str, others: dict[str, str], sentence: str) -> None:
    with pytest.raises(GeneratorError, match=sentence):
        join(handler, **others)


def test_code_beyond_lambda_s_limit_is_refused(join: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert inline.MAX_BYTES == 4 << 20
    monkeypatch.setattr(inline, "MAX_BYTES", 100)
    with pytest.raises(GeneratorError, match=r"lambda/f has \d+ bytes: keep it below 100"):
        join("x = 1\n" * 30)


def test_local_names_may_be_those_of_other_modules(join: Any) -> None:
    code = join(
        "from f.a import A\n\n\ndef g(zones):\n    names = [zones for zones in zones]\n    return A, names\n",
        f_in_a="A = 1\n\n\ndef zones():\n    return A\n\n\ndef names():\n    return A\n",
    )
    compile(code, "index.py", "exec")


# Anything else.

WORDS = st.sampled_from(["a", "b", "value", "größe"])
TYPES = st.sampled_from(
    ["int", "dict[str, int]", "'Later'", "(int)", "Callable[[int], dict[str, 'x: y = z']]", "x | y"]
)
VALUES = st.sampled_from(
    ["1", "'#'", '":"', "{'k': [1, 2]}", "(lambda z: z)", "a == b", "f'{a!r:>4}'", "'''\n\n\n#'''"]
)
LINES = st.sampled_from(["x: {t} = {v}", "x: {t}", "x = {v}", "# why", "return {v}", "self.y: {t} = {v}", "'{n}'"])
COMMENTS = st.sampled_from(["", "  # why: a = 1", "  # '''", '  # "'])


@st.composite
def functions(draw: st.DrawFn, depth: int = 0) -> str:
    """A function with annotations, docstrings and comments at any place."""
    pad = "    " * depth
    names = draw(st.lists(WORDS, unique=True, max_size=3))
    asked = [f"{name}: {draw(TYPES)}" if draw(st.booleans()) else name for name in names]
    asked += [f"*, k: {draw(TYPES)} = {draw(VALUES)}"] if draw(st.booleans()) else []
    comma = f",{draw(COMMENTS)}\n{pad}    " if draw(st.booleans()) else ", "
    result = f" -> {draw(TYPES)}" if draw(st.booleans()) else ""
    lines = [f"{pad}{draw(st.sampled_from(['', 'async ']))}def f({comma.join(asked)}){result}:{draw(COMMENTS)}"]
    lines += [f'{pad}    """Says # this: a = 1."""', ""] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(0, 3))):
        line = draw(
            st.sampled_from(["x: {t} = {v}", "x: {t}", "x = {v}", "# why", "return {v}", "self.y: {t} = {v}", "'{n}'"])
        )
        lines.append(f"{pad}    " + line.format(t=draw(TYPES), v=draw(VALUES), n=draw(WORDS)))
    if depth < 2 and draw(st.booleans()):
        lines += ["", draw(functions(depth + 1))]
    return "\n".join([*lines, f"{pad}    pass{draw(COMMENTS)}"])


@given(functions())
def test_any_function_is_left_as_the_tree_says(text: str) -> None:
    pieces, _ = strip(Module("m.py", text + "\n"))
    assert [ast.unparse(node) for piece in pieces for node in ast.parse(piece.text).body] == stripped(text)
    assert not [t for piece in pieces for t in tokens(piece.text) if t.type == tokenize.COMMENT]
