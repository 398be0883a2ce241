"""What the GPUs of a running sandbox are used for, as the driver's own program says.

Figures are of whole devices: a GPU is leased to one review at a time. Where the program is missing or fails there are
none, and nothing else changes.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from sandbox import gpus

PROGRAM = "nvidia-smi"
MILLISECONDS = 500
_QUERY = ["--query-gpu=memory.used,utilization.gpu", "--format=csv,noheader,nounits", f"--loop-ms={MILLISECONDS}"]


@dataclass(frozen=True)
class GpuSample:
    """All GPUs of a sandbox together."""

    memory_mb: float
    percent: float
    """Of the time that something ran on them, on average over the GPUs."""


class GpuWatch:
    """A context: while it is open, `latest()` is at most a second old. For no GPUs it does nothing."""

    def __init__(self, count: int) -> None:
        self._names = (gpus.chosen(count) or [str(number) for number in range(count)]) if count else []
        self._latest: GpuSample | None = None
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> GpuWatch:
        program = shutil.which(PROGRAM) if self._names else None
        if program is not None:
            command = [program, *_QUERY, f"--id={','.join(self._names)}"]
            with contextlib.suppress(OSError):
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
                )
                threading.Thread(target=self._read, args=(self._process,), name="gpu-usage", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def latest(self) -> GpuSample | None:
        """None before the first answer, and where there is none."""
        return self._latest

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        lines: list[str] = []
        with contextlib.suppress(ValueError, OSError), process.stdout:
            for line in process.stdout:
                lines.append(line)
                if len(lines) == len(self._names):
                    self._latest = summed(lines) or self._latest
                    lines = []


def summed(lines: Sequence[str]) -> GpuSample | None:
    """One answer, a line a GPU: "1024, 37". None where a figure is missing ("[N/A]")."""
    try:
        pairs = [[float(word) for word in line.split(",")] for line in lines]
        memory, percent = zip(*pairs, strict=True)
    except ValueError:
        return None
    return GpuSample(sum(memory), sum(percent) / len(percent))
