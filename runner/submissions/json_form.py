"""Reader of submission.json, the form that every other form can be turned into."""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches
from typing import Any

from runner.submissions import run_config_dir
from runner.submissions.assemble import Parts, assemble, files_at
from runner.submissions.errors import Problems, show
from runner.submissions.fields import kind, read_date, read_hypothesis, read_review, read_runs, read_slots
from runner.submissions.model import Skipped, Submission
from runner.submissions.schema import TOP_LEVEL_KEYS

_ID_LENGTH = 200
_GUESSES = 20


def read(document: dict[str, Any], source: str, problems: Problems) -> Submission:
    """The submission that a parsed submission.json describes. Raises SubmissionError."""
    _check_keys(document, problems)
    files = _read_code(document, problems)
    instructions = _text(document.get("instructions"), "instructions", problems)
    directory = document.get("run_config_dir")
    if directory is not None and not isinstance(directory, str):
        problems.add("run_config_dir", f"is {kind(directory)}; give a path such as config/runs")
        directory = None
    parts = Parts(
        files=files,
        runs=read_runs(document.get("experiment_runs"), "experiment_runs", problems),
        run_config_dir=run_config_dir.derive(instructions, files) if directory is None else directory,
        id=_read_id(document.get("submission_id"), problems),
        created_at=read_date(document.get("created_at"), "created_at", problems),
        hypothesis=read_hypothesis(document.get("hypothesis"), "hypothesis", problems),
        instructions=instructions,
        review=read_review(document.get("review"), "review", problems),
        skipped=_read_skipped(document.get("skipped"), problems),
    )
    return assemble(parts, source, problems)


def _check_keys(document: dict[str, Any], problems: Problems) -> None:
    unknown = sorted(document.keys() - TOP_LEVEL_KEYS)
    for index, key in enumerate(unknown):
        # Guessing costs far more than naming, so hostile numbers of keys get no guesses.
        close = get_close_matches(key[:100], TOP_LEVEL_KEYS, n=1) if index < _GUESSES else []
        advice = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(TOP_LEVEL_KEYS))}"
        problems.add(show(key), f"is no known key of a submission; {advice}")


def _read_code(document: dict[str, Any], problems: Problems) -> dict[str, str]:
    code = document.get("experiment_code")
    if code is None and "files" in document:
        return _read_files(document["files"], "files", problems)
    if not isinstance(code, dict):
        given = kind(code) if "experiment_code" in document else "missing"
        problems.add("experiment_code", f"is {given}; give an object with the seven slots, or with files")
        return {}
    slots = {key: value for key, value in code.items() if key != "files"}
    files = files_at(
        read_slots(slots, "experiment_code", problems),
        _read_files(code.get("files"), "experiment_code.files", problems),
        problems,
    )
    if "files" in document:
        problems.add("files", "stands beside experiment_code; put it inside experiment_code")
    return files


def _read_files(value: Any, where: str, problems: Problems) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        problems.add(where, f"is {kind(value)}; give an object that maps paths to texts")
        return {}
    texts = {path: text for path, text in value.items() if isinstance(text, str)}
    for path in value.keys() - texts.keys():
        problems.add(f"{where}: {show(path)}", f"is {kind(value[path])}; give the file's text as a string")
    return texts


def _read_id(value: Any, problems: Problems) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        problems.add("submission_id", f"is {kind(value)}; give a string, or leave it out")
        return None
    control = any(unicodedata.category(character).startswith("C") for character in value)
    if not value.strip() or len(value) > _ID_LENGTH or control:
        problems.add("submission_id", f"give 1 to {_ID_LENGTH} printable characters, or leave it out")
    return value


def _read_skipped(value: Any, problems: Problems) -> list[Skipped]:
    if value is None:
        return []
    skipped = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        if isinstance(item, dict) and set(item) == {"path", "reason"} and _all_text(item):
            skipped.append((item["path"], item["reason"]))
        else:
            problems.add(f"skipped[{index}]", "has to be an object with the strings path and reason")
    return [] if problems else [Skipped(path=path, reason=reason) for path, reason in skipped]


def _all_text(item: dict[str, Any]) -> bool:
    return all(isinstance(value, str) for value in item.values())


def _text(value: Any, where: str, problems: Problems) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    problems.add(where, f"is {kind(value)}; give a string, or leave it out")
    return ""
