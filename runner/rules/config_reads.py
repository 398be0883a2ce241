"""Which keys of the configuration the code reads, told by its text: chains on what `@hydra.main` hands in.

A configuration is followed into variables, attributes of `self` and functions of the project that are given it or
return it. A key that the code guards (`in`, `get`, `getattr`, `hasattr`, `select`) is not one that it needs. What is
found is no proof: a read may stand in a branch that a run never takes, so it only adds to what a run failed at.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from runner.source_text import python_module
from sandbox.inside.compose import hydra_main_spellings

Path = tuple[str, ...]

_SAME = {"deepcopy", "copy", "merge", "create", "to_container", "cast", "unsafe_merge", "masked_copy"}
"""Calls whose result holds what their first argument holds."""
_LOADS = re.compile(r"(?:OmegaConf\.load|safe_load|full_load|yaml\.load)\s*\(")
_ROUNDS = 6
_DEEPEST = 6


@dataclass
class Reads:
    """Paths of keys, with a place each."""

    needed: dict[Path, tuple[str, int]] = field(default_factory=dict)
    """Read without a guard: path -> file and line of the first read. A path of one key is the bare value."""
    together: list[set[Path]] = field(default_factory=list)
    """Of one read each: the paths that it may stand for."""
    guarded: set[Path] = field(default_factory=set)
    written: set[Path] = field(default_factory=set)

    def deep(self, key: str) -> list[Path]:
        """Needed paths below a key of the root."""
        return [path for path in self.needed if path[0] == key and len(path) > 1]


def config_reads(files: Mapping[str, str]) -> Reads:
    """What the Python files of src/ read of the configuration; evaluate.py has none of its own."""
    own = [path for path in sorted(files) if path.startswith("src/") and path.endswith(".py")]
    return _reads(tuple((path, files[path]) for path in own if not path.endswith("evaluate.py")))


def loads_run_file(files: Mapping[str, str]) -> bool:
    """Whether the code reads YAML files itself; evaluate.py has reasons of its own to."""
    return any(
        _LOADS.search(text)
        for path, text in files.items()
        if path.startswith("src/") and path.endswith(".py") and not path.endswith("evaluate.py")
    )


@lru_cache(maxsize=8)  # asked for every stage of a round, of the same files
def _reads(files: tuple[tuple[str, str], ...]) -> Reads:
    trees = {path: python_module(text) for path, text in files}
    return _Follower({path: tree for path, tree in trees.items() if tree is not None}).reads()


class _Follower:
    """Hands bindings (name -> paths) from scope to scope until nothing new is found."""

    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        self._functions: dict[str, list[tuple[str, ast.FunctionDef, str]]] = {}
        self._scopes: list[tuple[str, ast.FunctionDef, str]] = []
        for path, tree in trees.items():
            for owner, function in _functions(tree):
                entry = (path, function, owner)
                self._scopes.append(entry)
                name = owner if function.name in ("__init__", "__new__") and owner else function.name
                self._functions.setdefault(name, []).append(entry)
        self._names: dict[int, dict[str, set[Path]]] = {id(function): {} for _, function, _ in self._scopes}
        self._attributes: dict[str, dict[str, set[Path]]] = {}
        self._returned: dict[str, set[Path]] = {}
        spellings = {path: hydra_main_spellings(tree) for path, tree in trees.items()}
        for path, function, _ in self._scopes:
            called = (d.func if isinstance(d, ast.Call) else d for d in function.decorator_list)
            if any(ast.unparse(each) in spellings[path] for each in called):
                arguments = function.args.posonlyargs + function.args.args
                if arguments:
                    self._names[id(function)][arguments[0].arg] = {()}

    def reads(self) -> Reads:
        for _ in range(_ROUNDS):
            for _, function, owner in self._scopes:
                self._follow(function, owner)
        found = Reads()
        for path, function, owner in self._scopes:
            self._collect(path, function, owner, found)
        return found

    def _follow(self, function: ast.FunctionDef, owner: str) -> None:
        for node in _own_nodes(function):
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                paths = self._paths(node.value, function, owner)
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    self._bind(target, paths, function, owner)
            elif isinstance(node, ast.Call):
                self._call(node, function, owner)
            elif isinstance(node, ast.Return) and node.value is not None:
                paths = self._paths(node.value, function, owner)
                self._returned.setdefault(function.name, set()).update(path for path in paths if len(path) < _DEEPEST)

    def _bind(self, target: ast.expr, paths: set[Path], function: ast.FunctionDef, owner: str) -> None:
        if not paths:
            return
        if isinstance(target, ast.Name):
            self._names[id(function)].setdefault(target.id, set()).update(paths)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            self._attributes.setdefault(owner, {}).setdefault(target.attr, set()).update(paths)

    def _call(self, node: ast.Call, function: ast.FunctionDef, owner: str) -> None:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for _, target, target_owner in self._functions.get(called, ()):
            arguments = [a.arg for a in target.args.posonlyargs + target.args.args]
            if target_owner and arguments[:1] == ["self"]:
                arguments = arguments[1:]
            given = list(zip(arguments, node.args, strict=False))
            given += [(word.arg, word.value) for word in node.keywords if word.arg]
            for name, value in given:
                paths = self._paths(value, function, owner)
                if paths:
                    self._names[id(target)].setdefault(name, set()).update(paths)

    def _paths(self, node: ast.expr, function: ast.FunctionDef, owner: str) -> set[Path]:
        """The paths of the configuration that an expression may stand for."""
        if isinstance(node, ast.Name):
            own = self._names[id(function)].get(node.id, set())
            return own or self._enclosing(function, node.id)
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                return self._attributes.get(owner, {}).get(node.attr, set())
            return {(*path, node.attr) for path in self._paths(node.value, function, owner)}
        if isinstance(node, ast.Subscript):
            key = node.slice
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                return {(*path, *key.value.split(".")) for path in self._paths(node.value, function, owner)}
            return set()
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in _SAME and node.args:
                return self._paths(node.args[-1] if name == "cast" else node.args[0], function, owner)
            return self._returned.get(name, set()) if name in self._functions else set()
        return set()

    def _enclosing(self, function: ast.FunctionDef, name: str) -> set[Path]:
        for _, outer, _ in self._scopes:
            if outer is not function and any(inner is function for inner in ast.walk(outer)):
                found = self._names[id(outer)].get(name)
                if found:
                    return found
        return set()

    def _collect(self, file: str, function: ast.FunctionDef, owner: str, found: Reads) -> None:
        inner: set[int] = set()  # parts of a chain that was read as a whole
        called: set[int] = set()  # methods of what the chain before them reads
        for node in _own_nodes(function):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
                found.guarded.update(self._asked_for(node, function, owner))
            if isinstance(node, ast.Call):
                called.add(id(node.func))
                self._guard(node, function, owner, found, inner)
            if not isinstance(node, (ast.Attribute, ast.Subscript)) or id(node) in inner:
                continue
            inner.update(id(part) for part in ast.walk(node.value))
            paths = {path for path in self._paths(node, function, owner) if path}
            if id(node) in called:
                paths = {path[:-1] for path in paths if len(path) > 1}
            if isinstance(node.ctx, ast.Store):
                if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                    found.written.update(paths)
            elif paths:
                found.together.append(paths)
                for path in sorted(paths):
                    found.needed.setdefault(path, (file, node.lineno))

    def _asked_for(self, node: ast.Compare, function: ast.FunctionDef, owner: str) -> set[Path]:
        """Paths that `"key" in cfg.section` asks for."""
        key = node.left.value if isinstance(node.left, ast.Constant) else None
        if not isinstance(key, str):
            return set()
        return {(*path, *key.split(".")) for path in self._paths(node.comparators[0], function, owner)}

    def _guard(self, node: ast.Call, function: ast.FunctionDef, owner: str, found: Reads, inner: set[int]) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        place: ast.expr | None = None
        key: ast.expr | None = None
        if name in ("getattr", "hasattr", "select", "update") and len(node.args) > 1:
            place, key = node.args[0], node.args[1]
        elif name in ("get", "pop", "setdefault") and isinstance(node.func, ast.Attribute) and node.args:
            place, key = node.func.value, node.args[0]
        if place is None or not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            return
        for path in self._paths(place, function, owner):
            (found.written if name == "update" else found.guarded).add((*path, *key.value.split(".")))


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function with the class that owns it, "" for none."""
    todo: list[tuple[str, ast.AST]] = [("", tree)]
    while todo:
        owner, node = todo.pop(0)
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.FunctionDef):
                yield owner, part
            todo.append((part.name if isinstance(part, ast.ClassDef) else owner, part))


def _own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The function's nodes without those of functions inside it, outer ones first."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop(0)
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            todo += list(ast.iter_child_nodes(node))
