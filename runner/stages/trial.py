"""The trial stage: the exact command of the checklist, per run id, offline, under the trial's limits."""

from __future__ import annotations

import math
from functools import partial

from runner.evidence import Evidence, TrialFacts
from runner.stages.experiment import run_experiment
from runner.stages.over_budget import over_budget
from runner.vocabulary import StageName
from runner.workbench import Installed, Workbench


def run_trial(
    bench: Workbench,
    installed: Installed,
    run_id: str,
    number: int = 1,
    *,
    device: bool = False,
    wall_seconds: float | None = None,
) -> Evidence:
    """Run `uv run python -u -m src.main run=ID results_dir=DIR mode=trial` once.

    `device`: with the device stand-in; what shows then was seen on no real card. `wall_seconds`: less than the limit.
    """
    note = "mode=trial, on a stand-in GPU" if device else "mode=trial"
    bench.progress.stage_started(StageName.TRIAL, run_id, note)
    with bench.attempt(StageName.TRIAL, run_id, number) as attempt:
        evidence, facts = run_experiment(
            attempt,
            installed,
            "trial",
            device=device,
            wall_seconds=min(wall_seconds or math.inf, bench.settings.limits.wall_seconds),
            stop=partial(over_budget, bench),
        )
        evidence = evidence.model_copy(update={"facts": TrialFacts(**facts)})
    bench.progress.stage_finished(evidence)
    return evidence
