"""Small edits of Python source by position; everything else stays byte for byte."""

from __future__ import annotations

import ast
import itertools
import re
import warnings
from collections.abc import Iterable, Mapping

from runner.source_text import without_mark
from sandbox.inside.compose import hydra_main_spellings

Edit = tuple[int, int, str]
"""Start, end (offsets in characters) and what stands there afterwards."""


class PythonText:
    """A Python file that parses, with the offsets of its nodes. Raises SyntaxError, ValueError."""

    def __init__(self, text: str) -> None:
        self.text = text
        plain = without_mark(text)
        self.tree = ast.parse(plain)
        self._lines = plain.split("\n")
        self._starts = [len(text) - len(plain)]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def offset(self, line: int, column: int) -> int:
        """Of a node's position: lines from 1, columns in bytes of UTF-8."""
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Start and end of the node."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def source(self, node: ast.expr | ast.stmt) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def line_start(self, line: int) -> int:
        return self._starts[line - 1]

    def edited(self, edits: Iterable[Edit]) -> str:
        return edited(self.text, edits)

    def import_edit(self, statement: str) -> list[Edit]:
        """Adds an import beside the file's own ones; nothing where it stands there already."""
        wanted = ast.unparse(ast.parse(statement))
        if any(ast.unparse(node) == wanted for node in self.tree.body):
            return []
        imports = [node for node in self.tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
        last: ast.stmt | None = None
        if imports:
            # The first unbroken group: later imports may stand behind code that must run before them.
            body = self.tree.body
            begin = body.index(imports[0])
            group = itertools.takewhile(lambda node: isinstance(node, (ast.Import, ast.ImportFrom)), body[begin:])
            last = list(group)[-1]
        elif self.tree.body and ast.get_docstring(self.tree) is not None:
            last = self.tree.body[0]
        at = self.line_start((last.end_lineno or last.lineno) + 1) if last is not None else self.line_start(1)
        if at > len(self.text):
            return [(len(self.text), len(self.text), f"\n{statement}\n")]
        return [(at, at, f"{statement}\n")]

    def keyword_edit(self, call: ast.Call, word: str) -> Edit | None:
        """Gives a call one more argument by name, the last; None where it may have it already, behind a star."""
        starred = any(isinstance(given, ast.Starred) for given in call.args)
        end = self.span(call)[1] - 1
        if starred or any(given.arg is None for given in call.keywords) or self.text[end] != ")":
            return None
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        # Behind the last argument stand brackets of its own, a comma and remarks.
        behind = self.text[max(self.span(item)[1] for item in given) : end] if given else ""
        if given and not re.sub(r"#[^\n]*", "", behind).rstrip().endswith(","):
            word = f", {word}"
        elif behind.endswith(","):
            word = f" {word}"
        return end, end, word

    def first_line_edit(self, function: ast.FunctionDef | ast.AsyncFunctionDef, statement: str) -> Edit:
        """Puts a statement at the start of a function, behind its docstring."""
        body = function.body
        first = body[1] if ast.get_docstring(function, clean=False) is not None and len(body) > 1 else body[0]
        decorated = getattr(first, "decorator_list", [])
        line = min([first.lineno, *(d.lineno for d in decorated)])
        start = self.line_start(line)
        indent = self._lines[line - 1][: len(self._lines[line - 1]) - len(self._lines[line - 1].lstrip())]
        if self._lines[line - 1].strip() and first.lineno == function.lineno:
            at = self.span(first)[0]  # def f(): body
            return at, at, f"{statement}; "
        return start, start, f"{indent}{statement}\n"


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits, which must not overlap."""
    for start, end, new in sorted(edits, key=lambda edit: edit[:2], reverse=True):
        text = text[:start] + new + text[end:]
    return text


def compiles(text: str) -> bool:
    """Whether Python takes the text; more than that it parses: no argument may be given twice."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(without_mark(text), "<edited>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def read(text: str) -> PythonText | None:
    """The file, None where it does not parse."""
    try:
        return PythonText(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def sources(files: Mapping[str, str]) -> dict[str, PythonText]:
    """Every Python file of src/ that parses, by path."""
    found = {path: read(files[path]) for path in sorted(files) if path.startswith("src/") and path.endswith(".py")}
    return {path: source for path, source in found.items() if source is not None}


def hydra_functions(source: PythonText) -> list[tuple[ast.FunctionDef, ast.expr]]:
    """Functions that `@hydra.main` decorates, with the decorator."""
    found: list[tuple[ast.FunctionDef, ast.expr]] = []
    spellings = hydra_main_spellings(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                target = decorator.func if isinstance(decorator, ast.Call) else decorator
                if ast.unparse(target) in spellings:
                    found.append((node, decorator))
    return found


def literals(source: PythonText) -> list[tuple[ast.Constant, str]]:
    """String literals that stand for themselves (no docstrings, no parts of f-strings)."""
    inside = {id(value) for node in ast.walk(source.tree) if isinstance(node, ast.JoinedStr) for value in node.values}
    docs = {id(node.value) for node in ast.walk(source.tree) if isinstance(node, ast.Expr)}
    return [
        (node, node.value)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in inside
        and id(node) not in docs
    ]
