"""What nightly itself costs: throughput with several slots against one, and the time of large corpora.

Reviews are simulated (they sleep); corpora, keys, database and scheduling are real. Usage:
    python tests/benchmarks/nightly.py [--sizes 100,1000,10000] [--slots 1,2,4,8] [--seconds 1.0]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from runner.nightly import command  # noqa: E402
from tests.nightly.simulated import SimulatedExecutor, write_corpus  # noqa: E402


def night(folder: Path, corpus: Path, *words: str) -> tuple[float, float]:
    """Seconds that one night takes, with everything that belongs to it: by the clock, and of CPU."""
    os.environ["SANDBOX_REVIEW_STATE"] = str(folder / "state")
    given = [str(corpus), "--json", "-o", str(folder / f"night-{time.monotonic_ns()}"), "nightly.canary=none", *words]
    started, used = time.monotonic(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = command.run(given, SimulatedExecutor)
    assert status == 0, status
    return time.monotonic() - started, time.process_time() - used


def throughput(slots: list[int], seconds: float) -> None:
    """Every slot gets ten reviews, so that the ends of a night weigh little."""
    print(f"Throughput, reviews of {seconds:g} s:")
    one = 0.0
    for number in slots:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            reviews = 10 * number
            corpus = write_corpus(
                folder / "corpus", {f"s{each:05}": f"ready {each}" for each in range(reviews)}, seconds
            )
            words = (f"executor.slots={number}", "executor.cpus=1000", "executor.memory_mb=10000000")
            rate = reviews / night(folder, corpus, *words)[0]
        one = one or rate
        share = rate / number / one
        print(f"  {number:3} slots: {rate:6.2f} reviews/s, {share:.2f} of {number} times one slot's", flush=True)


def sizes(numbers: list[int]) -> None:
    """A first night, and one that reuses all of it."""
    print("Cost by size, reviews that take no time:")
    for number in numbers:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            corpus = write_corpus(folder / "corpus", {f"s{each:05}": f"ready {each}" for each in range(number)})
            first = night(folder, corpus)
            with contextlib.redirect_stdout(io.StringIO()):
                assert command.run(["accept"]) == 0
            again = night(folder, corpus, "reuse=true")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"  {number:6}: first {_each(first, number)}; reused {_each(again, number)}; at most {peak:.0f} MiB so far",
            flush=True,
        )


def _each(seconds: tuple[float, float], number: int) -> str:
    wall, cpu = seconds
    return f"{wall:6.1f} s ({1000 * wall / number:.1f} ms each, {1000 * cpu / number:.1f} ms of CPU)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--slots", default="1,2,4,8")
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    throughput([int(word) for word in options.slots.split(",")], options.seconds)
    sizes([int(word) for word in options.sizes.split(",")])


if __name__ == "__main__":
    main()
