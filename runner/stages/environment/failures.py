"""Read uv's own words: which step failed, where, and whether another machine would say the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from runner.evidence import PackagingFailure
from runner.source_text import declared_dependencies

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LINE = re.compile(r"parse error at line (\d+)")
_NEEDS_WHEEL = re.compile(r"Wheels are required for `([^`]+)`")
_PROJECT_BUILD = re.compile(r"Building source distributions for `([^`]+)` is disabled")
_SUBJECT = re.compile(
    r"Because (?:there (?:is|are) no versions? of |only |all versions of )?([A-Za-z0-9][A-Za-z0-9._-]*)"
)
_NOISE = re.compile(r"^(Using CPython|Creating virtual environment|Resolved \d|Prepared \d|Installed \d| [+~-] )")

# Words of uv that speak of this machine or its network, not of the project.
_MACHINE = (
    "error sending request",
    "Failed to fetch",
    "Could not resolve host",
    "dns error",
    "timed out",
    "Connection refused",
    "Request failed after",
    "Git operation failed",
    "No space left",
    "incompatible with the project's Python requirement",
    "No interpreter found",
    "matching Python ABI tag",
    "matching Python version tag",
    "has no wheels with a matching platform tag",
    "only has wheels for the following platforms",
)


def words_of_uv(stderr: str) -> str:
    """uv's message without progress lines and colours."""
    lines = [line.rstrip() for line in _ANSI.sub("", stderr).splitlines()]
    return "\n".join(line for line in lines if line.strip() and not _NOISE.match(line))


def packages_without_wheels(stderr: str) -> list[str]:
    """Names of the packages that uv refused for having source archives only, each once."""
    return list(dict.fromkeys(_NEEDS_WHEEL.findall(_ANSI.sub("", stderr))))


def project_needs_build(stderr: str, project: str) -> bool:
    """Whether uv wanted to run the project's own build just to learn its metadata."""
    return any(name == project for name in _PROJECT_BUILD.findall(stderr))


def read_failure(step: Mapping[str, Any], pyproject: str) -> PackagingFailure:
    """Turn a failed step of the installer into facts. Unknown words are never held against the project."""
    message = words_of_uv(step["stderr"])
    line = _LINE.search(message)
    if "Failed to parse" in message and ("pyproject.toml" in message or line):
        return PackagingFailure(step="parse", message=message, line=int(line.group(1)) if line else None)
    machine = any(word in message for word in _MACHINE)
    if step["name"] in ("build-venv", "build-dependency"):
        known = "No solution found" in message and not machine
        return PackagingFailure(
            step="build-dependency",
            message=message,
            line=_line_of("build-system", pyproject),
            reproducible=known,
        )
    if "No solution found" in message or "requirements are unsatisfiable" in message:
        package = _subject(message, pyproject)
        return PackagingFailure(
            step="resolve",
            message=message,
            package=package,
            line=_line_of(package, pyproject) if package else None,
            reproducible=not machine,
        )
    return PackagingFailure(step="download" if machine else "install", message=message, reproducible=False)


def read_metadata_failure(pyproject: str, stderr: str) -> PackagingFailure:
    """Why uv wanted to build the project just to learn its metadata.

    It does so where [project] cannot be read by itself: most often a requirement that is none, such as `numpy^1.26`,
    which the standard (PEP 508) decides without running anything. Metadata that only a build can tell proves nothing.
    """
    wrong = []
    for word in declared_dependencies(pyproject):
        try:
            Requirement(word)
        except InvalidRequirement as error:
            wrong.append((word, str(error).splitlines()[0]))
    if not wrong:
        return PackagingFailure(step="build-project", message=words_of_uv(stderr), reproducible=False)
    lines = [f"{word!r} is not a requirement: {why}" for word, why in wrong]
    return PackagingFailure(step="parse", message="\n".join(lines), line=_line_of_text(wrong[0][0], pyproject))


def _line_of_text(text: str, pyproject: str) -> int | None:
    return next((number for number, line in enumerate(pyproject.splitlines(), 1) if text in line), None)


def _subject(message: str, pyproject: str) -> str | None:
    """The first package of uv's explanation that the project itself names, else the first one at all."""
    names = [name.rstrip(".,") for name in _SUBJECT.findall(message)]
    declared = [name for name in names if _line_of(name, pyproject)]
    return next(iter(declared or names), None)


def _line_of(word: str, text: str) -> int | None:
    pattern = re.compile(rf"(?<![A-Za-z0-9._-]){re.escape(word)}(?![A-Za-z0-9_-])", re.IGNORECASE)
    for number, line in enumerate(text.splitlines(), start=1):
        if pattern.search(line):
            return number
    return None
