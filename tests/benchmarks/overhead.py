"""What a sandbox costs: the same command bare and in each backend, side by side, in turn.

    python tests/benchmarks/overhead.py [--rounds N] [--work SECONDS]

Prints the median seconds of each and its difference to the bare command. The promise is at most 1 s a stage.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sandbox.backends import open_sandbox
from sandbox.errors import InfrastructureError
from sandbox.protocol import Limits, Sandbox, Task

PROMISE_SECONDS = 1.0


def main() -> int:
    """Measure; exit status 1 if a backend costs more than is promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--work", type=float, default=0.5, help="seconds that the command sleeps")
    options = parser.parse_args()
    program = f"import time; time.sleep({options.work})"
    sandboxes = [found for name in ("docker", "bubblewrap", "process") if (found := _open(name))]
    seconds: dict[str, list[float]] = {"bare": [], **{sandbox.name: [] for sandbox in sandboxes}}
    for _ in range(options.rounds):
        seconds["bare"].append(_bare(program))
        for sandbox in sandboxes:
            seconds[sandbox.name].append(_sandboxed(sandbox, program))
    bare = statistics.median(seconds["bare"])
    worst = 0.0
    for name, values in seconds.items():
        median = statistics.median(values)
        worst = max(worst, median - bare)
        spread = f"{min(values):.3f} to {max(values):.3f}"
        print(f"{name:11} median {median:.3f} s ({spread})  overhead {median - bare:+.3f} s  ratio {median / bare:.2f}")
    return 0 if worst <= PROMISE_SECONDS else 1


def _open(name: str) -> Sandbox | None:
    try:
        return open_sandbox(name)
    except InfrastructureError as error:
        print(f"{name:11} not measured: {str(error).splitlines()[0]}", file=sys.stderr)
        return None


def _bare(program: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - started


def _sandboxed(sandbox: Sandbox, program: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        workspace, record = Path(folder, "workspace"), Path(folder, "record")
        workspace.mkdir()
        record.mkdir()
        mount = sandbox.mount(workspace, "/workspace", writable=True)
        task = Task("overhead", (sandbox.python, "-c", program), mount.target, (mount,), limits=Limits(wall_seconds=60))
        started = time.perf_counter()
        outcome = sandbox.run(task, record)
        elapsed = time.perf_counter() - started
    if outcome.exit_code != 0:
        raise SystemExit(f"{sandbox.name}: the command ended with {outcome}")
    return elapsed


if __name__ == "__main__":
    sys.exit(main())
