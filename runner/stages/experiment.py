"""The experiment's command in either mode: instruments around it, services beside it, facts of what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from runner.attempt import Attempt
from runner.evidence import RESULTS, Evidence
from runner.probe_facts import MODEL_WORK
from runner.stages.environment.stage import mounts_of, run_variables
from runner.stages.instruments import instruments, probe_facts
from runner.stages.printed import not_numbers, printed_documents, read_printed
from runner.vocabulary import Status
from runner.workbench import Installed, Workbench
from sandbox.probe import EventServer

DEVICE_STAND_IN = "device stand-in: cuda served by the CPU"
_Stop = Callable[[], bool] | None


def run_experiment(
    attempt: Attempt,
    installed: Installed,
    mode: str,
    *,
    device: bool,
    wall_seconds: float,
    variables: Mapping[str, str] | None = None,
    stop: Callable[[EventServer], _Stop] = lambda events: None,
) -> tuple[Evidence, dict[str, Any]]:
    """Run the command once; its evidence without facts, and the fields of ExperimentFacts.

    `variables`: environment to add. `stop` makes the watchdog's question from the probe's live counters.
    """
    bench = attempt.bench
    words = experiment_words(attempt.run_id or "", f"{attempt.root}/{RESULTS}", mode)
    command = [bench.sandbox.uv, "run", "python", "-u", "-m", "src.main", *words]
    with instruments(attempt, installed, device=device) as loaded:
        environment = {**run_variables(installed), **experiment_variables(bench), **loaded.variables}
        outcome = attempt.run(
            command,
            wall_seconds=wall_seconds,
            environment={**environment, **(variables or {})},
            mounts=[*mounts_of(bench, installed), *loaded.mounts],
            with_services=True,
            stop=stop(loaded.events),
        )
    seen = probe_facts(attempt, outcome)
    printed = read_printed(attempt.record / "stdout.txt")
    facts = {
        "work": seen.counters,
        "probe": seen.model_copy(update={"not_numbers": [*seen.not_numbers, *not_numbers(printed)]}),
        "printed_documents": printed_documents(printed),
        "changed_sources": attempt.changed_sources(),
        "stdout_empty": outcome.stdout_bytes == 0,
        "device_served": list(loaded.served().names),
    }
    bypasses = [DEVICE_STAND_IN] if device else []
    evidence = attempt.evidence(outcome, command).model_copy(update={"bypasses": bypasses})
    if evidence.status is Status.OK and not any(seen.counters.get(name) for name in MODEL_WORK):
        facts["printed_failure"] = attempt.printed_traceback()
    return evidence, facts


def experiment_words(run_id: str, results: str, mode: str) -> list[str]:
    """The command line's words behind the module, as the checklist gives them."""
    return [f"run={run_id}", f"results_dir={results}", f"mode={mode}"]


def experiment_variables(bench: Workbench) -> dict[str, str]:
    """What the real runner's environment has, and what makes failures readable."""
    threads = str(max(1, int(min(bench.settings.limits.cpus, 64))))
    return {
        # Hydra shortens tracebacks otherwise, and cuts off the first cause.
        "HYDRA_FULL_ERROR": "1",
        "PYTHONFAULTHANDLER": "1",
        # torch would start a thread for every core of the host, whatever the sandbox may use.
        "OMP_NUM_THREADS": threads,
        # Threads that wait by spinning make each other wait where the machine has other work: on a busy one, layers as
        # narrow as a stand-in's took ten times as long.
        "OMP_WAIT_POLICY": "PASSIVE",
        "LANG": "C.UTF-8",
    }
