"""Finds every failure that a captured stream tells of, in order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from runner.tracebacks import special
from runner.tracebacks.sections import Section, read_chain
from runner.tracebacks.text import clean

_TRACEBACK = "Traceback (most recent call last):"
_FRAME = '  File "'
_MARKS = (
    _TRACEBACK,
    _FRAME,
    special.HYDRA_FOOTER,
    special.FATAL,
    special.TERMINATE,
    special.USAGE_ERROR,
    special.NO_MODULE,
    special.NO_FILE,
    special.NO_SPEC,
)
_MOST_MARKS = 20_000
_LAST = 2**20
"""After so many marks only the last MiB is read: what ended the command is there, and the time stays bounded."""
_HARMLESS = (
    "Exception ignored ",
    "--- Logging error ---",
    "Error in atexit._run_exitfuncs",
    "Error in sys.excepthook",
    "Error in sys.unraisablehook",
)
_OTHER_THREAD = ("Exception in thread ", "Task exception was never retrieved", "future: <Task")

Ending = Literal["process", "thread", "harmless"]


@dataclass
class Failure:
    """One failure: a chain of exceptions (first cause first), or a single section without frames."""

    chain: list[Section]
    ends: Ending = "process"
    """What such a failure ends: the process, a thread of it, or nothing (reported and gone on)."""


def failures(text: str, root: str) -> list[Failure]:
    """Every failure in `text`, in the order in which they were printed."""
    return list(_scan(clean(text), root))


def _scan(text: str, root: str) -> Iterator[Failure]:
    """Jump from mark to mark: what lies between costs a search only, so the time is linear in the text."""
    following = {mark: text.find(mark) for mark in _MARKS}
    position = floor = 0
    after_traceback = False
    for count in itertools.count():
        if count == _MOST_MARKS:
            position = floor = max(position, len(text) - _LAST)
        for mark, at in following.items():
            if 0 <= at < position:
                following[mark] = text.find(mark, position)
        at, mark = min(((at, mark) for mark, at in following.items() if at >= 0), default=(-1, ""))
        if at < 0:
            return
        behind = at + len(mark)
        line_start = text.rfind("\n", max(floor, at - 4000), at) + 1 or floor
        found: Section | None = None
        if mark in (_TRACEBACK, _FRAME):
            headed = mark == _TRACEBACK
            start = text.find("\n", behind) + 1 or len(text) if headed else line_start
            chain, end = read_chain(text, start, root, headed)
            position = max(end, behind)
            if chain:
                ends: Ending = _ends(text, floor, line_start) if headed else "process"
                floor, after_traceback = position, True
                yield Failure(chain, ends)
            continue
        if mark == special.HYDRA_FOOTER:
            found = special.hydra_error(text, floor, line_start, after_traceback)
            after_traceback = False
        elif mark == special.FATAL:
            found, behind = special.crash(text, behind, root)
        elif mark == special.TERMINATE:
            found, behind = special.terminate(text, behind)
        elif mark == special.USAGE_ERROR:
            found = special.usage_error(text, floor, line_start)
        else:
            found = special.startup_error(text, line_start)
        position = floor = max(position, behind)
        if found:
            yield Failure([found])


def _ends(text: str, floor: int, line_start: int) -> Ending:
    """What the lines above a traceback's header say of it."""
    above = text[max(floor, line_start - 400) : line_start].rstrip("\n").split("\n")[-2:]
    if any(line.startswith(_HARMLESS) for line in above):
        return "harmless"
    return "thread" if any(line.startswith(_OTHER_THREAD) for line in above) else "process"
