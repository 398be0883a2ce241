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


def night(folder: Path, corpus: Path, *words: str) -> float:
    """Seconds that one night takes, with everything that belongs to it."""
    os.environ["SANDBOX_REVIEW_STATE"] = str(folder / "state")
    given = [str(corpus), "--json", "-o", str(folder / f"night-{time.monotonic_ns()}"), "nightly.canary=none", *words]
    started = time.monotonic()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = command.run(given, SimulatedExecutor)
    assert status == 0, status
    return time.monotonic() - started


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
            rate = reviews / night(folder, corpus, *words)
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
            assert command.run(["accept"]) == 0
            again = night(folder, corpus, "reuse=true")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"  {number:6}: first {first:6.1f} s ({1000 * first / number:5.1f} ms each), reused {again:6.1f} s "
            f"({1000 * again / number:5.1f} ms each), at most {peak:.0f} MiB so far",
            flush=True,
        )


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
