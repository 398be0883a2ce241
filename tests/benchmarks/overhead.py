"""What a sandbox costs: one short command bare and in every backend, in turns.

    python tests/benchmarks/overhead.py

Exit status 1 if a backend costs more than `PROMISE` over the bare command.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sandbox.backends import open_sandbox
from sandbox.errors import InfrastructureError
from sandbox.protocol import Task

CODE = "import json, email, asyncio; print('done')"
ROUNDS = 10
PROMISE = 1.0
"""Seconds that a stage may lose to its sandbox."""


def bare() -> None:
    subprocess.run([sys.executable, "-c", CODE], check=True, stdout=subprocess.DEVNULL)


def in_sandbox(name: str, runtime: str = "") -> Callable[[], None]:
    sandbox = open_sandbox(name, **({"runtime": runtime} if runtime else {}))

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            work, record = Path(folder) / "work", Path(folder) / "record"
            work.mkdir()
            record.mkdir()
            mount = sandbox.mount(work, "/work", writable=True)
            task = Task("overhead", (sandbox.python, "-c", CODE), mount.target, (mount,))
            assert sandbox.run(task, record).exit_code == 0

    return run


def main() -> int:
    """Measure and print; returns the exit status."""
    ways: dict[str, Callable[[], None]] = {"bare": bare}
    for name, runtime in (("process", ""), ("bubblewrap", ""), ("docker", ""), ("docker", "runsc")):
        try:
            ways[runtime or name] = in_sandbox(name, runtime)
        except InfrastructureError as error:
            print(f"{runtime or name}: {error}")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - started)
    base = statistics.median(seconds["bare"])
    worst = 0.0
    for name, taken in seconds.items():
        median = statistics.median(taken)
        print(f"{name:12} median {median:.2f} s, worst {max(taken):.2f} s, {median - base:+.2f} s over bare")
        worst = max(worst, median - base)
    return 0 if worst <= PROMISE else 1


if __name__ == "__main__":
    sys.exit(main())
