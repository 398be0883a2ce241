"""Calls that start a child process, and the words that they start it with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from runner.repairs.python_text import PythonText

_STARTERS = {"run", "Popen", "call", "check_call", "check_output"}
_PYTHON = re.compile(r"(?:.*/)?python[\d.]*")
Words = ast.List | ast.Tuple


def starting_calls(source: PythonText) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Calls of subprocess, each with the expression of its command."""
    names = {
        alias.asname or alias.name
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.module == "subprocess"
        for alias in node.names
        if alias.name in _STARTERS
    }
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Attribute):
            starts = function.attr in _STARTERS and ast.unparse(function.value) in ("subprocess", "sp")
        else:
            starts = isinstance(function, ast.Name) and function.id in names
        given = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "args"), None)
        if starts and given is not None:
            yield node, given


def command_lists(source: PythonText) -> list[Words]:
    """Lists that begin the command line of a child: given to such a call, or written like one that starts Python.

    Other lists may name Python or a file of src/ as well: of languages, of files to read.
    """
    found = [words for _, command in starting_calls(source) for words in _beginnings(source, command)]
    found += [node for node in ast.walk(source.tree) if isinstance(node, Words) and _starts_python(node)]
    return list({id(words): words for words in found}.values())


def is_python(word: ast.expr) -> bool:
    """Whether a word is an interpreter by name, or sys.executable."""
    if isinstance(word, ast.Constant):
        return isinstance(word.value, str) and _PYTHON.fullmatch(word.value) is not None
    return ast.unparse(word).endswith("sys.executable")


def said(source: PythonText, command: ast.expr) -> str:
    """A command as source text, with all that is put into the variable that holds it."""
    values = _assigned(source, command.id) + _added(source, command.id) if isinstance(command, ast.Name) else [command]
    return "\n".join(map(ast.unparse, values))


def _starts_python(words: Words) -> bool:
    if len(words.elts) < 2 or not is_python(words.elts[0]):
        return False
    second = words.elts[1]
    text = second.value if isinstance(second, ast.Constant) else None
    return isinstance(text, str) and (text.startswith("-") or text.endswith(".py"))


def _beginnings(source: PythonText, command: ast.expr, depth: int = 2) -> Iterator[Words]:
    if isinstance(command, Words):
        yield command
    elif isinstance(command, ast.BinOp):
        yield from _beginnings(source, command.left, depth)
    elif isinstance(command, ast.Name) and depth:
        for value in _assigned(source, command.id):
            yield from _beginnings(source, value, depth - 1)


def _assigned(source: PythonText, name: str) -> list[ast.expr]:
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            found.append(node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            found += [node.value] if node.value is not None else []
    return found


def _added(source: PythonText, name: str) -> list[ast.expr]:
    """What is appended to a list, or joined to it."""
    found: list[ast.expr] = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            found.append(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            found += node.args if isinstance(owner, ast.Name) and owner.id == name else []
    return found
