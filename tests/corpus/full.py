"""Which failures of full runs, met hours later on a real runner, does the full stage show?

    python tests/corpus/full.py MANIFEST REPOSITORIES [--only WORD] [--distinct] [--output DIR] [KEY=VALUE ...]

MANIFEST and REPOSITORIES are those of measure.py. For every failure of phase full that shows on a CPU, the commit
before its repair is reviewed for its run id, without repairs: files, environment, then full mode alone. It is found if
a blocking finding that is the submission's has its cause, lies in a file that the repair changed, or has two telling
words in common with the manifest's description. The table shows both, so that a reader can judge them. Reviews that are
in --output already are read, not made again. Exit status 1 if the share of all, or of the distinct ones, is below 70 %.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.corpus.causes import SHARE, told, words_of  # noqa: E402
from tests.corpus.measure import Snapshot, run_review  # noqa: E402

ALONE = ("repairs=off", "stages=[files,environment,full]")


@dataclass(frozen=True)
class Failure:
    """A failure of a full run, and the snapshot that has it."""

    snapshot: Snapshot
    text: str
    cause: str
    files: frozenset[str]
    distinct: bool


def main() -> int:
    """Review the snapshots one after the other and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("repositories", type=Path)
    parser.add_argument("--only", default="", help="repositories whose name contains this")
    parser.add_argument("--distinct", action="store_true", help="leave out repetitions of a mistake")
    parser.add_argument("--output", type=Path, default=Path("review-corpus-full"))
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_intermixed_args()
    counts = {True: [0, 0], False: [0, 0]}
    for failure in failures(options.manifest, options.repositories):
        if options.only not in failure.snapshot.repository or (options.distinct and not failure.distinct):
            continue
        seen = found(failure, reviewed(failure, options.output, [*ALONE, *options.overrides]))
        counts[failure.distinct][0] += seen.startswith("found")
        counts[failure.distinct][1] += 1
        kind = "distinct" if failure.distinct else "again"
        name = failure.snapshot.repository.split("-")[-2]
        print(
            f"{name} {failure.snapshot.commit[:9]} {kind:8} [{failure.cause}] {failure.text[:90]}\n    {seen}",
            flush=True,
        )
    distinct, again = counts[True], counts[False]
    total = [distinct[0] + again[0], distinct[1] + again[1]]
    print(f"\ndistinct: {distinct[0]} of {distinct[1]}; all: {total[0]} of {total[1]}")
    return 0 if all(one >= SHARE * of for one, of in (distinct, total)) else 1


def failures(manifest: Path, repositories: Path) -> Iterator[Failure]:
    """Failures of full runs that show on a CPU, in the manifest's order."""
    for entry in json.loads(manifest.read_text("utf-8")):
        path = repositories / entry["repo"].replace("/", "+")
        path = path / "repo" if (path / "repo").exists() else path
        for item in entry["failures"]:
            if item["phase"] != "full" or not item["visible_on_cpu_with_stand_ins"].startswith("yes"):
                continue
            commit = subprocess.run(
                ["git", "-C", str(path), "rev-parse", f"{item['fixed_by']}^"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            snapshot = Snapshot(entry["repo"], path, commit, "full", item["run_id"], item["cause"], None)
            files = frozenset(file for file in item["files"] if not file.startswith(".research"))
            yield Failure(snapshot, item["failure"], item["cause"], files, not item["repeat"])


def reviewed(failure: Failure, output: Path, overrides: list[str]) -> Mapping[str, Any]:
    """The review of its snapshot; the one in `output` where it was made before."""
    folder = output / f"{failure.snapshot.repository.split('-')[-2]}-{failure.snapshot.commit[:12]}"
    made = folder / "review.json"
    if made.is_file():
        stored: dict[str, Any] = json.loads(made.read_text("utf-8"))
        return stored
    return run_review(failure.snapshot, folder, overrides)


def found(failure: Failure, review: Mapping[str, Any]) -> str:
    """What was found of the failure, or how full mode ended without it, in words."""
    wanted = words_of(failure.text)
    blocking = {item["id"] for item in review["findings"] if item["severity"] == "blocking"}
    for item in told(review):
        same = item.cause == failure.cause or failure.files & item.files or len(wanted & item.words) >= 2
        if item.id in blocking and same:
            return f"found in {item.stage}, {item.cause}, {item.file}: {' '.join(item.message.split())[:150]}"
    ends = [f"{stage['stage']} {stage['status']}" for stage in review["stages"][-2:]]
    others = [f"{item['criterion']} {item['blame']}: {item['message'][:120]}" for item in review["findings"][:3]]
    return f"MISSED ({'; '.join(ends) or review.get('error', '')}) {'; '.join(others)}"


if __name__ == "__main__":
    sys.exit(main())
