"""Measures the reviewer on real repositories whose outcome on a GPU runner is known.

    python tests/corpus/measure.py MANIFEST REPOSITORIES [--which passed|generated|both] [--only WORD] [KEY=VALUE ...]

MANIFEST is the JSON list of repositories; REPOSITORIES a folder in which `owner+name/repo` or `owner+name` is a git
repository of each. None of their code is part of this project. Asks of every snapshot what the corpus asks: does a
trial that passed on the real runner run clean here, and is a submission as first generated not ready, for the first
cause of its list? Prints one line per snapshot and the sums; writes all reviews below --output.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Snapshot:
    """One commit to review."""

    repository: str
    path: Path
    commit: str
    which: str
    run_id: str | None
    """The run id that passed; None: all of them."""
    first_cause: str | None
    real_seconds: float | None


def main() -> int:
    """Review the snapshots one after the other; exit status 1 if one of them is judged wrongly."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("repositories", type=Path)
    parser.add_argument("--which", choices=["passed", "generated", "both"], default="both")
    parser.add_argument("--only", default="", help="snapshots whose repository or run id contains this")
    parser.add_argument("--output", type=Path, default=Path("review-corpus"))
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_intermixed_args()
    counts = {"passed": [0, 0], "generated": [0, 0]}
    for number, snapshot in enumerate(snapshots(options.manifest, options.repositories)):
        if options.which not in ("both", snapshot.which):
            continue
        if options.only not in f"{snapshot.repository} {snapshot.run_id}":
            continue
        review = run_review(snapshot, options.output / f"{number:02d}-{snapshot.which}", options.overrides)
        good, line = assess(snapshot, review)
        counts[snapshot.which][0] += good
        counts[snapshot.which][1] += 1
        print(f"{'ok ' if good else 'BAD'} {number:02d} {snapshot.which:9} {line}", flush=True)
    for which, (good, total) in counts.items():
        if total:
            what = {"passed": "trial runs clean or is stopped over its budget", "generated": "first cause found"}[which]
            print(f"{which}: {good} of {total}: {what}")
    return 0 if all(good == total for good, total in counts.values()) else 1


def snapshots(manifest: Path, repositories: Path) -> Iterator[Snapshot]:
    """What the manifest lists, in its order."""
    for entry in json.loads(manifest.read_text("utf-8")):
        path = repositories / entry["repo"].replace("/", "+")
        path = path / "repo" if (path / "repo").exists() else path
        cause = entry["failures"][0]["cause"] if entry["failures"] else None
        yield Snapshot(entry["repo"], path, entry["generated"], "generated", None, cause, None)
        for run_id, passed in (entry["trial_passed"] or {}).items():
            yield Snapshot(entry["repo"], path, passed["sha"], "passed", run_id, None, passed["seconds"])


def run_review(snapshot: Snapshot, output: Path, overrides: list[str]) -> dict[str, object]:
    """One review by the command line, as a user would make it."""
    words = [f"{snapshot.path}@{snapshot.commit}", "--json", "--output", str(output), *overrides]
    if snapshot.run_id:
        words.append(f"runs=['{snapshot.run_id}']")
    done = subprocess.run(
        [sys.executable, "-m", "runner.cli", *words], capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode not in (0, 1, 3) or not done.stdout:
        return {"error": done.stderr[-500:], "verdict": "none", "stages": [], "findings": [], "timings": {}}
    review: dict[str, object] = json.loads(done.stdout)
    return review


RUNTIME = (
    "implementation.installs",
    "implementation.imports",
    "implementation.trial_completes",
    "hydra.composes",
    "data.loads",
    "model.builds",
)
"""What code that ran on the real runner cannot fail; budgets and validity are another matter."""


def assess(snapshot: Snapshot, review: dict[str, object]) -> tuple[bool, str]:
    """Whether the review says what the real runner said, and a line about it."""
    attempts = [stage for stage in review["stages"] if stage["stage"] == "trial"]  # type: ignore[attr-defined]
    # A later attempt stands where an earlier one missed something of ours, such as a GPU.
    trials = list({stage["run_id"]: stage for stage in attempts}.values())
    findings: list[dict[str, object]] = review["findings"]  # type: ignore[assignment]
    first = findings[0] if findings else None
    seconds = sum(stage["wall_seconds"] for stage in trials)
    told = f"{first['cause']} {first['blame']} {str(first['message'])[:140]}" if first else review.get("error", "")
    told = f"attempt {trials[-1]['attempt']}; {told}" if trials and trials[-1]["attempt"] > 1 else told
    name = f"{snapshot.repository.split('/')[1][6:21]} {(snapshot.run_id or '')[:14]:14}"
    line = f"{name} {review['verdict']:12} trial {seconds:5.1f} s  {told}"
    blocking = [f for f in findings if f["severity"] == "blocking" and f["blame"] == "submission"]
    if snapshot.which == "passed":
        # A second look with wider stand-ins may be too slow to end; the first one then stands.
        clean = {stage["run_id"] for stage in attempts if stage["status"] in ("ok", "stopped_over_budget")}
        ran = bool(trials) and all(stage["run_id"] in clean for stage in trials)
        ended = ", ".join(dict.fromkeys(str(stage["status"]) for stage in attempts))
        told = "; ".join(dict.fromkeys(f"{f['criterion']}: {str(f['message'])[:110]}" for f in blocking))
        accused = any(f["criterion"] in RUNTIME for f in blocking)
        return ran and not accused, f"{name} {review['verdict']:12} trial {seconds:5.1f} s {ended}  {told}"
    found = any(finding["cause"] == snapshot.first_cause for finding in blocking)
    return review["verdict"] == "not_ready" and found, f"[{snapshot.first_cause}] {line}"


if __name__ == "__main__":
    sys.exit(main())
