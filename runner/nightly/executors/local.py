"""This machine: a review starts when the cpu, memory and GPU that it reserves are free."""

from __future__ import annotations

import itertools
import os
import queue
import shutil
import subprocess
import threading
from datetime import UTC, datetime

import psutil

from runner.commands.review import open_backend
from runner.nightly.executors import Job, Reservation, Review
from runner.nightly.key import Surroundings, surroundings
from runner.nightly.review_process import Ran, run_review
from runner.nightly.settings import ExecutorSettings
from runner.settings import Settings
from sandbox import gpus

_KEPT_MB = 1024
"""Memory that is left to the rest of the machine."""


class LocalExecutor:
    """One thread and one process a review."""

    def __init__(self, settings: ExecutorSettings, review: Review = run_review) -> None:
        """`review` runs one; another one is for tests and benchmarks."""
        self._review = review
        self._slots = settings.slots
        memory_mb = psutil.virtual_memory().total // 2**20 - _KEPT_MB
        self._cpus = settings.cpus or float(len(os.sched_getaffinity(0)))
        self._memory_mb = settings.memory_mb or max(memory_mb, 1)
        self._free_gpus = _cards(_gpus() if settings.gpus is None else settings.gpus)
        self._gpus = len(self._free_gpus)
        self._running: dict[int, tuple[Job, threading.Thread]] = {}
        self._done: queue.SimpleQueue[tuple[int, Ran]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._number = 0
        self._gpus_of: dict[int, list[str]] = {}

    @property
    def name(self) -> str:
        slots = f", {self._slots} at once" if self._slots else ""
        cards = f", {self._gpus} GPUs" if self._gpus else ""
        return f"local: {self._cpus:g} cpus, {self._memory_mb} MiB{cards}{slots}"

    def surroundings(self, settings: Settings) -> Surroundings:
        return surroundings(settings, open_backend(settings))

    def has_room(self, reservation: Reservation) -> bool:
        """A review that reserves more than there is runs alone."""
        if not self._running:
            return True
        if self._slots is not None and len(self._running) >= self._slots:
            return False
        wanted = [*(job.reservation for job, _ in self._running.values()), reservation]
        return (
            sum(each.cpus for each in wanted) <= self._cpus
            and sum(each.memory_mb for each in wanted) <= self._memory_mb
            and sum(each.gpus for each in wanted) <= self._gpus
        )

    def submit(self, job: Job) -> None:
        self._number += 1
        taken, self._free_gpus = self._split(job.reservation.gpus)
        self._gpus_of[self._number] = taken
        thread = threading.Thread(
            target=self._run, args=(self._number, job, taken), name=f"review {job.name}", daemon=True
        )
        self._running[self._number] = (job, thread)
        thread.start()

    def finished(self, seconds: float) -> list[tuple[Job, Ran]]:
        found: list[tuple[Job, Ran]] = []
        try:
            found.append(self._take(seconds))
            while True:
                found.append(self._take(0))
        except queue.Empty:
            return found

    def close(self) -> None:
        self._stop.set()
        for _, thread in list(self._running.values()):
            thread.join()

    def _take(self, seconds: float) -> tuple[Job, Ran]:
        number, ran = self._done.get(timeout=seconds) if seconds else self._done.get_nowait()
        job, thread = self._running.pop(number)
        thread.join()
        self._free_gpus = sorted([*self._free_gpus, *self._gpus_of.pop(number)])
        return job, ran

    def _split(self, count: int) -> tuple[list[str], list[str]]:
        return self._free_gpus[:count], self._free_gpus[count:]

    def _run(self, number: int, job: Job, taken: list[str]) -> None:
        variables = {gpus.VARIABLE: ",".join(taken)} if taken else {}
        try:
            ran = self._review(job.folder, job.words, self._stop, variables)
        except Exception as error:  # whatever it is, the night must hear of it
            ran = Ran(None, 0.0, datetime.now(UTC).isoformat(), f"the review could not be run: {error!r}")
        self._done.put((number, ran))


def _cards(count: int) -> list[str]:
    """Those of `count` GPUs that reviews may use: where CUDA_VISIBLE_DEVICES is set, no others than it names.

    An empty one hides all, and so does -1 what follows it, as CUDA reads the variable.
    """
    if gpus.VARIABLE not in os.environ:
        return [str(number) for number in range(count)]
    return list(itertools.takewhile(lambda name: name != "-1", gpus.chosen(count)))


def _gpus() -> int:
    """How many GPUs the driver shows."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    try:
        done = subprocess.run([program, "--list-gpus"], capture_output=True, timeout=30, encoding="utf-8", check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return sum(line.startswith("GPU ") for line in done.stdout.splitlines()) if done.returncode == 0 else 0
