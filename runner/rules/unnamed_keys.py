"""Keys of a configuration that no code of the submission can read, told by its text.

A run that was stopped shows what it read until then. What it would have read later is known only of a key whose name
stands nowhere in the code, in a branch that the code never hands on as a whole.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from runner.source_text import python_module

_WHOLE = {"items", "values", "keys", "copy", "pop", "update"}
"""Methods that take a branch as a whole."""


def unnamed(files: Mapping[str, str], keys: Iterable[str]) -> list[str]:
    """Those of the dotted keys whose last name no file of src/ holds, and whose branches are only passed through."""
    trees = []
    for path, text in files.items():
        if path.startswith("src/") and path.endswith(".py"):
            tree = python_module(text)
            if tree is None:
                return []
            trees.append(tree)
    names = {name for tree in trees for node in ast.walk(tree) for name in _names(node)}
    whole = {name for tree in trees for name in _taken_whole(tree)}
    found = []
    for key in keys:
        *branches, leaf = key.split(".")
        if branches and leaf not in names and not whole.intersection(branches):
            found.append(key)
    return found


def _names(node: ast.AST) -> list[str]:
    """Every name that a node may address a key by; a path in a text counts with all its parts."""
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.keyword | ast.arg):
        return [node.arg] if node.arg else []
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return "".join(c if c.isidentifier() or c.isdigit() else " " for c in node.value).split()
    return []


def _taken_whole(tree: ast.Module) -> Iterator[str]:
    """Names of attributes, items and `get`s from which no single further name is taken at once."""
    above: dict[int, ast.AST] = {id(part): node for node in ast.walk(tree) for part in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        name = _addressed(node)
        if not name:
            continue
        user = above.get(id(node))
        passed_through = (isinstance(user, ast.Attribute) and user.attr not in _WHOLE) or (
            isinstance(user, ast.Subscript) and user.value is node and isinstance(user.slice, ast.Constant)
        )
        if not passed_through:
            yield name


def _addressed(node: ast.AST) -> str:
    """`cfg.NAME`, `cfg["NAME"]` and `cfg.get("NAME")`; attributes of self are the code's own."""
    if isinstance(node, ast.Attribute):
        own = isinstance(node.value, ast.Name) and node.value.id == "self"
        return "" if own else node.attr
    key: ast.expr | None = None
    if isinstance(node, ast.Subscript):
        key = node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        key = node.args[0]
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
