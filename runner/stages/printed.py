"""What a trial printed as its results: values that are no numbers, and results as JSON.

Text that the submission wrote itself, and may write as it likes: it can show a fault, never the absence of one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.probe_facts import Printed

READ_BYTES = 4 << 20
"""Of the end of stdout; results come last."""
MOST = 20
"""Values and documents kept of each kind."""
_NOT_A_NUMBER = re.compile(
    r"(?P<key>[A-Za-z_][\w ./@-]{0,60}?)[\"']?[ \t]*[:=][ \t]*(?:tensor\()?(?P<text>nan)\b", re.IGNORECASE
)
_DOCUMENT = re.compile(r"^[ \t]*(?=\{)", re.MULTILINE)


def read_printed(stdout: Path) -> str:
    """The end of a stage's stdout; "" if there is none."""
    if not stdout.is_file():
        return ""
    with stdout.open("rb") as file:
        file.seek(max(0, stdout.stat().st_size - READ_BYTES))
        return file.read(READ_BYTES).decode("utf-8", "replace")


def not_numbers(text: str) -> list[Printed]:
    """Every `name: nan` and `name=nan`, each name once; pid 0, for the stream does not say which process wrote it."""
    found = {match["key"].strip(): match["text"] for match in _NOT_A_NUMBER.finditer(text)}
    return [Printed(pid=0, key=key, text=value) for key, value in list(found.items())[:MOST]]


def printed_documents(text: str) -> list[list[str]]:
    """For every JSON object that begins a line and holds a number: the keys of its numbers."""
    decoder = json.JSONDecoder()
    found: list[list[str]] = []
    end = 0
    for match in _DOCUMENT.finditer(text):
        if match.end() < end or len(found) == MOST:
            continue
        try:
            value, end = decoder.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            continue
        keys = list(dict.fromkeys(_numbers(value)))
        if keys:
            found.append(keys[:MOST])
    return found


def _numbers(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _numbers(item, str(name))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield key
