"""Watch one running command from the host: wall time, memory, processes, disk, output; stop it when it is over."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Protocol

from sandbox import usage
from sandbox.control import Control, Ended, LostError
from sandbox.gpu_usage import GpuWatch
from sandbox.output import MIB, Recorder
from sandbox.protocol import Limits, Sample, StopReason, StopSignal
from sandbox.usage import KernelFacts, Usage

TICK_SECONDS = 0.1
"""How soon a wall limit, a flood or a cancellation is noticed."""
SAMPLE_SECONDS = 0.25
"""Shortest time between two looks at memory and processes."""
SHARE = 0.1
"""At most this part of one core goes into looking: a tree of large processes or many files is looked at less often."""
GRACE_SECONDS = 1.0
"""Between the SIGTERM of a time-out or a cancellation and the end."""


class Running(Protocol):
    """A started sandbox. One implementation per backend."""

    def usage(self) -> Usage | None:
        """Of the command and all it started; None if nobody can be asked (any more)."""

    def kernel_facts(self) -> KernelFacts:
        """So far. Asked for the last time before the agent is let go."""

    def kill(self) -> None:
        """End everything inside, at once. Harmless when it has ended."""

    def wait(self, seconds: float) -> int | None:
        """The engine's exit status, or None if it has not ended after `seconds`."""

    def engine_error(self) -> str:
        """What the engine says went wrong with it; "" if nothing. Asked after the end, before `close`."""

    def close(self) -> None:
        """Kill, drain the output and remove every trace."""


class Watchdog:
    """One run's observer. `watch` returns when the command has ended or had to be stopped."""

    def __init__(
        self,
        limits: Limits,
        running: Running,
        control: Control,
        outputs: Sequence[Recorder],
        writable: Sequence[Path],
        log: IO[str],
        on_sample: Callable[[Sample], None] | None,
        cancel: threading.Event | None,
        gpus: GpuWatch,
    ) -> None:
        self.limits = limits
        self.running = running
        self.control = control
        self.outputs = outputs
        self.writable = writable
        self.log = log
        self.on_sample = on_sample
        self.cancel = cancel or threading.Event()
        self.gpus = gpus
        self.peak_memory_mb = 0.0
        self.peak_gpu_memory_mb: float | None = None
        self.cpu_seconds = 0.0
        self.stopped_by: StopReason | None = None
        self.facts = KernelFacts()
        self._disk_before = usage.disk_mb(writable)
        self._disk_now = 0.0
        self._started = time.monotonic()
        self._next_sample = self._next_disk = 0.0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def watch(self) -> Ended | None:
        """How the command ended; None if nobody saw it end. Afterwards `stopped_by` and the peaks are final."""
        ended = None
        try:
            while ended is None and self.stopped_by is None:
                ended = self._listen(TICK_SECONDS)
                self.stopped_by = self._over_limit(final=ended is not None)
            if ended is None and self.stopped_by in (StopReason.WALL, StopReason.BUDGET, StopReason.CANCELLED):
                self.control.send({"signal": 15})
                ended = self._listen(GRACE_SECONDS)
        except LostError:
            pass
        self.facts = self.facts.or_later(self.running.kernel_facts())
        return ended

    def _listen(self, seconds: float) -> Ended | None:
        word = self.control.receive(seconds)
        if word is None or word["event"] != "ended":
            return None
        return Ended(word["code"], word["signal"], word["cpu_seconds"], word["max_rss_mb"])

    def _over_limit(self, final: bool) -> StopReason | None:
        used = self._look(final)
        if self._disk_now > self.limits.disk_mb:
            return StopReason.DISK
        if final:
            return None
        if self.cancel.is_set():
            return self.cancel.reason if isinstance(self.cancel, StopSignal) else StopReason.CANCELLED
        if self.seconds > self.limits.wall_seconds:
            return StopReason.WALL
        if any(output.total > self.limits.output_stop_mb * MIB for output in self.outputs):
            return StopReason.OUTPUT
        if used is not None and used.memory_mb > self.limits.memory_mb:
            return StopReason.MEMORY
        if used is not None and used.tasks > self.limits.pids + 2:  # the agent and its launcher
            return StopReason.PROCESSES
        return None

    def _look(self, final: bool) -> Usage | None:
        """What is used, if it is time for a look; written to the log as a sample."""
        now = self.seconds
        if now < self._next_sample and not final:
            return None
        if self.writable and (final or now >= self._next_disk):
            self._disk_now = max(0.0, usage.disk_mb(self.writable) - self._disk_before)
            self._next_disk = now + max(2 * SAMPLE_SECONDS, (self.seconds - now) / SHARE)
        looked = self.seconds
        used = self.running.usage()
        # The group may vanish before the last look.
        self.facts = self.facts.or_later(self.running.kernel_facts())
        self._next_sample = self.seconds + max(SAMPLE_SECONDS, (self.seconds - looked) / SHARE)
        if used is not None:
            self.cpu_seconds = max(self.cpu_seconds, used.cpu_seconds)
            self.peak_memory_mb = max(self.peak_memory_mb, used.memory_mb)
            self._note(now, used)
        return used

    def _note(self, now: float, used: Usage) -> None:
        gpu = self.gpus.latest()
        if gpu is not None:
            self.peak_gpu_memory_mb = max(self.peak_gpu_memory_mb or 0.0, gpu.memory_mb)
        sample = Sample(
            seconds=round(now, 3),
            cpu_seconds=round(self.cpu_seconds, 3),
            memory_mb=round(used.memory_mb, 1),
            processes=used.processes,
            disk_mb=round(self._disk_now, 1),
            gpu_memory_mb=gpu.memory_mb if gpu else None,
            gpu_percent=gpu.percent if gpu else None,
        )
        figures = {name: value for name, value in asdict(sample).items() if value is not None}
        self.log.write(json.dumps(figures) + "\n")
        self.log.flush()
        if self.on_sample is not None:
            with contextlib.suppress(Exception):  # a broken progress display must not end a stage
                self.on_sample(sample)
