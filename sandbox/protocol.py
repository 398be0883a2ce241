"""What every sandbox backend promises: run one command under limits, return facts.

A stage builds a `Task`, a backend runs it and returns an `Outcome`. Backends never judge:
`sandbox.death` turns the facts of an `Outcome` into a status.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Network(StrEnum):
    """What the sandbox can reach besides its own loopback."""

    NONE = "none"
    INDEX = "index"
    """The host's network, for the trusted installer alone; never given to a submission's code."""


class StopReason(StrEnum):
    """Why the host stopped a command; DISK also when a command that ended was found over its limit then."""

    WALL = "wall"
    MEMORY = "memory"
    PROCESSES = "processes"
    DISK = "disk"
    OUTPUT = "output"
    BUDGET = "budget"
    """Whoever gave a StopSignal said that it did more than it may."""
    CANCELLED = "cancelled"


class StopSignal(threading.Event):
    """A `cancel` for one command: set when `cancel` is, or as soon as `over_budget()` says so.

    It is asked several times a second; what goes wrong in it stops nothing.
    """

    def __init__(self, cancel: threading.Event, over_budget: Callable[[], bool]) -> None:
        super().__init__()
        self._cancel = cancel
        self._over_budget = over_budget
        self.reason = StopReason.CANCELLED
        """Why, once it is set."""

    def is_set(self) -> bool:
        if super().is_set() or self._cancel.is_set():
            return True
        try:
            over = self._over_budget()
        except Exception:  # a broken look at the counters must not end a stage
            return False
        if over:
            self.reason = StopReason.BUDGET
            self.set()
        return over


@dataclass(frozen=True)
class Limits:
    """Upper bounds of one command and everything it starts. MiB are 2**20 bytes."""

    wall_seconds: float = 600.0
    memory_mb: int = 16384
    """Resident memory of the whole process tree, swap included, in MiB."""
    pids: int = 1024
    cpus: float = 2.0
    disk_mb: int = 10240
    """Growth of all writable mounts together, in MiB."""
    shm_mb: int = 1024
    tmp_mb: int = 2048
    output_keep_mb: float = 8.0
    """Of stdout and of stderr each, head and tail together, this much is kept (MiB)."""
    output_stop_mb: float = 512.0
    """A command that prints more than this to stdout or to stderr is stopped (MiB)."""


@dataclass(frozen=True)
class Mount:
    """A host path shown inside the sandbox. Made by `Sandbox.mount`, which knows the target."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Task:
    """One command for one sandbox. Paths in `command`, `cwd` and `environment` are sandbox paths."""

    name: str
    """Short, [a-z0-9-]: becomes part of container and process labels."""
    command: tuple[str, ...]
    cwd: str
    mounts: tuple[Mount, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """The whole environment, but for PATH, HOME, TMPDIR and LANG, which the backend sets unless given."""
    limits: Limits = Limits()
    network: Network = Network.NONE
    services: Mapping[int, Path] = field(default_factory=dict)
    """Loopback port inside the sandbox -> unix socket on the host that answers it."""
    gpus: int = 0


@dataclass(frozen=True)
class Sample:
    """Use of the whole process tree at one moment."""

    seconds: float
    """Since the command's start."""
    cpu_seconds: float
    memory_mb: float
    processes: int
    disk_mb: float
    gpu_memory_mb: float | None = None
    """Of all GPUs of the sandbox; None where it has none, or where the driver does not tell."""
    gpu_percent: float | None = None
    """Of the time that something ran on them."""


@dataclass(frozen=True)
class Outcome:
    """Facts about one finished command; the input of `sandbox.death.cause_of_death`."""

    exit_code: int | None
    """As the command's own parent (the agent) saw it; None if it was killed by a signal or nobody saw it end."""
    signal: int | None
    """The signal that ended the command, as the agent saw it."""
    stopped_by: StopReason | None
    """Why the host stopped it, if the host did."""
    oom_kills: int | None
    """Processes the kernel killed for memory in this sandbox; None where the backend cannot know."""
    process_limit_hits: int | None
    """Forks the kernel refused for the pids limit; None where the backend cannot know."""
    engine_exit_code: int | None
    """The container's (or bwrap's, or the agent's) own exit status: 137 alone proves nothing."""
    wall_seconds: float
    cpu_seconds: float | None
    peak_memory_mb: float | None
    stdout_bytes: int
    stderr_bytes: int
    peak_gpu_memory_mb: float | None = None
    """Largest that was sampled; None where no GPU was."""
    engine_error: str = ""
    """What the engine said when it could not start or lost the command; "" if nothing."""


class Sandbox(Protocol):
    """One way to isolate a command. Implementations: docker, bubblewrap, process, and a dummy for tests."""

    name: str
    isolation: str
    """For people and for `environment.isolation` in the review, e.g. "container (runc)" or "not isolated"."""
    python: str
    """Path, inside the sandbox, of the interpreter that environments are made from."""
    uv: str
    """Path of the uv program inside the sandbox."""

    def mount(self, source: Path, inside: str, writable: bool = False) -> Mount:
        """How host directory `source` is shown: at `inside`, or where it lies if nothing can be mounted.

        A host program that is root gives writable mounts to the sandbox's user when a task runs.
        """

    def run(
        self,
        task: Task,
        record: Path,
        *,
        on_sample: Callable[[Sample], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Outcome:
        """Run the command to its end and return the facts.

        Writes `stdout.txt`, `stderr.txt` (head and tail kept) and `usage.jsonl` (one `Sample` a line) into the
        existing host directory `record`. Nothing of the command outlives the call, however it ends.
        Raises `sandbox.errors.InfrastructureError` if the command could not be started at all.
        """

    def reap(self) -> list[str]:
        """Remove what programs that are gone left behind (found by label); returns what was removed."""

    def describe(self) -> Mapping[str, str]:
        """Facts for `environment` in the review and for `doctor`: engine, image, runtime, limits not enforced."""
