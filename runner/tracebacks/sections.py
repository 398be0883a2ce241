"""Parses plain tracebacks: sections (frames, then an exception), linked to chains."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import Literal

from runner.review import Frame
from runner.tracebacks.lines import (
    CARETS,
    FRAME,
    REPEATED,
    Cursor,
    exception_line,
    is_noise,
    is_strong,
    line_at,
)
from runner.tracebacks.text import HEADER, MEMBER

_Seen = tuple[str, int, str, str]
"""A frame as printed: file, line, function, source."""
Link = Literal["", "cause", "context", "quoted"]

_MARKERS: dict[str, Link] = {
    "The above exception was the direct cause of the following exception:": "cause",
    "During handling of the above exception, another exception occurred:": "context",
}
_NOISE_LINES = 40
"""Foreign lines that may stand between the frames of one traceback (other processes write too)."""
_MESSAGE_LINES = 60
_MESSAGE_CHARS = 4000
_KEPT_FRAMES = 60
_OUTSIDE = ("/site-packages/", "/dist-packages/", "/.venv/", "/.cache/")


@dataclass
class Section:
    """One exception: how it was reached and what it says."""

    frames: list[Frame] = field(default_factory=list)
    type: str = ""
    message: str = ""
    link: Link = ""
    """How the section before it in its chain led to it; `quoted`: this one's message quotes the one before."""
    at_exit: bool = False
    """A crash while the interpreter was already shutting down."""

    @property
    def where(self) -> Frame | None:
        """The deepest frame inside the submission."""
        return next((frame for frame in reversed(self.frames) if frame.in_submission), None)


def read_section(text: str, position: int, root: str, headed: bool) -> tuple[Section | None, int]:
    """Read frames and the exception that ends them, from the first line after the header.

    Returns the section, or None if no exception ends it, and the position behind what was read. Without a header
    (its head was cut off, or a SyntaxError of the script itself) only a name that is surely an exception's counts.
    """
    section, seen, noise = Section(), list[_Seen](), 0
    while cursor := line_at(text, position):
        line = cursor.line
        if frame := FRAME.match(line):
            position, source = _source(text, cursor)
            seen.append((frame["file"], int(frame["line"]), frame["function"] or "", source))
            continue
        if HEADER in line or line == MEMBER:
            return None, cursor.start
        if _names_exception(text, cursor, headed):
            position = _read_exception(text, cursor, section)
            section.frames = [frame_at(*one, root) for one in _thinned(seen)]
            return section, position
        noise += not line[:1].isspace()
        if noise > _NOISE_LINES:
            return None, cursor.start
        position = cursor.next
    return None, len(text)


def read_chain(text: str, position: int, root: str, headed: bool = True) -> tuple[list[Section], int]:
    """Read a section and all that are linked to it; first cause first. The list is empty if none is complete."""
    section, position = read_section(text, position, root, headed)
    if section is None:
        return [], position
    chain = [section]
    while True:
        link, start, has_header = _next_link(text, position)
        if not link:
            return chain, position
        following, end = read_section(text, start, root, has_header) if has_header else _bare(text, start)
        if following is None:
            return chain, max(position, end)
        position = end
        if link == "quoted":
            # What a message quotes happened before the exception that quotes it.
            following.link = chain[-1].link
            chain[-1].link = "quoted"
            chain.insert(len(chain) - 1, following)
            position = _skip_other_members(text, position, root)
        elif chain[-1].link == "quoted" and following.frames[:1] and "/_utils/worker.py" in following.frames[0].file:
            # A chain inside a data loader's worker: all of it is quoted.
            following.link = link
            chain.insert(len(chain) - 1, following)
        else:
            following.link = link
            chain.append(following)


def _next_link(text: str, position: int) -> tuple[Link, int, bool]:
    """How the text goes on behind a section: the link, where the next section begins, and whether under a header."""
    link: Link = ""
    for _ in range(12):
        cursor = line_at(text, position)
        if cursor is None:
            break
        line = cursor.line.strip()
        if line in _MARKERS:
            link = _MARKERS[line]
        elif line == MEMBER or line.startswith("-- Process ") or line.startswith("Original Traceback (most"):
            link = "quoted"
            if line.startswith("Original"):
                return link, cursor.next, True
        elif HEADER in line and link:
            return link, cursor.next, True
        elif line.strip("\"'") and link:
            return link, cursor.start, False
        elif line.strip("\"'"):
            break
        position = cursor.next
    return "", position, False


def _skip_other_members(text: str, position: int, root: str) -> int:
    """Go past the further members of an exception group; the first one stands for the group."""
    while True:
        link, start, has_header = _next_link(text, position)
        if link != "quoted":
            return position
        _, position = read_section(text, start, root, has_header) if has_header else _bare(text, start)


def _bare(text: str, position: int) -> tuple[Section | None, int]:
    """Read an exception that was never raised and so has no frames."""
    cursor = line_at(text, position)
    if cursor is None or not exception_line(cursor.line):
        return None, position
    section = Section()
    return section, _read_exception(text, cursor, section)


def _names_exception(text: str, cursor: Cursor, headed: bool) -> bool:
    named = exception_line(cursor.line)
    if not named:
        return False
    if is_strong(named[0]):
        return True
    # A word and a colon may be anyone's print; frames right behind it say that the traceback was not over.
    ahead = line_at(text, cursor.next)
    return headed and not (ahead and FRAME.match(ahead.line))


def _read_exception(text: str, cursor: Cursor, section: Section) -> int:
    """Fill in type and message (its further lines included); return the position behind them."""
    named = exception_line(cursor.line)
    assert named is not None
    section.type, first = named
    lines, position, size = [first], cursor.next, len(first)
    # A message may have empty lines; where a chain goes on soon, everything up to its marker is the message.
    ends = [at for marker in _MARKERS if (at := text.find(marker, position, position + _MESSAGE_CHARS)) >= 0]
    header = text.find(HEADER, position, position + _MESSAGE_CHARS)
    until = min(ends) if ends and not (0 <= header < min(ends)) else -1
    spans_blanks = until >= 0 or " Client Error" in first or " Server Error" in first
    while len(lines) < _MESSAGE_LINES and size < _MESSAGE_CHARS and (ahead := line_at(text, position)):
        line = ahead.line
        if line.strip() in _MARKERS or line.strip() in ('"""', "'''") or line == MEMBER or "Traceback (most" in line:
            break
        if is_noise(line) or FRAME.match(line) or line.startswith("-- Process "):
            break
        if not line.strip() and any(lines) and not spans_blanks:
            break
        lines.append(line.rstrip())
        size += len(line)
        position = ahead.next
    section.message = "\n".join(lines).strip("\n")
    return position


def _source(text: str, cursor: Cursor) -> tuple[int, str]:
    """Return the position behind a frame and its source, which is indented deeper than the frame's own line."""
    indent = len(cursor.line) - len(cursor.line.lstrip())
    position, source = cursor.next, ""
    while ahead := line_at(text, position):
        line = ahead.line
        if (
            len(line) - len(line.lstrip()) <= indent
            and not REPEATED.match(line)
            or FRAME.match(line)
            or not line.strip()
        ):
            break
        if not source and not CARETS.match(line) and not REPEATED.match(line):
            source = line.strip()
        position = ahead.next
    return position, source


def frame_at(file: str, line: int, function: str, source: str, root: str) -> Frame:
    """A frame with its path as the submission knows it."""
    relative = submission_path(file, root, function)
    return Frame(file=relative or file, line=line, function=function, source=source, in_submission=relative is not None)


def submission_path(file: str, root: str, function: str = "") -> str | None:
    """Return the path inside the submission, or None for libraries, caches, environments and `<frozen …>`."""
    if file.startswith("<") or not file.endswith(".py"):
        return None
    path, base = posixpath.normpath(file), posixpath.normpath(root)
    if not path.startswith("/"):
        # Compiled extensions name their sources relative to their own build, and their functions with dots.
        return None if path.startswith("..") or "." in function else path
    if not path.startswith(base + "/") or any(part in path[len(base) :] for part in _OUTSIDE):
        return None
    return path[len(base) + 1 :]


def _thinned(frames: list[_Seen]) -> list[_Seen]:
    """Leave out the middle of very deep stacks (mutual recursion is not shortened by Python)."""
    if len(frames) <= _KEPT_FRAMES:
        return frames
    return frames[: _KEPT_FRAMES // 3] + frames[-2 * _KEPT_FRAMES // 3 :]
