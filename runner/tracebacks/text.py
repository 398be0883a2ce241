"""Puts captured output into one plain form: no colours, no boxes, one thing a line.

Three ways to draw a traceback (plain, rich's boxes, exception groups) come out as the plain one, so that only
one parser is needed. Every step is linear in the text, and is skipped where its mark is absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

HEADER = "Traceback (most recent call last):"
MEMBER = "\x00member"
"""Stands where an exception group begins its next member."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_PROCESS_PREFIX = re.compile(r"^(?:\[rank\d+\]:|\([\w.]+ pid=\d+(?:, ip=[\d.]+)?\)) ?", re.MULTILINE)
_GROUP_HEADER = "Exception Group Traceback (most recent call last):"
_GROUP_MEMBER = re.compile(r"^\s*\+[-+]*-{4,} (?:\d+|\.\.\.) -{4,}$")
_GROUP_END = re.compile(r"^\s*\+-{4,}$")
_GROUP_GUTTER = re.compile(r"^\s*\| ?")
_BOX_TITLE = "Traceback (most recent call last) ─"
_BOX_FRAME = re.compile(r"^(?P<file>\S.*):(?P<line>\d+) in (?P<function>\S+)$")
_BOX_SOURCE = re.compile(r"^❱ +\d+ (?:│ *)*(?P<source>.*)$")


def clean(text: str) -> str:
    """Return the text with newlines only, without terminal codes, and with every traceback in the plain form."""
    text = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "[rank" in text or " pid=" in text:
        text = _PROCESS_PREFIX.sub("", text)
    if _GROUP_HEADER in text:
        text = "\n".join(_without_gutters(text.split("\n")))
    if _BOX_TITLE in text:
        text = "\n".join(_without_boxes(text.split("\n")))
    return text


def _without_gutters(lines: list[str]) -> Iterator[str]:
    """Write exception groups as ordinary tracebacks, with `MEMBER` in front of each member."""
    in_group = False
    for line in lines:
        if _GROUP_HEADER in line:
            in_group = True
            yield HEADER
        elif not in_group:
            yield line
        elif _GROUP_MEMBER.match(line):
            yield MEMBER
        elif _GROUP_END.match(line):
            yield ""
        elif _GROUP_GUTTER.match(line):
            yield _GROUP_GUTTER.sub("", line)
        else:
            in_group = False
            yield line


def _without_boxes(lines: list[str]) -> Iterator[str]:
    """Write rich's boxed tracebacks as ordinary ones; a path that was broken over two lines is joined."""
    inside, wrapped = False, ""
    for line in lines:
        if line.startswith("╭") and _BOX_TITLE in line:
            inside, wrapped = True, ""
            yield HEADER
            continue
        if inside and line.startswith("╰"):
            inside = False
            continue
        if not inside or not line.startswith("│"):
            yield line
            continue
        padded = line[2:-2] if line.endswith("│") else line[2:]
        content = padded.rstrip()
        if source := _BOX_SOURCE.match(content.lstrip()):
            yield f"    {source['source'].strip()}"
            continue
        if wrapped:
            content = wrapped + content
        if frame := _BOX_FRAME.match(content):
            yield f'  File "{frame["file"]}", line {frame["line"]}, in {frame["function"]}'
            wrapped = ""
        elif content.startswith(("/", "<")) and len(content) < 1000:
            # Broken in the middle of a word where the line is full, else at a space.
            wrapped = content if len(content) % max(1, len(padded)) == 0 else content + " "
        else:
            wrapped = ""
