"""The lines of the submission around the place that a finding names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from runner.reports.text import one_line, plain

MAX_WIDTH = 160
"""Characters shown of one source line."""


@dataclass(frozen=True)
class Line:
    """One line of source; `hit` is the one that the finding names."""

    number: int
    text: str
    hit: bool


def excerpt(sources: Mapping[str, str], file: str | None, line: int | None, around: int = 3) -> list[Line]:
    """Up to `around` lines before and after `line`; empty where the file or the line is not known."""
    if file is None or line is None or file not in sources:
        return []
    lines = _lines(sources[file])
    if line > len(lines):
        return []
    first, last = max(1, line - around), min(len(lines), line + around)
    while last > line and not lines[last - 1].strip():
        last -= 1
    while first < line and not lines[first - 1].strip():
        first += 1
    return [Line(number, _cut(lines[number - 1]), number == line) for number in range(first, last + 1)]


def source_line(sources: Mapping[str, str], file: str | None, line: int | None) -> str:
    """The named line alone, without its indentation; "" where it is not known."""
    lines = excerpt(sources, file, line, around=0)
    return one_line(lines[0].text, MAX_WIDTH) if lines else ""


def as_text(lines: list[Line]) -> str:
    """The excerpt as text, line numbers aligned and the named line marked with `>`."""
    if not lines:
        return ""
    width = len(str(lines[-1].number))
    return "\n".join(f"{'>' if line.hit else ' '} {line.number:>{width}} | {line.text}".rstrip() for line in lines)


@lru_cache(maxsize=16)
def _lines(text: str) -> list[str]:
    """Lines as Python and editors count them: `splitlines` would break at form feeds, too."""
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def _cut(line: str) -> str:
    text = plain(line[: 4 * MAX_WIDTH]).expandtabs(4).replace("\n", " ").rstrip()
    return text if len(text) <= MAX_WIDTH else text[: MAX_WIDTH - 1] + "…"
