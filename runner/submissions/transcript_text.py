"""The two loosely written parts of a transcript: keyword='text' pairs, and a verdict that may be cut."""

from __future__ import annotations

import ast
import json
import re

from runner.submissions.model import EarlierReview

# name='…' or name="…" as Python prints a value object.
_PAIR = re.compile(
    r"""(?<![\w'"])([a-z_]\w*)=("[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'|None\b)"""
)
_READY = re.compile(r'"is_code_ready"\s*:\s*(true|false)', re.IGNORECASE)
_ISSUE = re.compile(r'"code_issue"\s*:\s*"([^"\\]*+(?:\\.[^"\\]*+)*+)("?)', re.DOTALL)


def read_keyword_text(text: str) -> dict[str, str]:
    """The pairs of a printed value object, in order; the first of a name counts."""
    values: dict[str, str] = {}
    position = 0
    while pair := _PAIR.search(text, position):
        position = pair.end()
        name, literal = pair.groups()
        if literal == "None":
            continue
        try:
            values.setdefault(name, ast.literal_eval(literal))
        except (SyntaxError, ValueError):
            continue
    return {name: value.encode("utf-8", "replace").decode("utf-8") for name, value in values.items()}


def read_verdict(text: str) -> EarlierReview | None:
    """The verdict after "Output:"; of one that was cut, what is there. None where there is none."""
    ready = _READY.search(text)
    issue = _ISSUE.search(text)
    if ready is None and issue is None:
        return None
    return EarlierReview(
        is_code_ready=ready.group(1).lower() == "true" if ready else None,
        code_issue=_read_issue(*issue.groups()) if issue else "",
    )


def _read_issue(body: str, closing_quote: str) -> str:
    # What follows a cut is the file's own last line end.
    return _unescape(body) if closing_quote else _unescape(body.rstrip())


def _unescape(body: str) -> str:
    """The text of a JSON string's inside, whose last escape may be cut off."""
    for end in range(len(body), max(len(body) - 6, 0) - 1, -1):
        try:
            decoded = json.loads(f'"{body[:end]}"', strict=False)
        except json.JSONDecodeError:
            continue
        return str(decoded).encode("utf-8", "replace").decode("utf-8")
    return body
