"""A submission's texts as Python, TOML and YAML read them; what cannot be read is nothing, and harms nobody.

That a file cannot be read is the files stage's to tell. Everybody else asks here, where texts made to hurt are bounded.
"""

from __future__ import annotations

import ast
import tomllib
from typing import Any

import yaml

MAX_NODES = 10_000
"""Values in a YAML text, those that aliases repeat counted each time. Nine lines can stand for a thousand million."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def without_mark(text: str) -> str:
    """The text without a byte order mark at its start.

    Python, uv and YAML 1.2 read a UTF-8 file that begins with one as if it were not there; parsers of text, as
    `ast.parse` and `tomllib`, get what is behind it.
    """
    return text.removeprefix("\ufeff")


def python_module(text: str) -> ast.Module | None:
    """The syntax tree; None where the text is no Python."""
    try:
        return ast.parse(without_mark(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def toml_table(text: str) -> dict[str, Any] | None:
    """The table that a TOML text is; None where it is no TOML."""
    try:
        return tomllib.loads(without_mark(text))
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def yaml_mapping(text: str) -> dict[str, Any]:
    """The mapping that a YAML text is; empty where it is none, or has more values than a person would write."""
    try:
        data = yaml.load(without_mark(text), Loader=_LOADER)
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    return data if isinstance(data, dict) and _nodes(data) <= MAX_NODES else {}


def declared_dependencies(pyproject: str) -> list[str]:
    """The requirements under [project], as they are written; empty where there is no such list."""
    project = (toml_table(pyproject) or {}).get("project")
    words = project.get("dependencies") if isinstance(project, dict) else None
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []


def _nodes(value: Any) -> int:
    """Values below a value; counts no further than past the bound."""
    count, waiting = 0, [value]
    while waiting and count <= MAX_NODES:
        here = waiting.pop()
        count += 1
        waiting += here.values() if isinstance(here, dict) else here if isinstance(here, list) else ()
    return count
