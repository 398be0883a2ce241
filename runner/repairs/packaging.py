"""Rung: a pyproject.toml that uv cannot read, or that declares nothing in the standard's way."""

from __future__ import annotations

import json
import re
from typing import Any

import tomlkit

from runner.repairs.base import Blocker, Repair
from runner.repairs.requirement_text import is_requirement, python_specifier, repaired, requirement
from runner.source_text import toml_table
from runner.vocabulary import StageName

PYPROJECT = "pyproject.toml"
_HEADER = re.compile(r"^\s*\[")


def dependency_table(blocker: Blocker) -> Repair | None:
    """`[project.dependencies]` as a table becomes the list that the standard wants."""
    text, data = _project_file(blocker)
    dependencies = data.get("project", {}).get("dependencies") if isinstance(data.get("project"), dict) else None
    if not isinstance(dependencies, dict):
        return None
    new = _table_as_list(text, dependencies)
    if new is None:
        return None
    return _repair(
        "dependency-table",
        "In pyproject.toml, write the dependencies as a list of requirements under [project] instead of a table.",
        new,
    )


def poetry_only(blocker: Blocker) -> Repair | None:
    """`[tool.poetry]` without `[project]`: the same facts in the standard's table."""
    text, data = _project_file(blocker)
    poetry = data.get("tool", {}).get("poetry") if isinstance(data.get("tool"), dict) else None
    if "project" in data or not isinstance(poetry, dict):
        return None
    wanted = poetry.get("dependencies", {})
    words = [requirement(name, spec) for name, spec in wanted.items() if name.lower() != "python"]
    python = python_specifier(wanted.get("python"))
    lines = [
        "[project]",
        f"name = {json.dumps(str(poetry.get('name') or 'experiment'))}",
        f"version = {json.dumps(str(poetry.get('version') or '0.0.0'))}",
        *([f"requires-python = {json.dumps(python)}"] if python else []),
        *_list([word for word in words if word]),
    ]
    # In front, so that no table of the file is cut in two; Poetry reads both.
    new = "\n".join(lines) + "\n\n" + text + _not_built(text, data)
    return _repair(
        "poetry-only", "In pyproject.toml, declare name, version and dependencies under [project], as uv reads it.", new
    )


def no_project_table(blocker: Blocker) -> Repair | None:
    """No `[project]`, or one without name or version."""
    text, data = _project_file(blocker)
    if not data and text.strip():
        return None
    project = data.get("project")
    if project is None:
        if blocker.draft.criterion != "implementation.installs":
            return None
        new = '[project]\nname = "experiment"\nversion = "0.0.0"\ndependencies = []\n' + (f"\n{text}" if text else "")
        new += _not_built(text, data)
        return _repair("project-table", "Add a [project] table with name and version to pyproject.toml.", new)
    if not isinstance(project, dict):
        return None
    absent = [
        f"{key} = {json.dumps(value)}"
        for key, value in (("name", "experiment"), ("version", "0.0.0"))
        if not project.get(key) and key not in project.get("dynamic", [])
    ]
    header = re.search(r"^\s*\[project\][^\n]*(?:\n|$)", text, re.MULTILINE)
    if not absent or header is None or any(key.split(" ")[0] in project for key in absent):
        return None
    new = text[: header.end()] + "".join(f"{line}\n" for line in absent) + text[header.end() :]
    return _repair("project-table", f"Add {' and '.join(absent)} to [project] in pyproject.toml.", new)


def bad_requirements(blocker: Blocker) -> Repair | None:
    """Requirement strings that the standard does not know, such as `numpy^1.26`."""
    text, data = _project_file(blocker)
    words = data.get("project", {}).get("dependencies") if isinstance(data.get("project"), dict) else None
    if not isinstance(words, list) or blocker.draft.criterion != "implementation.installs":
        return None
    changed = []
    for word in words:
        if not isinstance(word, str) or is_requirement(word):
            continue
        good = repaired(word)
        quoted = next((q for q in (json.dumps(word, ensure_ascii=False), f"'{word}'") if q in text), None)
        if good is None or quoted is None:
            return None
        text = text.replace(quoted, json.dumps(good, ensure_ascii=False))
        changed.append(good)
    if not changed:
        return None
    return _repair("requirement", f"Write version ranges as PEP 508 has them: {', '.join(changed)}.", text)


def _project_file(blocker: Blocker) -> tuple[str, dict[str, Any]]:
    text = blocker.files.get(PYPROJECT, "")
    return text, toml_table(text) or {}


def _repair(kind: str, what: str, text: str) -> Repair | None:
    if toml_table(text) is None:
        return None
    return Repair(kind=kind, what=what, files={PYPROJECT: text}, begins=StageName.FILES)


def _not_built(text: str, data: dict[str, Any]) -> str:
    """What keeps uv from building the project itself, as it did not before it had a [project] table."""
    if "build-system" not in data or "uv" in data.get("tool", {}):
        return ""
    return ("" if text.endswith("\n") else "\n") + "\n[tool.uv]\npackage = false\n"


def _list(words: list[str]) -> list[str]:
    if not words:
        return ["dependencies = []"]
    return ["dependencies = [", *(f"    {json.dumps(word, ensure_ascii=False)}," for word in words), "]"]


def _table_as_list(text: str, dependencies: dict[str, Any]) -> str | None:
    """The table's lines as a list's, comments kept, at the end of [project]'s own keys."""
    lines = text.split("\n")
    begin = next((n for n, line in enumerate(lines) if re.match(r"^\s*\[\s*project\.dependencies\s*\]", line)), None)
    if begin is None:
        return None
    end = next((n for n in range(begin + 1, len(lines)) if _HEADER.match(lines[n])), len(lines))
    while end > begin + 1 and not lines[end - 1].strip():
        end -= 1
    body = _requirement_lines(lines[begin + 1 : end], dependencies)
    if body is None:
        return None
    block = ["dependencies = [", *body, "]"]
    rest = lines[:begin] + lines[end:]
    project = next((n for n, line in enumerate(rest) if re.match(r"^\s*\[\s*project\s*\]", line)), None)
    if project is None:
        return "\n".join(
            [*lines[:begin], *["[project]", 'name = "experiment"', 'version = "0.0.0"'], *block, *lines[end:]]
        )
    last = next((n for n in range(project + 1, len(rest)) if _HEADER.match(rest[n])), len(rest))
    # The table's own place, where it came right behind [project]'s keys.
    last = begin if project < begin <= last else last
    while last > project + 1 and not rest[last - 1].strip():
        last -= 1
    tail = rest[last:]
    return "\n".join([*rest[:last], *block, *(tail if any(tail) else tail[:1])])


def _requirement_lines(lines: list[str], dependencies: dict[str, Any]) -> list[str] | None:
    """Each `name = spec` line as a list's item; None where a line is of another form."""
    made, seen = [], set()
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            made.append(f"    {line.strip()}".rstrip())
            continue
        try:
            [(name, item)] = tomlkit.parse(line).items()
        except (tomlkit.exceptions.TOMLKitError, ValueError):
            return None
        seen.add(name)
        word = requirement(name, dependencies.get(name))
        if word is not None and name.lower() != "python":
            comment = f"  {item.trivia.comment}" if item.trivia.comment else ""
            made.append(f"    {json.dumps(word, ensure_ascii=False)},{comment}")
    return made if seen == set(dependencies) else None
