"""The results directory as evaluation finds it: with the folders that training leaves there, without their files.

Evaluation comes after training, in the same results_dir; a script may ask whether a run's folder is there. What it
needs of a run it is to get from W&B, so files are not carried over.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from runner.evidence import Evidence, FullFacts
from runner.submissions.paths import path_problem
from runner.vocabulary import Status

MAX_FOLDERS = 200
_DEPTH = 4


def folders_below(results: Path) -> list[str]:
    """Folders below a results directory, relative to it; links are not followed."""
    found: list[str] = []
    for folder, names, _ in os.walk(results):
        below = Path(folder).relative_to(results)
        names[:] = sorted(name for name in names if not (Path(folder) / name).is_symlink())
        found += [path for name in names if not path_problem(path := (below / name).as_posix())]
        if len(below.parts) >= _DEPTH - 1 or len(found) > MAX_FOLDERS:
            names.clear()
    return found[:MAX_FOLDERS]


def folders_left(run_ids: Sequence[str], before: Sequence[Evidence]) -> list[str]:
    """Folders that full mode left; each run's own where it did not come to its end, and may yet have made it."""
    full = {evidence.run_id: evidence for evidence in before if isinstance(evidence.facts, FullFacts)}
    found = [run_id for run_id in run_ids if run_id not in full or full[run_id].status is not Status.OK]
    for evidence in full.values():
        found += evidence.facts.folders if isinstance(evidence.facts, FullFacts) else []
    return list(dict.fromkeys(found))


def make_folders(results: Path, folders: Sequence[str]) -> None:
    """Make a new results directory with these folders."""
    results.mkdir(exist_ok=True)
    for folder in folders:
        (results / folder).mkdir(parents=True, exist_ok=True)
