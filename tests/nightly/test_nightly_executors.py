"""The local executor: what runs at once, on which GPUs, and what becomes of a review that crashes."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
import pytest

from runner.nightly.executors import Job, Reservation, local
from runner.nightly.executors.local import LocalExecutor
from runner.nightly.results import result_of
from runner.nightly.review_process import Ran, run_review
from runner.nightly.settings import load_nightly_settings

RAN = Ran(0, 0.0, "2026-01-01T00:00:00+00:00")


class Held:
    """Reviews that last until they are let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.gpus: list[str] = []

    def __call__(self, folder: Path, words: Sequence[str], stop: threading.Event, variables: Mapping[str, str]) -> Ran:
        self.gpus.append(variables.get("CUDA_VISIBLE_DEVICES", ""))
        assert self.go.wait(30)
        return RAN


def executor(review: Held, *words: str) -> LocalExecutor:
    machine = ["executor.cpus=8", "executor.memory_mb=8000", "executor.gpus=2"]
    return LocalExecutor(load_nightly_settings([*machine, *words]).executor, review)


def fill(given: LocalExecutor, reservation: Reservation) -> int:
    """How many such reviews start at once."""
    for number in range(20):
        if not given.has_room(reservation):
            return number
        given.submit(Job(f"j{number}", "first", Path("/none"), (), reservation))
    return 20


@pytest.mark.parametrize(
    ("reservation", "words", "at_once"),
    [
        (Reservation(2, 1000, 0), [], 4),
        (Reservation(0.5, 1000, 0), [], 8),
        (Reservation(1, 3000, 0), [], 2),
        (Reservation(1, 100, 1), [], 2),
        (Reservation(1, 100, 2), [], 1),
        (Reservation(1, 100, 0), ["executor.slots=3"], 3),
        (Reservation(99, 99999, 9), [], 1),
    ],
)
def test_as_many_at_once_as_there_is_room_for(reservation: Reservation, words: list[str], at_once: int) -> None:
    review = Held()
    given = executor(review, *words)
    assert fill(given, reservation) == at_once
    review.go.set()
    finished = 0
    while finished < at_once:
        finished += len(given.finished(10))
    assert given.has_room(reservation)
    given.close()


def test_each_review_has_gpus_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    review = Held()
    given = executor(review)
    assert fill(given, Reservation(1, 100, 1)) == 2
    review.go.set()
    while given.has_room(Reservation(1, 100, 2)) is False:
        given.finished(10)
    assert sorted(review.gpus) == ["3", "5"]
    given.submit(Job("both", "first", Path("/none"), (), Reservation(1, 100, 2)))
    given.close()
    assert review.gpus[-1] == "3,5"


@pytest.mark.parametrize(
    ("variable", "words", "at_once"),
    [
        (None, [], ["0", "1", "2", "3", "4", "5", "6", "7"]),
        ("3,5", [], ["3", "5"]),
        ("3,5", ["executor.gpus=4"], ["3", "5"]),
        ("3,5,6", ["executor.gpus=2"], ["3", "5"]),
        ("GPU-a", [], ["GPU-a"]),
        ("3,-1,5", [], ["3"]),
        ("", [], [""]),
        ("-1", [], [""]),
    ],
)
def test_no_gpu_is_given_twice_or_though_it_is_hidden(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, words: list[str], at_once: list[str]
) -> None:
    monkeypatch.setattr(local, "_gpus", lambda: 8)
    if variable is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    review = Held()
    settings = load_nightly_settings(["executor.cpus=99", "executor.memory_mb=8000", *words]).executor
    given = LocalExecutor(settings, review)
    assert fill(given, Reservation(1, 100, 1)) == len(at_once)
    review.go.set()
    given.close()
    assert sorted(review.gpus) == at_once


def its_process(folder: Path) -> psutil.Process | None:
    for process in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if str(folder) in process.cmdline():
                return process
    return None


def test_a_review_that_is_killed_says_so_and_harms_no_other(tmp_path: Path) -> None:
    (tmp_path / "submission.json").write_text(json.dumps({}))
    # Never comes to its end by itself.
    (tmp_path / "sitecustomize.py").write_text("import time; time.sleep(600)")
    variables = {"PYTHONPATH": str(tmp_path)}
    ended: list[Ran] = []
    thread = threading.Thread(target=lambda: ended.append(run_review(tmp_path, [], threading.Event(), variables)))
    thread.start()
    give_up = time.monotonic() + 30
    while (review := its_process(tmp_path)) is None:
        assert time.monotonic() < give_up
    review.kill()
    thread.join()
    result = result_of(tmp_path, ended[0], tmp_path, "key")
    assert (result.verdict, result.infrastructure) == ("inconclusive", True)
    assert "SIGKILL" in result.problem


def test_a_review_that_cannot_use_its_words_tells_why(tmp_path: Path) -> None:
    code = {"experiment_code": {"main_py": "x = 1\n"}, "experiment_runs": []}
    (tmp_path / "submission.json").write_text(json.dumps(code))
    ran = run_review(tmp_path, ["runs=[nowhere]"], threading.Event(), {})
    result = result_of(tmp_path, ran, tmp_path, "key")
    assert (ran.exit_status, result.verdict, result.infrastructure) == (2, "unusable", False)
    assert result.problem
