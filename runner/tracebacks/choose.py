"""Chooses the failure that counts: in a chain of exceptions, and among all failures of a stream."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runner.review import Traceback
from runner.tracebacks.scan import Failure
from runner.tracebacks.sections import Section

_DELEGATING_TYPES = ("CalledProcessError", "ChildFailedError", "ProcessExitedException", "RemoteError")
_DELEGATING_MESSAGE = re.compile(
    r"non-?zero|(?:exit|return)(?:ed|s)?(?: with)?(?: an?)?[ -]?(?:error )?(?:code|status)"
    r"|(?:subprocess|child process|train(?:ing)? (?:script|process|job)).{0,40}fail",
    re.IGNORECASE,
)
_KILLED = re.compile(r"died with <Signals\.SIG(?:KILL|TERM|INT|HUP|XCPU)")


def root_section(chain: Sequence[Section]) -> Section:
    """The exception of a chain that tells best what went wrong.

    Going back from the last one, the earlier exception is taken where the later one only passes it on:
    - its message quotes the earlier one (data loader workers, process pools, exception groups);
    - the submission raised it by a `raise` of its own, in place of what it had caught;
    - a library raised it in place of what the submission's code, called back, had raised.
    It is not taken where a library turned its internal trouble into the public exception that people read
    (an HTTP 404 into "is not a valid model identifier"), nor where the handler itself failed anew.
    """
    index = len(chain) - 1
    while index > 0 and _passes_on(chain[index - 1], chain[index]):
        index -= 1
    return chain[index]


def _passes_on(earlier: Section, later: Section) -> bool:
    if later.link == "quoted":
        return True
    if not earlier.frames or earlier.where is None:
        return False
    catcher_is_submission = earlier.frames[0].in_submission
    if not catcher_is_submission:
        return True
    raised = later.frames[-1] if later.frames else None
    if raised is None or not raised.in_submission:
        return False
    return later.link == "cause" or raised.source.startswith("raise")


def root_failure(stderr: Sequence[Failure], stdout: Sequence[Failure]) -> Failure | None:
    """The failure that ended the command: the last one that could, unless it only reports a child's end.

    Then the failure before it is the child's, and so on down. What was printed to stdout counts only where
    stderr has nothing, or only a complaint about a child (a launcher that captures and prints its child's words):
    anyone can print there, and nobody's interpreter does.
    """
    candidates = [failure for failure in stderr if failure.ends == "process"] or [
        failure for failure in stderr if failure.ends == "thread"
    ]
    if not candidates:
        printed = [failure for failure in stdout if failure.ends == "process"]
        return root_failure(printed, []) if printed else None
    index = len(candidates) - 1
    if index > 0 and candidates[index].chain[-1].at_exit:
        index -= 1
    while _delegates(candidates[index]):
        if index == 0:
            printed = [failure for failure in stdout if failure.ends == "process"]
            inner = root_failure(printed, []) if printed else None
            return inner or candidates[0]
        if _KILLED.search(candidates[index].chain[-1].message):
            return candidates[index]
        index -= 1
    return candidates[index]


def _delegates(failure: Failure) -> bool:
    """Whether the failure only says that a child process failed."""
    last = root_section(failure.chain)
    name = last.type.rpartition(".")[2]
    if name in _DELEGATING_TYPES:
        return True
    return name in ("RuntimeError", "Exception", "SystemExit") and bool(
        last.frames and last.frames[-1].in_submission and _DELEGATING_MESSAGE.search(last.message)
    )


def as_traceback(failure: Failure) -> Traceback:
    """Write a failure as the review shows it, pointing at the deepest frame inside the submission.

    Where the chosen exception has no such frame, the nearest later one of its chain that has lends its own.
    """
    chosen = root_section(failure.chain)
    later = failure.chain[failure.chain.index(chosen) :]
    where = next((section.where for section in later if section.where), None)
    return Traceback(
        type=chosen.type,
        message=chosen.message,
        file=where.file if where else None,
        line=where.line if where else None,
        frames=chosen.frames,
        chain=[_headline(section) for section in failure.chain] if len(failure.chain) > 1 else [],
    )


def _headline(section: Section) -> str:
    first = section.message.strip().partition("\n")[0][:300]
    return f"{section.type}: {first}" if first else section.type
