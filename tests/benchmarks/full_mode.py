"""What full mode and the evaluation cost beside the trial, on the clean submission.

    python tests/benchmarks/full_mode.py [ROUNDS] [KEY=VALUE ...]

The submission is reviewed whole by the command line, ROUNDS times (3). Exit status 1 if the median of full mode and
evaluation together is `PROMISE` times the trial's or more. The first review of a machine fills caches; its times of
these stages are hardly touched by that, since stand-ins and packages are made before them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLEAN = ROOT / "tests" / "submissions" / "clean"
PHASES = ("trial", "full", "evaluate")
ROUNDS = 3
PROMISE = 1.5


def seconds(words: Sequence[str]) -> dict[str, float]:
    """Seconds by phase of one review, over all run ids. Raises RuntimeError where the submission was not ready."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "runner.cli", str(CLEAN), "--json", "-o", f"{folder}/review", *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the review of {CLEAN.name} ended with {done.returncode}: {done.stderr[-2000:]}")
    phases = json.loads(done.stdout)["timings"]["by_phase"]
    return {phase: phases[phase] for phase in PHASES}


def ratio(taken: dict[str, float]) -> float:
    return (taken["full"] + taken["evaluate"]) / taken["trial"]


def main(words: Sequence[str]) -> int:
    """Measure and print; returns the exit status."""
    rounds = int(words[0]) if words and words[0].isdigit() else ROUNDS
    overrides = [word for word in words if not word.isdigit()]
    ratios = []
    for _ in range(rounds):
        taken = seconds(["env.resolved_as_of=2025-11-20", "backend.fallback=process", *overrides])
        ratios.append(ratio(taken))
        told = ", ".join(f"{phase} {taken[phase]:.1f} s" for phase in PHASES)
        print(f"{told}: full mode and evaluation take {ratios[-1]:.2f} times the trial", flush=True)
    median = statistics.median(ratios)
    print(f"median {median:.2f}, promised below {PROMISE:g}")
    return 0 if median < PROMISE else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
