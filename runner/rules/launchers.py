"""Where the code starts a child process: for a child that never came as far as a traceback of its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from runner.source_text import python_module

_MODULE = re.compile(r"['\"`]?(src(?:\.\w+)+)|(src/\w+\.py)")


def started_at(files: Mapping[str, str], message: str) -> tuple[str, int] | None:
    """File and line of the one place that names the module or script of which the interpreter speaks."""
    found = _MODULE.search(message)
    if found is None:
        return None
    places = []
    for path in sorted(files):
        if not (path.startswith("src/") and path.endswith(".py")):
            continue
        tree = python_module(files[path])
        for node in ast.walk(tree) if tree is not None else ():
            # A word of a command, not a text that mentions it.
            if isinstance(node, (ast.List, ast.Tuple)):
                words = [word for word in node.elts if isinstance(word, ast.Constant)]
                places += [(path, word.lineno) for word in words if word.value == (found[1] or found[2])]
    return places[0] if len(set(places)) == 1 else None
