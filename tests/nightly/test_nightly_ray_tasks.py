"""What is asked of Ray for a review, and what a task leaves on its node; no cluster is needed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from runner.nightly.executors import Job, NoRoomError, Reservation
from runner.nightly.executors import ray as executor
from runner.nightly.executors.ray import RayExecutor
from runner.nightly.review_process import Ran
from runner.nightly.settings import load_nightly_settings
from sandbox import owner


class Cluster:
    """Stands for the module `ray`: keeps the options that tasks are given."""

    def __init__(self, *nodes: dict[str, float]) -> None:
        self._nodes = nodes
        self.asked: list[dict[str, Any]] = []

    def remote(self, *given: Any, **options: Any) -> Any:
        if not options:  # a call of the task
            return object()
        self.asked.append(options)
        return lambda function: self

    def options(self, **options: Any) -> Cluster:
        self.asked.append(options)
        return self

    def put(self, value: Any) -> Any:
        return value

    def nodes(self) -> list[dict[str, Any]]:
        return [{"Alive": True, "Resources": node} for node in self._nodes]


def opened(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, *words: str) -> RayExecutor:
    monkeypatch.setattr(executor, "_connect", lambda address: cluster)
    return RayExecutor(load_nightly_settings(["executor=ray", "executor.address=head:1", *words]).executor)


def test_a_task_asks_for_cpus_memory_and_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cluster = Cluster({"CPU": 8.0, "memory": 2.0**33, "GPU": 2.0})
    given = opened(monkeypatch, cluster, "executor.lost_again=7")
    (tmp_path / "submission.json").write_text("{}")
    given.submit(Job("one", "first", tmp_path, (), Reservation(2.0, 100, 1)))
    task, review = cluster.asked
    assert task == {"max_retries": 7, "retry_exceptions": False}
    assert review == {"num_cpus": 2.0, "memory": 100 * 2**20, "num_gpus": 1, "name": "review one"}


@pytest.mark.parametrize(
    ("reservation", "at_once"),
    [
        (Reservation(1.0, 64, 1), 2 + 1),
        (Reservation(1.0, 64, 0), 8 + 1),
        (Reservation(1.0, 4096, 0), 2 + 1),
        (Reservation(1.0, 64, 3), None),
        (Reservation(1.0, 9999, 0), None),
    ],
)
def test_so_many_fit_at_once_beside_one_that_waits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reservation: Reservation, at_once: int | None
) -> None:
    given = opened(monkeypatch, Cluster({"CPU": 8.0, "memory": 2.0**33, "GPU": 2.0}))
    (tmp_path / "submission.json").write_text("{}")
    if at_once is None:
        with pytest.raises(NoRoomError, match="No node of the cluster has 1 cpus"):
            given.has_room(reservation)
        return
    begun = 0
    while given.has_room(reservation):
        given.submit(Job("one", "first", tmp_path, (), reservation))
        begun += 1
    assert begun == at_once


def test_a_task_removes_what_a_killed_one_left_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = (
        "import os, signal, tempfile; from runner.nightly.executors import ray\n"
        f"tempfile.tempdir = {str(tmp_path)!r}\n"
        "ray._review_on_node('{}', (), lambda *given: os.kill(os.getpid(), signal.SIGKILL))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert [len(list(path.iterdir())) for path in tmp_path.iterdir()] == [1]
    alive = tmp_path / f"{owner.current().token}-sandbox-review-x"
    alive.mkdir()
    seen: list[Path] = []

    def review(folder: Path, words: Sequence[str], stop: threading.Event, variables: Mapping[str, str]) -> Ran:
        seen.extend(tmp_path.iterdir())
        return Ran(0, 1.0, "2026-01-01T00:00:00+00:00")

    executor._review_on_node("{}", (), review)
    assert len(seen) == 2 and alive in seen
    assert list(tmp_path.iterdir()) == [alive]
