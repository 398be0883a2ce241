"""`sandbox-review SUBMISSION`: review one submission."""

from __future__ import annotations

import argparse
import re
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from runner.leftovers import remove_leftovers
from runner.settings import Settings, SettingsError, load_settings
from runner.submissions import Submission, SubmissionError, load
from sandbox.backends import open_sandbox
from sandbox.errors import InfrastructureError
from sandbox.protocol import Sandbox

UNUSABLE = 2
INCONCLUSIVE = 3


def run(words: Sequence[str]) -> int:
    """Review; returns the exit status of the contract."""
    parser = argparse.ArgumentParser(prog="sandbox-review", add_help=True)
    parser.add_argument("submission")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    options = parser.parse_intermixed_args(list(words))
    try:
        settings = load_settings(_overrides(options.overrides))
        submission = load(options.submission)
        _check_scope(submission, settings)
        directory = _output(options.output, submission)
    except (SettingsError, SubmissionError) as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    return _review(submission, settings, directory, options)


def _review(submission: Submission, settings: Settings, directory: Path, options: argparse.Namespace) -> int:
    from runner.pipeline import Reviewer
    from runner.reports.console import Progress, make_console, print_verdict

    console = make_console(json_output=options.json)
    try:
        sandbox = open_backend(settings)
        sandbox.reap()
        remove_leftovers(settings.cache())
    except InfrastructureError as error:
        print(f"No review was made. {error}", file=sys.stderr)
        return INCONCLUSIVE
    cancel = threading.Event()
    _stop_on_interrupt(cancel)
    with Progress(console) as progress:
        words = tuple(options.overrides)
        review = Reviewer(submission, settings, sandbox, directory, progress, cancel, words).review()
    print_verdict(review, directory, console)
    if options.json:
        print((directory / "review.json").read_text("utf-8"), end="")
    return review.verdict.exit_status


def open_backend(settings: Settings) -> Sandbox:
    """The sandbox that the settings ask for. Raises InfrastructureError where there is none."""
    backend = settings.backend
    options = {"runtime": backend.runtime, "install_network": backend.install_network}
    if backend.name not in ("auto", "docker"):
        options = {}
    try:
        return open_sandbox(backend.name, **options)
    except InfrastructureError:
        if backend.name == "auto" and backend.fallback == "process":
            return open_sandbox("process")
        raise


def _overrides(words: Sequence[str]) -> list[str]:
    wrong = [word for word in words if "=" not in word]
    if wrong:
        raise SettingsError(
            f"Not a KEY=VALUE word: {', '.join(wrong)}. "
            "One submission at a time; overrides look like limits.wall_seconds=900."
        )
    return list(words)


def _check_scope(submission: Submission, settings: Settings) -> None:
    from runner.conclude import BUILT

    if not settings.stages or not set(settings.stages) <= set(BUILT):
        asked = ", ".join(settings.stages) or "none"
        raise SettingsError(f"stages: this version runs {', '.join(BUILT)}; asked for: {asked}")
    unknown = [run_id for run_id in settings.runs if run_id not in submission.run_ids]
    if unknown:
        known = "\n  ".join(submission.run_ids)
        raise SettingsError(f"runs: the submission has no run {', '.join(unknown)}. It has:\n  {known}")


def _output(given: Path | None, submission: Submission) -> Path:
    """An empty or new folder; evidence is never written over."""
    if given is not None:
        if given.exists() and (not given.is_dir() or any(given.iterdir())):
            raise SettingsError(f"--output {given}: exists and is not an empty folder; name another one")
        return given
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", submission.id).strip("-.")[:60] or submission.digest[:12]
    for number in range(1, 10_000):
        candidate = Path(f"review-{name}" if number == 1 else f"review-{name}-{number}")
        if not candidate.exists():
            return candidate
    raise SettingsError("--output: every default name is taken; name a folder")


def _stop_on_interrupt(cancel: threading.Event) -> None:
    """The first Ctrl-C or SIGTERM ends the running stage and writes what was gathered; a second one ends at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
