"""Rung: a child process that is started with `python` from the search path instead of the running interpreter."""

from __future__ import annotations

import ast

from runner.repairs.base import Blocker, Repair
from runner.repairs.child_commands import command_lists
from runner.repairs.python_text import Edit, PythonText, sources
from runner.vocabulary import StageName

_NAMES = ("python", "python3")


def running_interpreter(blocker: Blocker) -> Repair | None:
    """`["python", "-m", "src.train"]` becomes `[sys.executable, …]`."""
    trace = blocker.traceback
    if trace is None:
        return None
    absent = trace.type.endswith(("FileNotFoundError", "PermissionError")) and blocker.says("'python'", "'python3'")
    facts = blocker.case.environment
    name = trace.message.split("'")[1].split(".")[0] if trace.message.count("'") > 1 else ""
    # A package that the environment has is missing only where another interpreter was started.
    other = trace.type.endswith("ModuleNotFoundError") and facts is not None and name in facts.modules
    if not (absent or other):
        return None
    files, places = {}, []
    for path, source in sources(blocker.files).items():
        edits = _edits(source)
        if edits:
            files[path] = source.edited(edits + source.import_edit("import sys"))
            places.append(path)
    if not files:
        return None
    what = f"Start the child with sys.executable, the interpreter that has the packages ({', '.join(places)})."
    return Repair(kind="interpreter", what=what, files=files, begins=StageName.TRIAL)


def _edits(source: PythonText) -> list[Edit]:
    firsts = [words.elts[0] for words in command_lists(source) if len(words.elts) > 1]
    return [
        (*source.span(first), "sys.executable")
        for first in firsts
        if isinstance(first, ast.Constant) and first.value in _NAMES
    ]
