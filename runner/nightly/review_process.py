"""One review of a night as a process of its own: what it is given, how it is started, how it ends.

`python -m runner.nightly.review_process FOLDER PARENT WORD...` is `sandbox-review FOLDER/submission.json --output
FOLDER/review WORD...` that ends with its parent and leaves `FOLDER/done.json` once the review is whole. A crash of
one harms no other.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

SUBMISSION, REVIEW, OUTPUT, DONE = "submission.json", "review", "output.txt", "done.json"
_PR_SET_PDEATHSIG = 1
_PATIENCE = 60.0
"""Seconds that a review has to end its sandboxes and write what it gathered, once it is told to stop."""
_TAIL = 2000
"""Bytes of a failed process's last words that are kept."""


@dataclass(frozen=True)
class Ran:
    """How a review ended."""

    exit_status: int | None
    """None: it left no answer."""
    seconds: float
    finished_at: str
    """ISO 8601, UTC."""
    problem: str = ""
    """Why it left no answer."""
    stopped: bool = False
    """Whether it was told to stop, so that it says nothing."""


def run_review(folder: Path, words: Sequence[str], stop: threading.Event, variables: Mapping[str, str]) -> Ran:
    """Review the submission.json in `folder`; returns when the process has ended. Raises nothing."""
    started = time.monotonic()
    command = [sys.executable, "-m", "runner.nightly.review_process", str(folder), str(os.getpid()), *words]
    try:
        with (folder / OUTPUT).open("wb") as output:
            # A session of its own: a Ctrl-C is for the night, which then tells its reviews.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **variables},
                start_new_session=True,
            )
            _wait(process, stop)
    except OSError as error:
        return Ran(None, time.monotonic() - started, _now(), f"the review could not be started: {error}")
    ran = read_done(folder)
    if ran is not None:
        return ran
    seconds = time.monotonic() - started
    if stop.is_set():
        return Ran(None, seconds, _now(), "it was stopped", stopped=True)
    return Ran(None, seconds, _now(), f"{_end(process.returncode)}{_last_words(folder / OUTPUT)}")


def read_done(folder: Path) -> Ran | None:
    """How the review in `folder` ended; None where it did not come to its end."""
    try:
        return Ran(**json.loads((folder / DONE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_done(folder: Path, exit_status: int, seconds: float) -> None:
    """Say that the review in `folder` is whole; there is all of the file, or none."""
    partial = folder / f".{DONE}"
    partial.write_text(json.dumps(asdict(Ran(exit_status, round(seconds, 3), _now()))), "utf-8")
    partial.replace(folder / DONE)


def main(arguments: Sequence[str]) -> int:
    """The process."""
    folder, parent, words = Path(arguments[0]), int(arguments[1]), list(arguments[2:])
    _end_with(parent)
    told = _signals_told()
    from runner import cli

    started = time.monotonic()
    given = ["review", str(folder / SUBMISSION), "--output", str(folder / REVIEW), *words]
    status = cli.main(given)
    if not told():
        write_done(folder, status, time.monotonic() - started)
    return status


def _wait(process: subprocess.Popen[bytes], stop: threading.Event) -> None:
    told: float | None = None
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
            return
        if stop.is_set() and told is None:
            told = time.monotonic()
            process.send_signal(signal.SIGTERM)
        elif told is not None and time.monotonic() - told > _PATIENCE:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _end_with(parent: int) -> None:
    """Have the kernel send SIGTERM when whoever started this process is gone, however it went."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it was gone before
        os.kill(os.getpid(), signal.SIGTERM)


def _signals_told() -> Callable[[], bool]:
    """Returns a function that says whether a signal to stop has come since.

    The review has handlers of its own, and ends with a verdict of what it had. Python also writes the number of every
    signal that it handles to this pipe.
    """
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def told() -> bool:
        try:
            return bool({signal.SIGTERM, signal.SIGINT} & set(os.read(reader, 4096)))
        except BlockingIOError:
            return False

    return told


def _end(status: int) -> str:
    if status >= 0:
        return f"the review's process ended with status {status} and no answer"
    with contextlib.suppress(ValueError):
        return f"the review's process was ended by {signal.Signals(-status).name}"
    return f"the review's process was ended by signal {-status}"


def _last_words(path: Path) -> str:
    try:
        data = path.read_bytes()[-_TAIL:]
    except OSError:
        return ""
    text = data.decode("utf-8", "replace").strip()
    return f"; its last words:\n{text}" if text else ""


def _now() -> str:
    return datetime.now(UTC).isoformat()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
