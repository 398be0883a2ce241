"""What single lines of a traceback look like."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_LINE = 4000
"""Characters of a line that are read; tracebacks need no more, and a flood without newlines must not cost time."""

FRAME = re.compile(r'^\s+File "(?P<file>.+?)", line (?P<line>\d+)(?:, in (?P<function>.+?))?\s*$')
CARETS = re.compile(r"^\s*[~^]+[\s~^]*$")
REPEATED = re.compile(r"^\s*\[Previous line repeated \d+ more times?\]")
_EXCEPTION = re.compile(r"^(?P<type>[A-Za-z_]\w*(?:\.(?:<locals>|[A-Za-z_]\w*))*)(?::(?: (?P<message>.*))?)?\s*$")
_STRONG = re.compile(r"(?:Error|Exception|Interrupt|Exit|Warning|Timeout|Failure|Iteration|Group|Traceback)$")
_BAR = re.compile(r"^.{0,300}?(?:\d+%\|[^|]{0,200}\||\d+it )[^\[\]]{0,60}\[\d\d:\d\d[^\]]{0,200}\]")
"""tqdm's; bounded on all sides, so that a line made of bars costs no quadratic time."""
_NOISE = re.compile(
    r"^(?:wandb: |\[?\d{4}-\d\d-\d\d[ T\]]|(?:INFO|WARNING|WARN|ERROR|DEBUG|CRITICAL)\b[:\s]|[EWI]\d{4} \d\d:"
    r"|\[[EWID] \d{4}-|Error executing job with overrides|Set the environment variable HYDRA_FULL_ERROR"
    r"|\[[A-Za-z][\w -]*\] |\S+\.py:\d+: \w*Warning: |usage: |Fatal Python error: "
    r"|Exception ignored |--- Logging error ---|Error in (?:atexit\.|sys\.)|Exception in thread )"
)


@dataclass(frozen=True)
class Cursor:
    """One line of a text and where the next one begins."""

    line: str
    start: int
    next: int


def line_at(text: str, position: int) -> Cursor | None:
    """Return the line that begins at `position`, without a progress bar in front of it; None at the end."""
    if position >= len(text):
        return None
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    line = text[position : min(end, position + MAX_LINE)]
    if ("%|" in line or "it [" in line) and (bar := _BAR.match(line)):
        line = line[bar.end() :]
    return Cursor(line, position, end + 1)


def exception_line(line: str) -> tuple[str, str] | None:
    """Return type and first message line if this can be the line that names an exception."""
    found = _EXCEPTION.match(line)
    if not found or is_noise(line):
        return None
    name = found["type"]
    last = name.rpartition(".")[2]
    if "." not in name and not _STRONG.search(last) and not last[0].isupper():
        return None
    return name, found["message"] or ""


def is_strong(type_name: str) -> bool:
    """Whether the name alone says that it is an exception's."""
    return "." in type_name or bool(_STRONG.search(type_name))


def is_noise(line: str) -> bool:
    """Whether the line is a logger's, a warning's or a tool's: never part of a traceback."""
    return bool(_NOISE.match(line))
