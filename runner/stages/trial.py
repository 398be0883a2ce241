"""The trial stage: the exact command of the checklist, per run id, offline, under the trial's limits."""

from __future__ import annotations

from runner.evidence import Evidence, TrialFacts
from runner.stages.environment.stage import mounts_of, run_variables
from runner.vocabulary import StageName
from runner.workbench import Installed, Workbench
from sandbox.observed import observer_variables, read_counters

RESULTS = "results"
"""results_dir, below the workspace."""


def run_trial(bench: Workbench, installed: Installed, run_id: str, number: int = 1) -> Evidence:
    """Run `uv run python -u -m src.main run=ID results_dir=DIR mode=trial` once."""
    bench.progress.stage_started(StageName.TRIAL, run_id, "mode=trial")
    with bench.attempt(StageName.TRIAL, run_id, number) as attempt:
        words = trial_words(run_id, f"{attempt.root}/{RESULTS}")
        counters = bench.sandbox.mount(attempt.folder("counters"), "/observed", writable=True)
        command = [bench.sandbox.uv, "run", "python", "-u", "-m", "src.main", *words]
        outcome = attempt.run(
            command,
            wall_seconds=bench.settings.limits.wall_seconds,
            environment={
                **run_variables(installed),
                **experiment_variables(bench),
                **observer_variables(attempt.tool(""), counters.target),
            },
            mounts=[*mounts_of(bench, installed), counters],
            with_hub=True,
        )
        facts = TrialFacts(
            work=read_counters(counters.source),
            changed_sources=attempt.changed_sources(),
            stdout_empty=outcome.stdout_bytes == 0,
        )
        evidence = attempt.evidence(outcome, command).model_copy(update={"facts": facts})
    bench.progress.stage_finished(evidence)
    return evidence


def trial_words(run_id: str, results: str) -> list[str]:
    """The command line's words behind the module, as the checklist gives them."""
    return [f"run={run_id}", f"results_dir={results}", "mode=trial"]


def experiment_variables(bench: Workbench) -> dict[str, str]:
    """What the real runner's environment has, and what makes failures readable."""
    threads = str(max(1, int(min(bench.settings.limits.cpus, 64))))
    return {
        # The checklist promises a key; it opens nothing, there is no network.
        "WANDB_API_KEY": "0" * 40,
        # Hydra shortens tracebacks otherwise, and cuts off the first cause.
        "HYDRA_FULL_ERROR": "1",
        "PYTHONFAULTHANDLER": "1",
        # torch would start a thread for every core of the host, whatever the sandbox may use.
        "OMP_NUM_THREADS": threads,
        "LANG": "C.UTF-8",
    }
