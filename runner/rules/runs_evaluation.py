"""Whether training runs the evaluation script: as a process, or by calling in its own what that script starts with.

To import the script for one of its helpers is no run of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from runner.source_text import python_module

_RUN = re.compile(
    r"(?:^|[\s'\"/])(?:python[\d.]*|uv|torchrun|accelerate)(?=\s)"
    # Another module that is given the script as a file, or code of its own, is not the script.
    r"(?![^;&|]*\s-m\s+(?!src\.evaluate\b|torch\.distributed|accelerate)[^;&|]*evaluate)(?![^;&|]*\s-c\s)"
    r"[^;&|]*\s['\"]?(?:src\.evaluate|(?:\S*/)?src/evaluate\.py|(?:\./)?evaluate\.py)(?=$|[\s'\";&|])"
)


def starts_evaluation(command: str) -> bool:
    """Whether a command line runs src/evaluate.py, not a script whose name ends alike or a tool that reads it."""
    return bool(_RUN.search(command))


def runs_when_imported(evaluation: str) -> bool:
    """Whether the script guards nothing and ends in a call of its own function."""
    tree = _tree(evaluation)
    last = tree.body[-1] if tree.body and not _guards(tree) else None
    return isinstance(last, ast.Expr) and not _functions(tree).isdisjoint(_called(last))


def calls_its_start(importer: str, evaluation: str) -> bool:
    """Whether a file's text calls what the script calls under its `__name__` guard."""
    tree = _tree(evaluation)
    starts = {name for guard in _guards(tree) for name in _called(guard)} & _functions(tree)
    own = _tree(importer)
    names, modules = _imported(own, starts)
    called = [node.func for node in ast.walk(own) if isinstance(node, ast.Call)]
    return any(
        function.id in names
        if isinstance(function, ast.Name)
        else isinstance(function, ast.Attribute) and function.attr in starts and ast.unparse(function.value) in modules
        for function in called
    )


def _guards(tree: ast.Module) -> list[ast.If]:
    return [node for node in tree.body if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)]


def _imported(tree: ast.Module, starts: set[str]) -> tuple[set[str], set[str]]:
    """By what names a file has functions of the script, and the script itself."""
    names, modules = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name for alias in node.names if alias.name == "src.evaluate"}
        elif isinstance(node, ast.ImportFrom):
            whole = "." * node.level + (node.module or "")
            if whole in ("src.evaluate", ".evaluate"):
                names |= {alias.asname or alias.name for alias in node.names if alias.name in starts}
            elif whole in ("src", "."):
                modules |= {alias.asname or alias.name for alias in node.names if alias.name == "evaluate"}
    return names, modules


def _called(node: ast.AST) -> Iterator[str]:
    calls = (part.func for part in ast.walk(node) if isinstance(part, ast.Call))
    return (function.id for function in calls if isinstance(function, ast.Name))


def _functions(tree: ast.Module) -> set[str]:
    return {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def _tree(text: str) -> ast.Module:
    return python_module(text) or ast.Module(body=[], type_ignores=[])
