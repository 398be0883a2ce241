"""Nights whose reviews are simulated: everything else is real. `python -m tests.nightly.simulated WORD...` runs one.

What a simulated review answers stands in the submission's src/main.py: one word a run (ready, not_ready:<criterion>,
inconclusive, lost), then the seconds that it takes. Every run that came to its end is a line of $SIMULATED_LOG.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from runner.nightly import command
from runner.nightly.executors import NoRoomError, Reservation
from runner.nightly.executors.local import LocalExecutor
from runner.nightly.key import Surroundings
from runner.nightly.review_process import Ran, read_done, write_done
from runner.nightly.settings import NightlySettings
from runner.review import Environment, Finding, Review, SubmissionInfo, Timings
from runner.settings import Settings
from runner.vocabulary import Verdict
from sandbox.errors import InfrastructureError

SLOTS = ("train_py", "evaluate_py", "preprocess_py", "model_py", "pyproject_toml", "config_yaml")
MOST_MB = 10_000_000
"""A review that reserves more finds no machine."""
AROUND = Surroundings(environment="e", image="i", assets="a", program="p", day="2026-01-01")


class SimulatedExecutor(LocalExecutor):
    """The local executor, with reviews and surroundings that cost nothing."""

    def __init__(self, settings: NightlySettings) -> None:
        super().__init__(settings.executor, simulated_review)

    def has_room(self, reservation: Reservation) -> bool:
        if reservation.memory_mb > MOST_MB:
            raise NoRoomError(f"No node of the cluster has {reservation.memory_mb} MiB")
        return super().has_room(reservation)

    def surroundings(self, settings: Settings) -> Surroundings:
        if settings.backend.runtime:
            raise InfrastructureError(f"The engine has no runtime {settings.backend.runtime}")
        program = os.environ.get("SIMULATED_PROGRAM", "p")
        return AROUND.model_copy(update={"program": program, "image": f"image of {settings.backend.name}"})


def submission(answers: str, seconds: float = 0.0) -> str:
    """The text of a submission.json whose reviews answer `answers`, a word a run, the last for all later ones."""
    code = {**dict.fromkeys(SLOTS, "x = 1\n"), "main_py": f"# {answers} {seconds}\n"}
    return json.dumps({"experiment_code": code, "experiment_runs": [{"run_id": "a", "run_config": "run_id: a\n"}]})


def write_corpus(folder: Path, answers: dict[str, str], seconds: float = 0.0) -> Path:
    """A corpus of submissions by their names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, words in answers.items():
        (folder / f"{name}.json").write_text(submission(words, seconds))
    return folder


def simulated_review(folder: Path, words: Sequence[str], stop: threading.Event, variables: Mapping[str, str]) -> Ran:
    """A Review (see runner.nightly.executors)."""
    given = json.loads((folder / "submission.json").read_text())["experiment_code"]["main_py"]
    *answers, seconds = given.removeprefix("# ").split()
    if stop.wait(float(seconds)):
        return Ran(None, float(seconds), _now(), "it was stopped", stopped=True)
    log = Path(os.environ.get("SIMULATED_LOG", os.devnull))
    name = folder.parent.name
    before = log.read_text().split("\n").count(name) if log.is_file() else 0
    answer = answers[min(before, len(answers) - 1)]
    if answer == "lost":
        _log(log, name)
        return Ran(None, float(seconds), _now(), "the review's process was ended by SIGKILL")
    verdict, _, criterion = answer.partition(":")
    (folder / "review").mkdir()
    (folder / "review" / "review.json").write_text(_review(Verdict(verdict), criterion).model_dump_json())
    write_done(folder, Verdict(verdict).exit_status, float(seconds))
    _log(log, name)
    done = read_done(folder)
    assert done is not None
    return done


def _review(verdict: Verdict, criterion: str) -> Review:
    finding = Finding(
        id="f1",
        criterion=criterion or "implementation.compiles",
        section=1,
        severity="blocking",
        cause="logic",
        blame="assets" if verdict is Verdict.INCONCLUSIVE else "submission",
        confidence="confirmed",
        stage="files",
        file="src/main.py",
        line=3,
        message="It is simulated.",
    )
    return Review(
        tool_version="0",
        submission=SubmissionInfo(id="a", digest="0" * 64, source="a"),
        verdict=verdict,
        is_code_ready=verdict is Verdict.READY,
        code_issue="",
        findings=[] if verdict is Verdict.READY else [finding],
        environment=Environment(backend="none", isolation="none"),
        timings=Timings(),
    )


def _log(log: Path, name: str) -> None:
    """One line, whole or not at all, however many write."""
    if str(log) != os.devnull:
        with log.open("a") as file:
            file.write(f"{name}\n")


def _now() -> str:
    return datetime.now(UTC).isoformat()


def main() -> int:
    while not Path(os.environ.get("SIMULATED_START", "/")).exists():
        time.sleep(0.01)
    return command.run(sys.argv[1:], SimulatedExecutor)


if __name__ == "__main__":
    sys.exit(main())
