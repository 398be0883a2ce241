"""Rung: writing to a configuration that Hydra has locked, and overrides that a locked configuration refuses."""

from __future__ import annotations

import ast
import re

from runner.repairs.base import Blocker, Repair
from runner.repairs.python_text import Edit, PythonText, hydra_functions, read, sources
from runner.source_text import yaml_mapping
from runner.vocabulary import StageName

_REFUSED = re.compile(r"Could not override '([\w.@/-]+)'")
_OVERRIDE = re.compile(r"([A-Za-z_][\w]*(?:\.[\w]+)*)=")
_WRITERS = {
    "merge",
    "update",
    "merge_with",
    "setdefault",
    "set_readonly",
    "pop",
    "unsafe_merge",
    "setattr",
    "__setattr__",
}


def locked_write(blocker: Blocker) -> Repair | None:
    """Merging, updating or assigning a key that is not there yet: unlock the configuration where it comes in."""
    trace = blocker.traceback
    if trace is None or not blocker.says("is not in struct", "struct mode does not support"):
        return None
    if not trace.type.startswith("omegaconf.") and not trace.type.startswith("Config"):
        return None
    own = [frame for frame in trace.frames if frame.in_submission]
    failing = own[-1] if own else None
    if failing is None or not _writes(blocker.files.get(failing.file, ""), failing.line, trace.message):
        return None
    for frame in reversed(own):
        source = read(blocker.files.get(frame.file, ""))
        for function, _ in hydra_functions(source) if source is not None else ():
            last = function.end_lineno or function.lineno
            arguments = function.args.posonlyargs + function.args.args
            if source is None or not (function.lineno <= frame.line <= last) or not arguments:
                continue
            statement = f"OmegaConf.set_struct({arguments[0].arg}, False)"
            if statement in "\n".join(ast.unparse(part) for part in function.body[:3]):
                return None
            edits: list[Edit] = [source.first_line_edit(function, statement), *_omegaconf(source)]
            return Repair(
                kind="struct-lock",
                what=f"Unlock the configuration at the start of {function.name}() in {frame.file}: {statement}.",
                files={frame.file: source.edited(edits)},
                begins=StageName.TRIAL,
            )
    return None


def refused_overrides(blocker: Blocker) -> Repair | None:
    """Overrides that a launcher gives its child and that the configuration has no key for: `++key=value`."""
    if blocker.composition is not None or blocker.traceback is None:
        return None
    refused = set(_REFUSED.findall(blocker.traceback.message))
    if not refused or refused & {"run", "mode", "results_dir"}:
        return None
    known = _composed(blocker)
    files, changed = {}, []
    for path, source in sources(blocker.files).items():
        edits: list[Edit] = []
        for at, key in _override_words(source):
            if key in refused or ("." in key and known and not _has(known, key)):
                edits.append((at, at, "++"))
                changed.append(key)
        if edits and any(key in refused for _, key in _override_words(source)):
            files[path] = source.edited(edits)
    if not files:
        return None
    return Repair(
        kind="refused-override",
        what=f"Write ++ before the overrides that the configuration has no key for: {', '.join(dict.fromkeys(changed))}"
        f" ({', '.join(files)}).",
        files=files,
        begins=StageName.TRIAL,
    )


def _writes(text: str, line: int, message: str) -> bool:
    """Whether the statement at `line` sets the key that the message names."""
    source = read(text)
    if source is None:
        return False
    found = re.search(r"Key '([^']+)' is not in struct", message)
    key = found[1].split(".")[-1] if found else None
    statements = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    if not statements:
        return False
    node = max(statements, key=lambda found: (found.lineno, -(found.end_lineno or 0)))
    if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.If, ast.For, ast.While, ast.With, ast.Try)):
        return False
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            name = part.func.attr if isinstance(part.func, ast.Attribute) else getattr(part.func, "id", "")
            if name in _WRITERS:
                return True
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store) and part.attr == key:
            return True
        index = part.slice if isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store) else None
        if index is not None and (not isinstance(index, ast.Constant) or index.value == key):
            return True
    return False


def _omegaconf(source: PythonText) -> list[Edit]:
    names = {
        alias.asname or alias.name
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.module == "omegaconf"
        for alias in node.names
    }
    return [] if "OmegaConf" in names else source.import_edit("from omegaconf import OmegaConf")


def _override_words(source: PythonText) -> list[tuple[int, str]]:
    """Offset and key of every `key=value` word in a list of words, f-strings included."""
    found = []
    lists = [node for node in ast.walk(source.tree) if isinstance(node, (ast.List, ast.Tuple))]
    appended = [
        word
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("append", "extend")
        for word in node.args
    ]
    for node in [item for words in lists for item in words.elts] + appended:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            first = node.value
        elif isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
            first = str(node.values[0].value)
        else:
            continue
        key = _OVERRIDE.match(first)
        if key is None:
            continue
        start, end = source.span(node)
        at = source.text.find(key[0], start, end)
        if at >= 0:
            found.append((at, key[1]))
    return list(dict.fromkeys(found))


def _composed(blocker: Blocker) -> dict[str, object]:
    facts = blocker.case.compose
    configs = [yaml_mapping(c.config) for c in facts.compositions if c.ok] if facts is not None else []
    return next((config for config in configs if config), {})


def _has(config: object, key: str) -> bool:
    for part in key.split("."):
        if not isinstance(config, dict) or part not in config:
            return False
        config = config[part]
    return True
