"""Reads tracebacks out of captured output, and says which one is the root: the first cause of the command's end.

Rules, in short (each is written down where it is applied, `choose.root_section` and `choose.root_failure`):
- the last failure in stderr that can end a process counts; tracebacks that were printed and survived come before it,
  "Exception ignored", logging errors and exit handlers never count, other threads' only where nothing else is there;
- a failure that merely reports a child's end (CalledProcessError, ChildFailedError, "exited with code 1") hands over
  to the failure printed before it;
- in a chain, an exception that only passes an earlier one on (a wrapper raised by the submission, a message that
  quotes it) hands over to that one; a library's public exception stands for the library's internal ones;
- file and line are those of the deepest frame inside the submission.
"""

from __future__ import annotations

from runner.review import Traceback
from runner.tracebacks.choose import as_traceback, root_failure
from runner.tracebacks.scan import failures

__all__ = ["read_tracebacks", "root_traceback"]

MAX_TRACEBACKS = 200


def read_tracebacks(stderr: str, stdout: str, root: str) -> list[Traceback]:
    """Every failure in the output, stderr's in order, then stdout's; of each stream the last 200.

    `root` is the repository's path inside the sandbox: frames below it are the submission's, and relative to it.
    """
    streams = (failures(text, root)[-MAX_TRACEBACKS:] for text in (stderr, stdout))
    return [as_traceback(failure) for stream in streams for failure in stream]


def root_traceback(stderr: str, stdout: str, root: str) -> Traceback | None:
    """The traceback that tells why the command failed; None if its output tells nothing.

    Ask only about commands that did fail: a swallowed error is printed in the same way.
    """
    chosen = root_failure(failures(stderr, root), failures(stdout, root))
    return as_traceback(chosen) if chosen else None
