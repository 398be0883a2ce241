"""Which metric names training may log, read from its source; nothing is run.

A run that was cut short, or never ran, has not logged all of them. What is literal in the source may be logged later,
so a name found here is never said to be unknown to training.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runner.source_text import python_module

_EVALUATION = "src/evaluate.py"
_LOGGING = {"log", "log_metrics", "update"}
MAX_NAMES = 2000


@dataclass(frozen=True)
class Names:
    """Names of metrics in the sources of training."""

    logged: tuple[str, ...]
    """Literal keys of what is given to log calls."""
    summary: tuple[str, ...]
    """Literal keys that are set in a summary."""
    keys: tuple[str, ...]
    """Literal keys of every dictionary: some are logged under a name of their own, or returned and logged elsewhere."""
    literals: tuple[str, ...]
    """Every literal that could be a name, wherever it stands."""
    patterns: tuple[str, ...]
    """Texts put together from parts, as regular expressions."""
    key_patterns: tuple[str, ...]
    """Those of them that are keys of dictionaries."""


def names_in(tree: Mapping[str, str]) -> Names:
    """Names in every Python file of the repository but the evaluation script."""
    logged: dict[str, None] = {}
    summary: dict[str, None] = {}
    keys: dict[str, None] = {}
    literals: dict[str, None] = {}
    patterns: dict[str, None] = {}
    key_patterns: dict[str, None] = {}
    for path, text in tree.items():
        if not path.endswith(".py") or path == _EVALUATION:
            continue
        module = python_module(text)
        if module is None:
            continue
        held = _held_by_variables(module)
        for node in ast.walk(module):
            logged |= dict.fromkeys(_logged(node, held))
            summary |= dict.fromkeys(_summary(node, held))
            keys |= dict.fromkeys(_any_keys(node))
            if isinstance(node, ast.Constant) and _is_name(node.value):
                literals[str(node.value)] = None
            elif isinstance(node, ast.keyword) and node.arg:
                literals[node.arg] = None
            elif isinstance(node, ast.expr) and (pattern := _pattern(node)):
                patterns[pattern] = None
            key_patterns |= dict.fromkeys(_pattern_keys(node))
    parts = (logged, summary, keys, literals, patterns, key_patterns)
    return Names(*(tuple(part)[:MAX_NAMES] for part in parts))


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 100 and "\n" not in value


def _held_by_variables(module: ast.AST) -> dict[str, list[str]]:
    """Variable -> literal keys of the dictionaries that a module puts into it, and of what is added to them."""
    held: dict[str, list[str]] = {}
    for node in ast.walk(module):
        match node:
            case ast.Assign(targets=[ast.Name(id=name), *_], value=ast.Dict() as value):
                held.setdefault(name, []).extend(_keys(value))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict() as value):
                held.setdefault(name, []).extend(_keys(value))
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(key)), ctx=ast.Store()):
                held.setdefault(name, []).append(key)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="update"), args=[ast.Dict() as value]):
                held.setdefault(name, []).extend(_keys(value))
    return held


def _logged(node: ast.AST, held: Mapping[str, list[str]]) -> Iterator[str]:
    """Keys of dictionaries given to `wandb.log`, `run.log` and the like."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _LOGGING:
        return
    about_summary = isinstance(node.func.value, ast.Attribute) and node.func.value.attr == "summary"
    if node.func.attr == "update":
        return
    for argument in (*node.args[:1], *(word.value for word in node.keywords if word.arg == "data")):
        if isinstance(argument, ast.Dict) and not about_summary:
            yield from _keys(argument)
        elif isinstance(argument, ast.Name):
            yield from held.get(argument.id, [])


def _summary(node: ast.AST, held: Mapping[str, list[str]]) -> Iterator[str]:
    """Keys set by `summary["key"] = ...`, `summary.key = ...` or `summary.update({...})`; one by one in a loop too."""
    if isinstance(node, ast.For) and any(_stores_in_summary(inner) for inner in ast.walk(node)):
        match node.iter:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="items")):
                yield from held.get(name, [])
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and _named_summary(node.value):
        if isinstance(node.slice, ast.Constant) and _is_name(node.slice.value):
            yield str(node.slice.value)
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _named_summary(node.value):
        yield node.attr
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
        for argument in node.args if _named_summary(node.func.value) else ():
            if isinstance(argument, ast.Dict):
                yield from _keys(argument)
            elif isinstance(argument, ast.Name):
                yield from held.get(argument.id, [])
        yield from (word.arg for word in node.keywords if word.arg and _named_summary(node.func.value))


def _stores_in_summary(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and _named_summary(node.value)


def _any_keys(node: ast.AST) -> Iterator[str]:
    """Keys of a dictionary, in any of the ways in which one is written."""
    if isinstance(node, ast.Dict):
        yield from _keys(node)
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and isinstance(node.slice, ast.Constant):
        if _is_name(node.slice.value):
            yield str(node.slice.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
        yield from (word.arg for word in node.keywords if word.arg)


def _pattern_keys(node: ast.AST) -> Iterator[str]:
    """Keys of a dictionary that are put together from parts."""
    keys = node.keys if isinstance(node, ast.Dict) else []
    if isinstance(node, ast.DictComp):
        keys = [node.key]
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        keys = [node.slice]
    yield from (pattern for key in keys if key is not None and (pattern := _pattern(key)))


def _named_summary(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "summary"


def _keys(node: ast.Dict) -> Iterator[str]:
    for key in node.keys:
        if isinstance(key, ast.Constant) and _is_name(key.value):
            yield str(key.value)


def _pattern(node: ast.expr) -> str:
    """`f"{split}_loss"` as `.*_loss`; "" for what is not put together, or has no fixed part to tell it from another."""
    parts = _parts(node)
    fixed = [part for part in parts if part is not None]
    if None not in parts or not any(re.search(r"[A-Za-z]", part) for part in fixed) or sum(map(len, fixed)) > 100:
        return ""
    return "".join(re.escape(part) if part is not None else ".*" for part in parts)


def _parts(node: ast.expr) -> list[str | None]:
    """Parts of a text that is put together, None for those that are not fixed; [] for anything else.

    Ways: an f-string, `split + "_loss"`, `"%s_loss" % split`, `"{}_loss".format(split)`, `"_".join([split, "loss"])`.
    """
    match node:
        case ast.JoinedStr(values=values):
            return [str(part.value) if isinstance(part, ast.Constant) else None for part in values]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [part for side in (left, right) for part in _fixed(side) or _parts(side) or [None]]
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod()):
            return _filled(r"%(?:\(\w*\))?[-+ #0]*[\d*]*(?:\.[\d*]+)?[a-zA-Z]", text)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            return _filled(r"\{[^{}]*\}", text)
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str(text)), attr="join"),
            args=[ast.List() | ast.Tuple() as several],
        ):
            found = [part for item in several.elts for part in (text, *(_fixed(item) or _parts(item) or [None]))]
            return found[1:]
        case _:
            return []


def _fixed(node: ast.expr) -> list[str | None]:
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _filled(field: str, text: str) -> list[str | None]:
    """A template's fixed parts, with None for each of its fields."""
    first, *others = re.split(field, text)
    parts: list[str | None] = [first]
    for part in others:
        parts += [None, part]
    return parts
