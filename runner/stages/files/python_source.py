"""What parsing a Python file shows: whether it compiles, whether it is empty, and bodies that do nothing."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping

from runner.evidence import FileProblem
from runner.source_text import without_mark

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def read_python(sources: Mapping[str, str]) -> list[FileProblem]:
    """Problems of all Python files together: a method is abstract if a class of another file overrides it."""
    problems: list[FileProblem] = []
    trees: dict[str, ast.Module] = {}
    for path, text in sources.items():
        try:
            trees[path] = _parse(path, text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            problems.append(_syntax_problem(path, error))
    overridden = _overridden_methods(trees.values())
    for path, tree in trees.items():
        if not _statements(tree.body):
            problems.append(FileProblem(file=path, kind="empty", message="the file holds no statement"))
        problems += [
            FileProblem(file=path, line=function.lineno, kind="placeholder", message=message)
            for function, message in _placeholders(tree, overridden)
        ]
    return problems


def _parse(path: str, text: str) -> ast.Module:
    text = without_mark(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text, filename=path)
        compile(text, path, "exec", dont_inherit=True)  # finds what parsing alone lets through, such as a lone return
    return tree


def _syntax_problem(path: str, error: Exception) -> FileProblem:
    line = error.lineno if isinstance(error, SyntaxError) else None
    words = error.msg if isinstance(error, SyntaxError) else str(error)
    source = f": {error.text.strip()}" if isinstance(error, SyntaxError) and error.text else ""
    return FileProblem(file=path, line=line or None, kind="syntax", message=f"{type(error).__name__}: {words}{source}")


def _placeholders(tree: ast.Module, overridden: set[tuple[str, str]]) -> Iterator[tuple[_Function, str]]:
    for owner, function in _functions(tree):
        body = _statements(function.body)
        kind = _kind(body)
        if kind is None or _is_declaration(function, owner):
            continue
        if owner is not None and (owner.name, function.name) in overridden:
            continue
        yield function, f"the body of {function.name}() is only {kind}"


def _functions(tree: ast.Module) -> Iterator[tuple[ast.ClassDef | None, _Function]]:
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, _Function):
                yield (node if isinstance(node, ast.ClassDef) else None), child


def _statements(body: list[ast.stmt]) -> list[ast.stmt]:
    """The body without docstrings."""
    return [
        node
        for node in body
        if not (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        )
    ]


def _kind(body: list[ast.stmt]) -> str | None:
    if not body:
        return "a docstring"
    if len(body) > 1:
        return None
    statement = body[0]
    if isinstance(statement, ast.Pass):
        return "pass"
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and statement.value.value is ...:
        return "..."
    if isinstance(statement, ast.Raise) and statement.exc is not None:
        raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        if isinstance(raised, ast.Name) and raised.id == "NotImplementedError":
            return "raise NotImplementedError"
    return None


def _is_declaration(function: _Function, owner: ast.ClassDef | None) -> bool:
    """Abstract methods, overloads and the methods of protocols have no body to write."""
    decorators = {ast.unparse(node).rsplit(".", 1)[-1] for node in function.decorator_list}
    if decorators & {"abstractmethod", "abstractproperty", "overload"}:
        return True
    return owner is not None and any("Protocol" in ast.unparse(base) for base in owner.bases)


def _overridden_methods(trees: Iterable[ast.Module]) -> set[tuple[str, str]]:
    """(class, method) pairs that some subclass in the submission defines itself."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    parents = {node.name: {ast.unparse(base).rsplit(".", 1)[-1] for base in node.bases} for node in classes}
    pairs = set()
    for node in classes:
        methods = {item.name for item in node.body if isinstance(item, _Function)}
        for ancestor in _ancestors(node.name, parents):
            pairs |= {(ancestor, method) for method in methods}
    return pairs


def _ancestors(name: str, parents: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = set(parents.get(name, ()))
    while todo:
        ancestor = todo.pop()
        if ancestor not in found:
            found.add(ancestor)
            todo |= parents.get(ancestor, set())
    return found - {name}
