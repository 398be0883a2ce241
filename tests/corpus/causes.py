"""How many of the causes that a real runner met one by one does one review list?

    python tests/corpus/causes.py MANIFEST REPOSITORIES [--only WORD] [--reviews DIR] [--apply] [KEY=VALUE ...]

MANIFEST and REPOSITORIES are those of measure.py. Every snapshot as first generated is reviewed (or its review read
from DIR, as measure.py left it), and its findings are held against the manifest's failures. A distinct cause that shows
on a CPU is found if a finding has the same cause and lies in one of its files, or has the same cause and a telling word
and the repair over it edits one of them, or has the same cause and two telling words. One finding finds one cause; the
table shows the pairs, so that a reader can judge them.

With --apply, repairs.patch is applied to a copy by `git apply` and the copy is reviewed: no blocker that was stepped
over may show again, and the repositories in which every trial then ends with exit code 0 are counted. Exit status 1 if
the share is below 70 % or a blocker shows again.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.corpus.measure import Snapshot, run_review, snapshots  # noqa: E402

SHARE = 0.7
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]{2,}")
_COMMON_WORDS = """
the and are for not has with from that this when into only none null true false instead one two does never any file
files config configuration hydra yaml omegaconf error errors code string python src train main model data dataset trial
mode full run line must have same module load there being found key value proposed comparative iter1 dict type object
see another configs cfg out its use
"""
"""Words that say nothing of which mistake it is."""
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass
class Wanted:
    """A distinct cause of the manifest, with its repetitions."""

    cause: str
    phase: str
    failure: str
    files: set[str]
    words: set[str]


@dataclass
class Told:
    """A blocking finding of a review, with the repair that steps over it."""

    id: str
    cause: str
    stage: str
    file: str | None
    files: set[str]
    words: set[str]
    message: str


@dataclass
class Outcome:
    """What one repository's review listed."""

    name: str
    found: list[tuple[Wanted, Told]] = field(default_factory=list)
    missed: list[Wanted] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)


def main() -> int:
    """Measure all snapshots; prints a line per cause and the sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("repositories", type=Path)
    parser.add_argument("--only", default="", help="repositories whose name contains this")
    parser.add_argument("--reviews", type=Path, help="read the reviews from here instead of making them")
    parser.add_argument("--apply", action="store_true", help="apply repairs.patch and review again")
    parser.add_argument("--output", type=Path, default=Path("review-corpus"))
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_intermixed_args()
    entries = {entry["repo"]: entry for entry in json.loads(options.manifest.read_text("utf-8"))}
    outcomes, again, clean, patched = [], 0, 0, 0
    for number, snapshot in enumerate(snapshots(options.manifest, options.repositories)):
        if snapshot.which != "generated" or options.only not in snapshot.repository:
            continue
        folder = (options.reviews or options.output) / f"{number:02d}-generated"
        if options.reviews is None:
            run_review(snapshot, folder, options.overrides)
        if not (folder / "review.json").is_file():
            print(f"\n{snapshot.repository}: no review", flush=True)
            continue
        review = json.loads((folder / "review.json").read_text("utf-8"))
        outcome = compared(snapshot.repository, review, wanted(entries[snapshot.repository]["failures"]))
        outcomes.append(outcome)
        show(outcome)
        if options.apply and (folder / "repairs.patch").is_file():
            second = apply_and_review(snapshot, folder, options.output / f"{number:02d}-patched", options.overrides)
            back = shown_again(review, second)
            passed = all_trials_pass(second)
            again, clean, patched = again + bool(back), clean + passed, patched + 1
            print(f"  patched: {'all trials exit 0' if passed else 'a trial fails'}; shown again: {back or 'none'}")
    found, missed = sum(len(o.found) for o in outcomes), sum(len(o.missed) for o in outcomes)
    share = found / max(1, found + missed)
    print(f"\n{found} of {found + missed} distinct causes in one review: {share:.0%}")
    if options.apply:
        print(
            f"{patched} patches applied: {clean} bring every trial to exit 0; {again} meet a stepped-over blocker again"
        )
    return 0 if share >= SHARE and not again else 1


def wanted(failures: Sequence[Mapping[str, Any]]) -> list[Wanted]:
    """The distinct causes that show on a CPU. A repetition adds its files and words to the cause that it repeats."""
    causes: list[Wanted] = []
    visible: list[Wanted] = []
    for entry in failures:
        same = [cause for cause in causes if cause.cause == entry["cause"]]
        files, words = {f for f in entry["files"] if not f.startswith(".research")}, words_of(entry["failure"])
        if entry["repeat"] and same:
            same[-1].files |= files
            same[-1].words |= words
            continue
        cause = Wanted(entry["cause"], entry["phase"], entry["failure"], files, words)
        causes.append(cause)
        if str(entry["visible_on_cpu_with_stand_ins"]).startswith("yes") and not entry["introduced_by_a_fix"]:
            visible.append(cause)
    return visible


def compared(name: str, review: Mapping[str, Any], causes: Sequence[Wanted]) -> Outcome:
    """The best pairs of cause and finding; each finding finds one cause."""
    findings = told(review)
    outcome = Outcome(name, repairs=[f"{step['kind']}: {step['what']}" for step in review.get("repairs", [])])
    outcome.found = best_pairs(list(causes), findings)
    taken = {id(cause) for cause, _ in outcome.found}
    outcome.missed = [cause for cause in causes if id(cause) not in taken]
    return outcome


def best_pairs(causes: list[Wanted], findings: list[Told]) -> list[tuple[Wanted, Told]]:
    """As many pairs as can be made, each finding once; of those, the ones with most in common."""

    def pairs(number: int, free: frozenset[int]) -> tuple[tuple[int, int], list[tuple[Wanted, Told]]]:
        if number == len(causes):
            return (0, 0), []
        best = pairs(number + 1, free)
        for place in sorted(free):
            score = _score(causes[number], findings[place])
            if score:
                (count, total), rest = pairs(number + 1, free - {place})
                if (count + 1, total + score) > best[0]:
                    best = (count + 1, total + score), [(causes[number], findings[place]), *rest]
        return best

    return pairs(0, frozenset(range(len(findings))))[1]


def told(review: Mapping[str, Any]) -> list[Told]:
    """What the review holds against the submission."""
    steps = {over: step for step in review.get("repairs", []) for over in step["over"]}
    found = []
    for finding in review["findings"]:
        if finding["blame"] != "submission":
            continue
        step = steps.get(finding["id"], {"files": [], "what": ""})
        text = f"{finding['message']} {finding['evidence']} {step['what']}"
        files = {finding["file"], *step["files"]} - {None}
        found.append(
            Told(
                finding["id"],
                finding["cause"],
                finding["stage"],
                finding["file"],
                files,
                words_of(text),
                finding["message"],
            )
        )
    return found


def _score(cause: Wanted, item: Told) -> int:
    """0 where they are not the same mistake; more for a file, the stage and for words in common."""
    common = len(cause.words & item.words)
    if cause.cause != item.cause:
        return 0
    if item.file in cause.files or (cause.files & item.files and common):
        return 3 + common + (cause.phase == item.stage)
    return common if common >= 2 else 0


def words_of(text: str) -> set[str]:
    """Its telling words, in one form each."""
    words = {word.lower() for word in _WORD.findall(text.replace("_", " "))}
    return {word.removesuffix("s") for word in words - _COMMON} - _COMMON


def show(outcome: Outcome) -> None:
    """The table of one repository."""
    print(f"\n{outcome.name}")
    for cause, item in outcome.found:
        print(f"  found   {cause.cause:14} {cause.failure[:110]}")
        print(f"          {item.id + ':':14} {' '.join(item.message.split())[:110]}")
    for cause in outcome.missed:
        print(f"  MISSED  {cause.cause:14} [{cause.phase}] {cause.failure[:110]}")
    for step in outcome.repairs:
        print(f"  step    {step[:150]}", flush=True)


def apply_and_review(snapshot: Snapshot, reviewed: Path, output: Path, overrides: list[str]) -> dict[str, Any]:
    """Review a copy of the snapshot that has the patch, and nothing else changed."""
    copy = output / "submission"
    copy.mkdir(parents=True, exist_ok=True)
    archive = subprocess.run(
        ["git", "-C", str(snapshot.path), "archive", snapshot.commit], capture_output=True, check=True
    )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(copy, filter="data")
    subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
    patch = (reviewed / "repairs.patch").resolve()
    subprocess.run(["git", "apply", "--whitespace=nowarn", str(patch)], cwd=copy, check=True)
    words = [str(copy), "--json", "--output", str(output / "review"), "repairs=off", *overrides]
    created = json.loads((reviewed / "review.json").read_text("utf-8"))["submission"]["created_at"]
    if created:
        words.append(f"env.resolved_as_of='{created}'")
    done = subprocess.run(
        [sys.executable, "-m", "runner.cli", *words], capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode not in (0, 1, 3) or not done.stdout:
        raise RuntimeError(f"{snapshot.repository}: the patched copy could not be reviewed: {done.stderr[-500:]}")
    review: dict[str, Any] = json.loads(done.stdout)
    return review


def shown_again(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Messages of blockers that the patch steps over and that the second review has all the same."""
    over = {identifier for step in first.get("repairs", []) for identifier in step["over"]}
    stepped = {_mistake(finding) for finding in first["findings"] if finding["id"] in over}
    return [finding["message"][:120] for finding in second["findings"] if _mistake(finding) in stepped]


def _mistake(finding: Mapping[str, Any]) -> tuple[str, str, str]:
    message = re.sub(r"\((?:the trial of|importing) .*", "", finding["message"], flags=re.DOTALL)
    return finding["criterion"], finding["file"] or "", message


def all_trials_pass(review: Mapping[str, Any]) -> bool:
    """Whether the last trial of every run id ended with exit code 0."""
    last = {stage["run_id"]: stage for stage in review["stages"] if stage["stage"] == "trial"}
    return (
        bool(last)
        and set(last) == set(review["submission"]["run_ids"])
        and all(stage["exit_code"] == 0 for stage in last.values())
    )


if __name__ == "__main__":
    sys.exit(main())
