"""The trial stage: the exact command of the checklist, per run id, offline, under the trial's limits."""

from __future__ import annotations

import math

from runner.evidence import Evidence, TrialFacts
from runner.stages.environment.stage import mounts_of, run_variables
from runner.stages.instruments import instruments, probe_facts
from runner.stages.over_budget import over_budget
from runner.stages.printed import not_numbers, printed_documents, read_printed
from runner.vocabulary import StageName
from runner.workbench import Installed, Workbench

DEVICE_STAND_IN = "device stand-in: cuda served by the CPU"
RESULTS = "results"
"""results_dir, below the workspace."""


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
        words = trial_words(run_id, f"{attempt.root}/{RESULTS}")
        command = [bench.sandbox.uv, "run", "python", "-u", "-m", "src.main", *words]
        with instruments(attempt, installed, device=device) as loaded:
            outcome = attempt.run(
                command,
                wall_seconds=min(wall_seconds or math.inf, bench.settings.limits.wall_seconds),
                environment={**run_variables(installed), **experiment_variables(bench), **loaded.variables},
                mounts=[*mounts_of(bench, installed), *loaded.mounts],
                with_services=True,
                stop=over_budget(bench, loaded.events),
            )
        seen = probe_facts(attempt, outcome)
        printed = read_printed(attempt.record / "stdout.txt")
        facts = TrialFacts(
            work=seen.counters,
            probe=seen.model_copy(update={"not_numbers": [*seen.not_numbers, *not_numbers(printed)]}),
            printed_documents=printed_documents(printed),
            changed_sources=attempt.changed_sources(),
            stdout_empty=outcome.stdout_bytes == 0,
            device_served=list(loaded.served().names),
        )
        update = {"facts": facts, "bypasses": [DEVICE_STAND_IN] if device else []}
        evidence = attempt.evidence(outcome, command).model_copy(update=update)
    bench.progress.stage_finished(evidence)
    return evidence


def trial_words(run_id: str, results: str) -> list[str]:
    """The command line's words behind the module, as the checklist gives them."""
    return [f"run={run_id}", f"results_dir={results}", "mode=trial"]


def experiment_variables(bench: Workbench) -> dict[str, str]:
    """What the real runner's environment has, and what makes failures readable."""
    threads = str(max(1, int(min(bench.settings.limits.cpus, 64))))
    return {
        # Hydra shortens tracebacks otherwise, and cuts off the first cause.
        "HYDRA_FULL_ERROR": "1",
        "PYTHONFAULTHANDLER": "1",
        # torch would start a thread for every core of the host, whatever the sandbox may use.
        "OMP_NUM_THREADS": threads,
        "LANG": "C.UTF-8",
    }
