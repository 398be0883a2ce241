"""Rung: `@hydra.main` that names no configuration, or one that is not where it says."""

from __future__ import annotations

import ast
import posixpath

from runner.repairs.base import Blocker, Repair
from runner.repairs.python_text import Edit, PythonText, hydra_functions, sources
from runner.vocabulary import StageName

CONFIG = "config/config.yaml"
_NOT_FOUND = ("Cannot find primary config", "Primary config directory not found", "Primary config module")
_BARE = ("missing 1 required positional argument", "'function' object", "decorator")


def config_name(blocker: Blocker) -> Repair | None:
    """Names config/config.yaml in every `@hydra.main` of src/ that does not reach it."""
    composition = blocker.composition
    nameless = composition is not None and not composition.names_config
    refused = blocker.says("Could not override", "not in struct") and "hydra" in (blocker.draft.cause or "")
    if CONFIG not in blocker.files or not (nameless or refused or blocker.says(*_NOT_FOUND, *_BARE)):
        return None
    files, changed = {}, []
    for path, source in sources(blocker.files).items():
        edits: list[Edit] = []
        for _, decorator in hydra_functions(source):
            edits += _edits(path, source, decorator, wrong_path=blocker.says(*_NOT_FOUND))
        if edits:
            files[path] = source.edited(edits)
            changed.append(path)
    if not files:
        return None
    here = posixpath.relpath("config", "src")
    return Repair(
        kind="config-name",
        what=f'Give @hydra.main config_path="{here}" and config_name="config" in {", ".join(changed)}.',
        files=files,
        begins=StageName.COMPOSE,
    )


def _edits(path: str, source: PythonText, decorator: ast.expr, wrong_path: bool) -> list[Edit]:
    there = posixpath.relpath("config", posixpath.dirname(path) or ".")
    if not isinstance(decorator, ast.Call):
        _, end = source.span(decorator)
        return [(end, end, f'(version_base=None, config_path="{there}", config_name="config")')]
    given: dict[str, ast.expr] = dict(zip(("config_path", "config_name"), decorator.args, strict=False))
    given |= {word.arg: word.value for word in decorator.keywords if word.arg}
    edits, added = [], []
    for key, right in (("config_path", there), ("config_name", "config")):
        node = given.get(key)
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            if node is not None:
                edits.append((*source.span(node), f'"{right}"'))
            else:
                added.append(f'{key}="{right}"')
        elif wrong_path and isinstance(node, ast.Constant) and not _right(key, node.value, right):
            edits.append((*source.span(node), f'"{right}"'))
    if added:
        _, end = source.span(decorator)
        before = source.text[source.span(decorator.func)[1] + 1 : end - 1].rstrip()
        lead = "" if not before else " " if before.endswith(",") else ", "
        at = source.span(decorator.func)[1] + 1 + len(before)
        edits.append((at, at, lead + ", ".join(added)))
    return edits


def _right(key: str, value: object, right: str) -> bool:
    if not isinstance(value, str):
        return True
    if key == "config_name":
        return value in (right, f"{right}.yaml")
    return posixpath.normpath(value) == right
