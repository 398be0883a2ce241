"""Which names may become files. A path is checked when it is read and again when it is written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

from runner.submissions.errors import Problems, show
from runner.submissions.limits import NAME_BYTES, PATH_BYTES, PATH_PARTS, RUN_ID_BYTES

_DRIVE = re.compile(r"^[A-Za-z]:")


def path_problem(path: str) -> str | None:
    """Why `path` may not be a file of a submission, with what to do; None when it may."""
    fault = _text_fault(path)
    if fault:
        return fault
    if path.startswith("/"):
        return "is an absolute path; give it relative to the repository's root"
    if _DRIVE.match(path):
        return "starts with a drive letter; give it relative to the repository's root"
    if "\\" in path:
        return "contains a backslash; separate folders with /"
    if len(path.encode()) > PATH_BYTES:
        return f"is longer than {PATH_BYTES} bytes; shorten it"
    parts = path.split("/")
    if len(parts) > PATH_PARTS:
        return f"is more than {PATH_PARTS} folders deep; flatten it"
    return next((fault for part in parts if (fault := _part_fault(part))), None)


def run_id_problem(run_id: str) -> str | None:
    """Why `run_id` cannot name the file `<run_id>.yaml`; None when it can."""
    fault = _text_fault(run_id)
    if fault:
        return fault
    if "/" in run_id or "\\" in run_id or _DRIVE.match(run_id):
        return "contains a path separator or drive letter; use a plain file name"
    if run_id.startswith((".", "-")):
        return f"starts with {run_id[0]!r}; start it with a letter or digit"
    if run_id != run_id.strip() or run_id.endswith("."):
        return "starts or ends with a space or a dot; remove that"
    if len(run_id.encode()) > RUN_ID_BYTES:
        return f"is longer than {RUN_ID_BYTES} bytes; shorten it"
    return None


def check_together(paths: Iterable[str], problems: Problems) -> None:
    """Record the paths that cannot exist next to each other on every file system."""
    first: dict[str, str] = {}
    for path in sorted(paths):
        other = first.setdefault(collision_key(path), path)
        if other != path:
            problems.add(show(path), f"differs from {show(other)} only in letter case or accents; rename one")
    for key, path in first.items():
        for parent in PurePosixPath(key).parents:
            if str(parent) in first:
                other = first[str(parent)]
                problems.add(show(other), f"is a file and also the folder of {show(path)}; rename one")


def collision_key(name: str) -> str:
    """Names with equal keys are one file where letter case or Unicode form is not told apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _text_fault(name: str) -> str | None:
    if not name:
        return "is empty; give a name"
    if "\0" in name:
        return "contains a NUL character; remove it"
    if any(unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in name):
        return "contains control or invisible formatting characters; remove them"
    if any("\ud800" <= character <= "\udfff" for character in name):
        return "is not valid Unicode (a lone surrogate, or bytes that are not UTF-8); rename it"
    return None


def _part_fault(part: str) -> str | None:
    if part == "..":
        return "leaves the repository with '..'; give a path inside it"
    if part in {"", "."}:
        return "has an empty or '.' part; write the path plainly"
    if collision_key(part) == ".git":
        return "lies inside .git; version control's own files are no part of a submission"
    if len(part.encode()) > NAME_BYTES:
        return f"has a part longer than {NAME_BYTES} bytes; shorten it"
    return None
