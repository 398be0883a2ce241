"""The full stage: the command in full mode, cut short, against the W&B mock; it shows what a trial skips."""

from __future__ import annotations

import math
from pathlib import Path

from runner.attempt import Attempt
from runner.evidence import RESULTS, Evidence, FullFacts, LoggedRun
from runner.stages.evaluate.results_folder import folders_below
from runner.stages.experiment import run_experiment
from runner.stages.periods import with_lower_periods
from runner.vocabulary import StageName
from runner.workbench import Installed, Workbench
from sandbox.probe import cut_variables
from sandbox.wandb_mock import RunRecord, stored_runs
from sandbox.wandb_mock.history import flatten

STORE = "wandb.db"
"""The W&B mock's store, in an attempt's folder."""


def run_full(
    bench: Workbench,
    installed: Installed,
    run_id: str,
    number: int = 1,
    *,
    device: bool = False,
    wall_seconds: float | None = None,
    as_written: bool = False,
) -> Evidence:
    """Run `uv run python -u -m src.main run=ID results_dir=DIR mode=full` once, loops cut short, periods lowered.

    `device` and `wall_seconds` as for a trial; `as_written`: with no value of the run's configuration lowered.
    """
    note = "mode=full, cut short" + (", on a stand-in GPU" if device else "")
    bench.progress.stage_started(StageName.FULL, run_id, note + (", periods as written" if as_written else ""))
    copy, lowered = (bench.submission, []) if as_written else with_lower_periods(bench.submission, run_id)
    with bench.attempt(StageName.FULL, run_id, number, submission=copy) as attempt:
        evidence, facts = run_experiment(
            attempt,
            installed,
            "full",
            device=device,
            wall_seconds=min(wall_seconds or math.inf, bench.settings.limits.full_seconds),
            variables=cut_variables(),
        )
        folders = folders_below(attempt.workspace / RESULTS)
        full = FullFacts(**facts, runs=_logged(attempt), lowered=lowered, folders=folders)
        evidence = evidence.model_copy(update={"facts": full})
    bench.progress.stage_finished(evidence)
    return evidence


def _logged(attempt: Attempt) -> list[LoggedRun]:
    store: Path = attempt.record / STORE
    return [logged_run(record) for record in stored_runs(store)] if store.is_file() else []


def logged_run(record: RunRecord) -> LoggedRun:
    """A run of the mock's as facts."""
    return LoggedRun(
        entity=record.entity,
        project=record.project,
        id=record.id,
        mode=record.mode,
        state=record.state,
        rows=len(record.history),
        keys={name: sum(name in row for row in record.history) for name in record.metrics[:500]},
        summary=[key for key in flatten(record.summary) if not key.startswith("_")][:500],
        config=[key for key in record.config if not key.startswith("_")][:500],
    )
