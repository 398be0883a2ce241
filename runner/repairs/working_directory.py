"""Rung: a working directory or module search path in which src, or a file of the repository, is not found."""

from __future__ import annotations

import ast
import re

from runner.repairs import yaml_text
from runner.repairs.base import Blocker, Repair
from runner.repairs.child_commands import command_lists, is_python, said, starting_calls
from runner.repairs.hydra_entry import CONFIG
from runner.repairs.python_text import Edit, PythonText, compiles, sources
from runner.vocabulary import StageName

_SCRIPT = re.compile(r"(?:\./)?src/(\w+)\.py")
_OF_SRC = re.compile(r"\bsrc\.|'-m', (?!')")
"""Words of a command that starts a module of src, by its name or by one that is told elsewhere."""
_ROOT = "__import__('pathlib').Path(__file__).resolve().parents[1]"


def moved_by_hydra(blocker: Blocker) -> Repair | None:
    """Hydra changed into its output folder: a child finds no `src`, or a relative path leads nowhere."""
    if not _lost(blocker) or CONFIG not in blocker.files:
        return None
    text = blocker.files[CONFIG]
    node = yaml_text.at_path(text, ["hydra", "job", "chdir"])
    if node is not None and str(node.value).lower() in ("false", "no", "off"):
        return None
    new = yaml_text.with_key(text, ["hydra", "job", "chdir"], "false")
    if new is None:
        return None
    return Repair(
        kind="working-directory",
        what=f"Keep the working directory: hydra.job.chdir: false in {CONFIG}.",
        files={CONFIG: new},
        begins=StageName.COMPOSE,
    )


def child_elsewhere(blocker: Blocker) -> Repair | None:
    """A child process that is started in another folder, or as a file, and then finds no `src`."""
    if not blocker.says("No module named 'src'", "No module named src", "Error while finding module specification"):
        return None
    files, places = {}, []
    for path, source in sources(blocker.files).items():
        edits = _as_module(source) or _in_root(source)
        if edits:
            files[path] = source.edited(edits)
            places.append(path)
    if not files:
        return None
    return Repair(
        kind="child-directory",
        what=f"Start the child from the repository's root, as a module ({', '.join(places)}).",
        files=files,
        begins=StageName.TRIAL,
    )


def _lost(blocker: Blocker) -> bool:
    trace = blocker.traceback
    if trace is None:
        return False
    if blocker.says("No module named 'src'", "No module named src", "module specification for 'src"):
        return True
    if not trace.type.endswith("FileNotFoundError"):
        return False
    named = re.findall(r"'([^']+)'", trace.message)
    # Python quotes the path; the code's own message may not.
    moved = [*named, *(word.rstrip(".,;:)") for word in trace.message.split())]
    return any(not name.startswith("/") and name.removeprefix("./") in blocker.files for name in named) or any(
        "/outputs/" in name and re.sub(r"^.*/outputs/[\d-]+/[\d-]+/", "", name) in blocker.files for name in moved
    )


def _as_module(source: PythonText) -> list[Edit]:
    """`[python, "src/train.py", …]` as `[python, "-m", "src.train", …]`."""
    edits: list[Edit] = []
    for words in command_lists(source):
        for place, item in enumerate(words.elts):
            found = _SCRIPT.fullmatch(_text(item))
            if found and _runs_a_script(words.elts[:place]):
                edits.append((*source.span(item), f'"-m", "src.{found[1]}"'))
    return edits


def _runs_a_script(before: list[ast.expr]) -> bool:
    """Whether what stands before a word is an interpreter, with options of its own at most."""
    words = [item for item in before if not _text(item).startswith("-")]
    if not words:
        return False
    return is_python(words[-1]) or (len(words) == 1 and not isinstance(words[0], ast.Constant))


def _text(item: ast.expr) -> str:
    return item.value if isinstance(item, ast.Constant) and isinstance(item.value, str) else ""


def _in_root(source: PythonText) -> list[Edit]:
    """`cwd=` of the calls that start a module of src."""
    edits: list[Edit] = []
    for call, command in starting_calls(source):
        if not _OF_SRC.search(said(source, command)):
            continue
        given = next((word for word in call.keywords if word.arg == "cwd"), None)
        edit = source.keyword_edit(call, f"cwd={_ROOT}") if given is None else (*source.span(given.value), _ROOT)
        done = given is not None and _ROOT in source.source(given.value)
        if edit is not None and not done and compiles(source.edited([edit])):
            edits.append(edit)
    return edits
