"""Where the reviews of a night run. A night asks for room, submits, and takes what has finished."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runner.nightly.key import Surroundings
from runner.nightly.review_process import Ran
from runner.nightly.settings import ExecutorSettings, NightlySettings
from runner.settings import Settings
from sandbox.errors import InfrastructureError

Review = Callable[[Path, Sequence[str], threading.Event, Mapping[str, str]], Ran]
"""Reviews the submission.json in a folder, with KEY=VALUE words, until it is told to stop, with environment variables
on top of those of the machine on which it runs. It must not raise."""


class NoRoomError(InfrastructureError):
    """No machine of the executor can ever have room for this review; it may have for others."""


@dataclass(frozen=True)
class Reservation:
    """What one review reserves while it runs; MiB."""

    cpus: float
    memory_mb: int
    gpus: int

    @classmethod
    def of(cls, review: Settings, executor: ExecutorSettings) -> Reservation:
        """By default its limits, so that reviews side by side cannot take each other's memory."""
        limits = review.limits
        return cls(executor.review_cpus or limits.cpus, executor.review_memory_mb or limits.memory_mb, gpus=review.gpu)


@dataclass(frozen=True)
class Job:
    """One review to run."""

    name: str
    role: str
    folder: Path
    """Where its submission.json lies and what the review writes will be."""
    words: tuple[str, ...]
    reservation: Reservation


class Executor(Protocol):
    """Runs reviews. All methods are called from one thread."""

    @property
    def name(self) -> str:
        """For people: which, and how much of it."""
        ...

    def surroundings(self, settings: Settings) -> Surroundings:
        """What reviews run with, where they run. Raises InfrastructureError where they cannot."""
        ...

    def has_room(self, reservation: Reservation) -> bool:
        """Whether a review would start now, or soon. Raises NoRoomError where it never would."""
        ...

    def submit(self, job: Job) -> None: ...

    def finished(self, seconds: float) -> list[tuple[Job, Ran]]:
        """What has finished since; waits so long at most for the first. Raises InfrastructureError."""
        ...

    def close(self) -> None:
        """Stop what runs, and wait until it has stopped."""
        ...


def open_executor(settings: NightlySettings) -> Executor:
    """The executor that the settings ask for. Raises InfrastructureError where it cannot be had."""
    if settings.executor.kind == "ray":
        from runner.nightly.executors.ray import RayExecutor

        return RayExecutor(settings.executor)
    from runner.nightly.executors.local import LocalExecutor

    return LocalExecutor(settings.executor)
