"""Poetry's way to write a dependency, as a requirement of the standard (PEP 508)."""

from __future__ import annotations

import re
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

_CARET = re.compile(r"[\^~](?!=)\s*(v?\d[\w.]*)")
_BARE = re.compile(r"v?\d[\w.]*(\.\*)?")


def requirement(name: str, wanted: Any) -> str | None:
    """`name = wanted` of a dependency table as one requirement; None where it installs nothing by itself.

    A caret or tilde keeps its lower bound alone: no resolver has ever tried such a project's upper bounds, and those of
    releases before 1.0 hold packages at versions that are too old for the rest.
    """
    if isinstance(wanted, str):
        return _joined(name, "", _specifier(wanted), "")
    if not isinstance(wanted, dict) or wanted.get("optional") or "path" in wanted:
        return None
    extras = f"[{','.join(wanted['extras'])}]" if wanted.get("extras") else ""
    marker = f"; {wanted['markers']}" if wanted.get("markers") else ""
    if "git" in wanted:
        reference = next((f"@{wanted[key]}" for key in ("rev", "tag", "branch") if key in wanted), "")
        return f"{name}{extras} @ git+{wanted['git']}{reference}{' ' + marker if marker else ''}"
    if "url" in wanted:
        return f"{name}{extras} @ {wanted['url']}{' ' + marker if marker else ''}"
    return _joined(name, extras, _specifier(str(wanted.get("version", "*"))), marker)


def repaired(word: str) -> str | None:
    """A requirement string that is none (`numpy^1.26`, `torch ^2`, `pandas = 2.1`) as one that is."""
    found = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*?)\s*(\[[^\]]*\])?\s*(?=[\^~=<>!*(\s]|$)(.*)$", word)
    if not found:
        return None
    name, extras, rest = found[1], found[2] or "", found[3]
    rest, _, marker = rest.partition(";")
    version = re.sub(r"^=\s*(?=[\^~\d<>])", "", rest.strip().strip('"').strip())
    text = _joined(name, extras, _specifier(version), f"; {marker.strip()}" if marker.strip() else "")
    return text if is_requirement(text) else None


def is_requirement(word: str) -> bool:
    try:
        Requirement(word)
    except InvalidRequirement:
        return False
    return True


def python_specifier(wanted: Any) -> str | None:
    """Poetry's `python = …` as requires-python."""
    return _specifier(wanted) or None if isinstance(wanted, str) else None


def _specifier(wanted: str) -> str:
    wanted = wanted.split("||")[-1].strip()
    if wanted in ("", "*"):
        return ""
    if _BARE.fullmatch(wanted):
        return f"=={wanted}"
    text = _CARET.sub(lambda found: f">={found[1]}", wanted)
    text = ",".join(part for part in re.split(r"\s*,\s*|(?<=[\w*])\s+(?=[<>=!~])", text) if part)
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return ""
    return text.replace(" ", "")


def _joined(name: str, extras: str, specifier: str, marker: str) -> str:
    return f"{name}{extras}{specifier}{marker}"
