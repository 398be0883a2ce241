"""Runs the generators of stand-ins in a process of their own, which can be stopped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from images.catalogue import Asset
from sandbox.errors import InfrastructureError
from sandbox.fidelity import Fidelity

BUILD_SECONDS = 300.0
"""A generator that needs longer than this hangs; usual times are 1 to 10 seconds."""
LAUNCHER = Path(__file__).parent.parent / "images" / "standins" / "launch.py"


class Generators:
    """Processes of the runtime environment's Python that make stand-ins. `close()` kills what is running, from any
    thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self.closed = False

    def run(self, python: Path, launcher: Path, jobs: Sequence[Mapping[str, Any]], seconds: float) -> None:
        """Have a launcher carry out jobs, which it reads as one line of JSON. Raises InfrastructureError."""
        names = ", ".join(job["id"] for job in jobs)
        process = self._start(python, launcher, names)
        try:
            # The generator ends by itself when its standard input closes, so that it does not outlive a killed host.
            assert process.stdin is not None and process.stderr is not None
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps(jobs) + "\n")
                process.stdin.flush()
            said = _read_while_running(process, seconds)
        finally:
            _kill(process)
            with self._lock:
                self._running.discard(process)
        if self.closed:
            raise _stopped(names)
        if said is None:
            raise InfrastructureError(f"the stand-ins for {names} could not be made: the generator hangs")
        if process.returncode != 0:
            raise InfrastructureError(f"the stand-ins for {names} could not be made:\n{said[-3000:]}")

    def close(self) -> None:
        """Kill every running generator; later calls raise InfrastructureError."""
        with self._lock:
            self.closed = True
            running = list(self._running)
        for process in running:
            _kill(process)

    def _start(self, python: Path, launcher: Path, names: str) -> subprocess.Popen[str]:
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
        environment |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONHASHSEED": "0"}
        with self._lock:
            if self.closed:
                raise _stopped(names)
            try:
                process = subprocess.Popen(
                    [str(python), "-I", str(launcher)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                    errors="replace",
                    env=environment,
                    start_new_session=True,
                )
            except OSError as problem:
                raise InfrastructureError(f"the stand-ins for {names} could not be made: {problem}") from problem
            self._running.add(process)
        return process


class RuntimeBuilder:
    """Makes stand-ins of models, data sets and metrics. `close()` kills what is running, from any thread."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir
        self._generators = Generators()

    def __call__(self, jobs: Sequence[tuple[Asset, Path]], fidelity: Fidelity = Fidelity.SMALL) -> None:
        from images.runtime import ensure_runtime

        python = ensure_runtime(self._cache_dir)
        spec = [
            {"kind": a.kind, "id": a.id, "facts": a.facts, "folder": str(folder), "fidelity": str(fidelity)}
            for a, folder in jobs
        ]
        self._generators.run(python, LAUNCHER, spec, BUILD_SECONDS * max(1, len(jobs) / 10))

    def close(self) -> None:
        """Kill every running generator; later calls raise InfrastructureError."""
        self._generators.close()


def _stopped(names: str) -> InfrastructureError:
    return InfrastructureError(f"the stand-ins for {names} were not made: stopped")


def _read_while_running(process: subprocess.Popen[str], seconds: float) -> str | None:
    """What it said on standard error until it ended; None if it did not end in time."""
    said: list[str] = []

    def read() -> None:
        assert process.stderr is not None
        said.extend(process.stderr)

    reader = threading.Thread(target=read, name="generator-errors", daemon=True)
    reader.start()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    reader.join(5)
    return "".join(said)


def _kill(process: subprocess.Popen[str]) -> None:
    """The generator and whatever it started; nothing if they have ended."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdin, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError, ValueError):
                pipe.close()
