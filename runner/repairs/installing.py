"""Rung: a project that can be read, but not resolved or built."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from runner.evidence import PackagingFailure
from runner.repairs.base import Blocker, Repair
from runner.repairs.packaging import PYPROJECT
from runner.source_text import declared_dependencies, toml_table
from runner.vocabulary import StageName

_BUILD_STEPS = ("build-project", "build-dependency", "parse", "install")
_NO_FILES = (
    "Unable to determine which files to ship",
    "Multiple top-level packages discovered",
    "Multiple top-level modules discovered",
    "No file/folder found for package",
    "Expected a Python module at",
    "Unable to determine which package",
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def unresolved(blocker: Blocker) -> Repair | None:
    """Bounds that no release satisfies are dropped, a name that is no package of an index with its requirement."""
    failure = _failure(blocker)
    if failure is None or failure.step != "resolve" or not failure.reproducible:
        return None
    text, words = _dependencies(blocker)
    said = failure.message
    named = {canonicalize_name(name.rstrip(".")) for name in _NAME.findall(said)}
    parsed = [(word, parts) for word in words if (parts := _parsed(word)) is not None]
    unknown = {canonicalize_name(name) for name in re.findall(r"([A-Za-z0-9._-]+) was not found in", said)}
    foreign = [
        word
        for word, parts in parsed
        if canonicalize_name(parts.name) in (named if _is_no_package(parts.name) else unknown & _own(blocker))
    ]
    if foreign:
        new = _without(text, foreign)
        return _repair("not-a-package", f"Drop {', '.join(foreign)} from the dependencies: it is no package.", new)
    for pattern in (r"there (?:is|are) no versions? of ([A-Za-z0-9._-]+)", r"([A-Za-z0-9._-]+) was not found in"):
        missing = {canonicalize_name(name.rstrip(".")) for name in re.findall(pattern, said)}
        for word, parts in parsed:
            if canonicalize_name(parts.name) in missing and str(parts.specifier):
                return _relaxed(text, word, parts)
    bounded = [(word, parts) for word, parts in parsed if _has_upper(parts) and canonicalize_name(parts.name) in named]
    subject = canonicalize_name(failure.package) if failure.package else ""
    bounded.sort(key=lambda item: canonicalize_name(item[1].name) != subject)
    return _relaxed(text, *bounded[0]) if bounded else None


def nothing_to_ship(blocker: Blocker) -> Repair | None:
    """A build that cannot tell which files are the package: say it, or do not build a package at all."""
    failure = _failure(blocker)
    if failure is None or failure.step not in _BUILD_STEPS:
        return None
    if not any(words in failure.message for words in _NO_FILES):
        return None
    text, data = blocker.files.get(PYPROJECT, ""), _data(blocker)
    tool = data.get("tool", {})
    backend = str(data.get("build-system", {}).get("build-backend", "setuptools"))
    if "hatchling" in backend and "wheel" not in tool.get("hatch", {}).get("build", {}).get("targets", {}):
        block, what = '[tool.hatch.build.targets.wheel]\npackages = ["src"]\n', "Tell hatchling what to ship"
    elif "setuptools" in backend and "setuptools" not in tool:
        block, what = '[tool.setuptools]\npackages = ["src"]\n', "Tell setuptools what to ship"
    elif "uv" not in tool:
        block, what = "[tool.uv]\npackage = false\n", "Tell uv that the project itself is no package"
    else:
        return None
    header, setting = block.strip().split("\n")
    lead = "" if not text or text.endswith("\n") else "\n"
    return _repair("files-to-ship", f"{what}: {setting} under {header} in pyproject.toml.", f"{text}{lead}\n{block}")


def broken_build(blocker: Blocker) -> Repair | None:
    """What the build itself needs cannot be had, or its backend does not exist: the project need not be a package."""
    failure = _failure(blocker)
    if failure is None or failure.step not in ("build-dependency", "build-project") or not failure.reproducible:
        return None
    text, data = blocker.files.get(PYPROJECT, ""), _data(blocker)
    if "uv" in data.get("tool", {}) or "build-system" not in data:
        return None
    lead = "" if text.endswith("\n") else "\n"
    return _repair(
        "no-package",
        "Tell uv that the project itself is no package: package = false under [tool.uv] in pyproject.toml.",
        f"{text}{lead}\n[tool.uv]\npackage = false\n",
    )


def _failure(blocker: Blocker) -> PackagingFailure | None:
    facts = blocker.case.environment
    wanted = blocker.draft.criterion == "implementation.installs"
    return facts.failure if facts is not None and wanted else None


def _data(blocker: Blocker) -> dict[str, Any]:
    return toml_table(blocker.files.get(PYPROJECT, "")) or {}


def _dependencies(blocker: Blocker) -> tuple[str, list[str]]:
    text = blocker.files.get(PYPROJECT, "")
    return text, declared_dependencies(text)


def _parsed(word: str) -> Requirement | None:
    try:
        return Requirement(word)
    except InvalidRequirement:
        return None


def _is_no_package(name: str) -> bool:
    """A module of the standard library, or the project's own folder."""
    return name.replace("-", "_") in sys.stdlib_module_names or name == "src"


def _own(blocker: Blocker) -> set[str]:
    """Names of the project's own modules."""
    paths = [path for path in blocker.files if path.startswith("src/") and path.endswith(".py")]
    return {canonicalize_name(path.removeprefix("src/").removesuffix(".py")) for path in paths}


def _has_upper(parts: Requirement) -> bool:
    return any(spec.operator in ("==", "===", "<", "<=", "~=") for spec in parts.specifier)


def _relaxed(text: str, word: str, parts: Requirement) -> Repair | None:
    extras = f"[{','.join(sorted(parts.extras))}]" if parts.extras else ""
    marker = f"; {parts.marker}" if parts.marker else ""
    new = f"{parts.name}{extras}{marker}"
    quoted = _quoted(text, word)
    if quoted is None:
        return None
    return _repair(
        "version-bound",
        f"Drop the bound of {word} in pyproject.toml: no release satisfies it with the rest.",
        text.replace(quoted, json.dumps(new, ensure_ascii=False), 1),
    )


def _without(text: str, words: list[str]) -> str:
    for word in words:
        quoted = _quoted(text, word)
        if quoted is None:
            continue
        line = re.compile(rf"^[ \t]*{re.escape(quoted)},?[ \t]*(#[^\n]*)?\n", re.MULTILINE)
        text, count = line.subn("", text, count=1)
        if not count:
            text = re.sub(rf"{re.escape(quoted)}\s*,\s*|,?\s*{re.escape(quoted)}", "", text, count=1)
    return text


def _quoted(text: str, word: str) -> str | None:
    return next((q for q in (json.dumps(word, ensure_ascii=False), f"'{word}'") if q in text), None)


def _repair(kind: str, what: str, text: str) -> Repair | None:
    if toml_table(text) is None:
        return None
    return Repair(kind=kind, what=what, files={PYPROJECT: text}, begins=StageName.FILES)
