"""The evaluate stage: the checklist's command for all run ids at once, and the same on variants of the runs."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

from runner.attempt import Attempt
from runner.comparison import direction_of
from runner.evaluation_facts import RESULTS, EvaluateFacts, Evaluation, RunAsked, RunServed
from runner.evidence import Evidence, FilesFacts
from runner.metric_names import Names, names_in
from runner.stages.environment.stage import mounts_of, run_variables
from runner.stages.evaluate.outputs import Written, read_outputs
from runner.stages.evaluate.results_folder import folders_left, make_folders
from runner.stages.evaluate.runs import STORE, Planned, fill, plan_runs, variants
from runner.stages.experiment import experiment_variables
from runner.stages.instruments import instruments
from runner.submissions.model import Submission
from runner.vocabulary import StageName, Status
from runner.workbench import Installed, Workbench
from sandbox.wandb_mock import Call
from sandbox.wandb_mock.server import DEFAULT_ENTITY

SCRIPT = "src/evaluate.py"
Words = Literal["key=value", "positional", "flags"]
"""How results_dir and run_ids are given."""


@dataclass(frozen=True)
class _Ran:
    """One run of the command: its evidence and what it left."""

    evidence: Evidence
    evaluation: Evaluation


def cannot_run(submission: Submission, before: Sequence[Evidence]) -> str:
    """Why there is nothing to run, "" if there is."""
    if SCRIPT not in submission.files:
        return f"{SCRIPT} is missing"
    facts = next((e.facts for e in before if isinstance(e.facts, FilesFacts)), None)
    problems = facts.problems if facts is not None else []
    stopped = next((p for p in problems if p.file == SCRIPT and p.kind in ("syntax", "empty")), None)
    return f"{SCRIPT} does not compile: {stopped.message}" if stopped else ""


def run_evaluate(bench: Workbench, installed: Installed, before: Sequence[Evidence], number: int = 1) -> Evidence:
    """Run the evaluation command once on the runs as they are, and once on each variant that applies.

    `before`: the deciding attempts of the stages before this one. What full mode did not log is made up.
    """
    submission = bench.submission
    if problem := cannot_run(submission, before):
        return bench.not_run(StageName.EVALUATE, None, number, Status.SKIPPED, problem)
    bench.progress.stage_started(StageName.EVALUATE, None, "on the logged runs and on variants")
    names = names_in(submission.tree())
    planned = plan_runs(submission, before, bench.directory, names, DEFAULT_ENTITY)
    todo: list[tuple[str, Sequence[Planned]]] = [("logged", planned), ("baseline-wins", variants(planned, True))]
    hypothesis = submission.hypothesis
    if hypothesis and direction_of(hypothesis.primary_metric, hypothesis.expected_result) == "lower":
        todo.append(("lower-wins", variants(planned, False)))
    # No GPU: a lease is exclusive, and figures need none.
    calm = replace(bench, settings=bench.settings.model_copy(update={"gpu": 0}))
    began = time.monotonic()
    folders = folders_left(submission.run_ids, before)
    ran = _side_by_side(calm, installed, number, todo, "key=value", folders)
    other = other_words(ran[0].evaluation, submission.files[SCRIPT])
    if other != "key=value" and not bench.cancel.is_set():
        bench.progress.stage_note(f"stepping over: its words are given as {other}")
        ran += _side_by_side(calm, installed, number, todo, other, folders)
    bench.sandbox_seconds += time.monotonic() - began
    facts = EvaluateFacts(
        evaluations=[item.evaluation for item in ran],
        made_up=[run.made.id for run in planned if run.origin != "logged"],
        known_names=_known(names, ran[0].evaluation.runs),
        name_patterns=list(names.patterns)[:500],
    )
    bypasses = [] if other == "key=value" else [f"the evaluation script is given its words as {other}"]
    evidence = ran[0].evidence.model_copy(update={"facts": facts, "bypasses": bypasses})
    bench.progress.stage_finished(evidence)
    return evidence


def evaluate_words(results: str, run_ids: Sequence[str], way: Words = "key=value") -> list[str]:
    """The command line's words behind the module; by default as the checklist gives them."""
    ids = json.dumps(list(run_ids))
    match way:
        case "positional":
            return [results, ids]
        case "flags":
            return ["--results_dir", results, "--run_ids", ids]
        case _:
            return [f"results_dir={results}", f"run_ids={ids}"]


def other_words(base: Evaluation, script: str) -> Words:
    """In which way the script wants its words instead, if it refused the checklist's before it did anything else."""
    if base.status is not Status.FAILED or base.calls:
        return "key=value"
    kind = base.traceback.type if base.traceback is not None else ""
    refused = base.exit_code == 2 or kind.endswith("JSONDecodeError") or "run_ids=" in base.stderr_tail[-600:]
    if not refused or "argparse" not in script:
        return "key=value"
    return "flags" if re.search(r"""["']--run[-_]ids""", script) else "positional"


def _side_by_side(
    bench: Workbench,
    installed: Installed,
    number: int,
    todo: Sequence[tuple[str, Sequence[Planned]]],
    way: Words,
    folders: Sequence[str],
) -> list[_Ran]:
    """Most of the time of each is imports, which fill one core."""
    with ThreadPoolExecutor(len(todo)) as pool:
        return list(pool.map(lambda item: _run(bench, installed, number, item[0], item[1], way, folders), todo))


def _run(
    bench: Workbench,
    installed: Installed,
    number: int,
    variant: str,
    planned: Sequence[Planned],
    way: Words,
    folders: Sequence[str],
) -> _Ran:
    own = replace(bench)  # counts its own seconds
    part = "-".join([*([] if variant == "logged" else [variant]), *([] if way == "key=value" else [way])])
    with own.attempt(StageName.EVALUATE, None, number, part=part) as attempt:
        served = fill(attempt.record / STORE, planned)
        run_ids = [run.run_id for run in served]
        results = f"{attempt.root}/{RESULTS}"
        words = evaluate_words(results, run_ids, way)
        command = [bench.sandbox.uv, "run", "python", "-m", "src.evaluate", *words]
        make_folders(attempt.workspace / RESULTS, folders)
        with instruments(attempt, installed, device=False) as loaded:
            outcome = attempt.run(
                command,
                wall_seconds=bench.settings.limits.evaluate_seconds,
                environment={**run_variables(installed), **experiment_variables(bench), **loaded.variables},
                mounts=[*mounts_of(bench, installed), *loaded.mounts],
                with_services=True,
            )
        evidence = attempt.evidence(outcome, command)
        written = read_outputs(attempt.workspace / RESULTS)
        return _Ran(evidence, _evaluation(attempt, evidence, variant, way, served, written))


def _evaluation(
    attempt: Attempt, evidence: Evidence, variant: str, way: Words, served: list[RunServed], written: Written
) -> Evaluation:
    contact = evidence.wandb
    return Evaluation(
        variant=variant,  # type: ignore[arg-type]
        words=way,
        command=evidence.command,
        status=evidence.status,
        status_evidence=evidence.status_evidence,
        exit_code=evidence.exit_code,
        wall_seconds=evidence.wall_seconds,
        traceback=evidence.traceback,
        stderr_tail=evidence.stderr_tail[-3000:],
        runs=served,
        asked=_asked(attempt.wandb_calls, served),
        calls=contact.calls if contact is not None else 0,
        mock_problem="no W&B server was there" if contact is None else contact.problem,
        documents=written.documents,
        figures=written.figures,
        tables=written.tables[:200],
        significance=written.significance,
        cut=written.cut,
        unread=written.unread,
        directory=evidence.directory,
    )


def _asked(calls: Sequence[Call], served: Sequence[RunServed]) -> list[RunAsked]:
    asked = []
    for run in served:
        parts = [call.reads[run.run_id] for call in calls if run.run_id in call.reads]
        requests = list(dict.fromkeys(tuple(part["history"]) for part in parts if part.get("history")))
        asked.append(
            RunAsked(
                run_id=run.run_id,
                history=any("history" in part for part in parts),
                summary=any("summary" in part for part in parts),
                config=any("config" in part for part in parts),
                keys=list(dict.fromkeys(key for request in requests for key in request))[:500],
                requests=[list(request) for request in requests[:100]],
            )
        )
    return asked


def _known(names: Names, served: Sequence[RunServed]) -> list[str]:
    seen = (name for run in served for name in (*run.history, *run.summary))
    return list(dict.fromkeys([*seen, *names.literals]))[:3000]
