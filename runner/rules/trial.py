"""Criteria that running the trial decides, as far as its end, its outputs and the observer's counters go."""

from __future__ import annotations

import re
from collections.abc import Callable

from runner.evidence import Evidence, TrialFacts
from runner.rules.base import Case, Draft, Judgement, decides, judged, missing_stage, not_exercised, passed
from runner.rules.failures import failures, merge
from runner.vocabulary import Blame, Cause, Confidence, CriterionOutcome, Provided, StageName, Status

_FIGURES = (".pdf", ".png", ".svg", ".jpg", ".jpeg")


def _completed(case: Case) -> list[Evidence]:
    return [evidence for evidence in case.of(StageName.TRIAL) if evidence.status is Status.OK]


def _all_completed(case: Case) -> bool:
    return len(_completed(case)) == len(case.run_ids) > 0


@decides("implementation.trial_completes")
def trial_completes(case: Case) -> Judgement:
    trials = case.of(StageName.TRIAL)
    if not trials:
        return not_exercised(missing_stage(case, StageName.TRIAL))
    found = [draft for draft in failures(case) if draft.criterion == "implementation.trial_completes"]
    if found:
        return judged(found)
    if _all_completed(case):
        return passed()
    ended = [draft for draft in failures(case) if draft.stage is StageName.TRIAL or draft.root]
    if any(draft.blame is Blame.SUBMISSION for draft in ended):
        return Judgement(CriterionOutcome.FAIL, why=f"stopped by: {ended[0].message}")
    return not_exercised("not every trial ran to its end, for reasons that are not the submission's")


def _share_of_failures(criterion: str, case: Case, passes_if_completed: bool = True) -> Judgement:
    """Criteria that a trial's failure may fail, and that a completed trial shows to hold."""
    if not case.of(StageName.TRIAL) and not case.of(StageName.COMPOSE):
        return not_exercised(missing_stage(case, StageName.TRIAL))
    found = [draft for draft in failures(case) if draft.criterion == criterion]
    if found:
        return judged(found)
    if not _all_completed(case):
        return not_exercised("not every trial ran to its end")
    if not passes_if_completed:
        return not_exercised("what would show it was not recorded")
    return passed()


@decides("data.loads")
def data_loads(case: Case) -> Judgement:
    return _share_of_failures("data.loads", case, _any_request(case, "dataset"))


@decides("model.builds")
def model_builds(case: Case) -> Judgement:
    return _share_of_failures("model.builds", case, all(_work(e).get("forward", 0) for e in _completed(case)))


@decides("wandb.off_in_trial")
def wandb_off(case: Case) -> Judgement:
    trials = [evidence for evidence in case.of(StageName.TRIAL) if evidence.wandb is not None]
    drafts = [draft for evidence in trials if (draft := _wandb_use(evidence)) is not None]
    found = [draft for draft in failures(case) if draft.criterion == "wandb.off_in_trial"]
    if drafts or found:
        return judged([*merge(drafts, set(case.run_ids)), *found])
    return passed() if trials and _all_completed(case) else not_exercised("not every trial ran to its end")


def _wandb_use(evidence: Evidence) -> Draft | None:
    """What a trial did with W&B: what the server saw, or the folder of a run that was never sent."""
    contact = evidence.wandb
    folders = sorted({found.group(0) for file in evidence.outputs if (found := _WANDB_RUN.search(file.path))})
    if contact is not None and contact.calls and not contact.problem:
        what, seen = "contacts the W&B server", [f"{contact.calls} calls", *contact.runs]
    elif folders:
        what, seen = "opens a W&B run that is not disabled", folders
    else:
        return None
    return Draft(
        criterion="wandb.off_in_trial",
        cause=Cause.WANDB,
        stage=StageName.TRIAL,
        run_id=evidence.run_id,
        message=f'The trial {what}; in trial mode W&B has to be disabled (mode="disabled") before anything asks it.',
        evidence="\n".join(seen),
        confidence=Confidence.CONFIRMED,
        root=("wandb", what),
    )


_WANDB_RUN = re.compile(r"wandb/(?:offline-)?run-\d{8}_\d{6}-[^/]+")
"""The folder that the client makes for every run but a disabled one."""


@decides("mode.trial_memory")
def trial_memory(case: Case) -> Judgement:
    return _share_of_failures("mode.trial_memory", case)


@decides("mode.trial_time")
def trial_time(case: Case) -> Judgement:
    return _share_of_failures("mode.trial_time", case)


@decides("implementation.work_observed")
def work_observed(case: Case) -> Judgement:
    trials = _completed(case)
    if not trials:
        return not_exercised("no trial ended with exit code 0")
    drafts = []
    for evidence in trials:
        work = _work(evidence)
        if not work.get("processes"):
            return not_exercised("the observer was not loaded into the trial's processes")
        if work.get("unobserved_children"):
            return not_exercised("the trial started processes that the observer did not see")
        if any(work.get(name) for name in ("forward", "backward", "optimizer_steps", "other_framework")):
            continue
        drafts.append(
            Draft(
                criterion="implementation.work_observed",
                cause=Cause.LOGIC,
                stage=StageName.TRIAL,
                run_id=evidence.run_id,
                file="src/main.py",
                message=f"The trial ended with exit code 0 after {evidence.wall_seconds:.1f} s "
                "without one forward pass of a model.",
                evidence=", ".join(f"{name}={value:g}" for name, value in sorted(work.items())),
                root=("no work",),
            )
        )
    return judged(merge(drafts, set(case.run_ids)))


@decides("structure.source_unchanged")
def source_unchanged(case: Case) -> Judgement:
    return _from_outputs(
        case,
        "structure.source_unchanged",
        lambda evidence: evidence.facts.changed_sources if isinstance(evidence.facts, TrialFacts) else [],
        lambda path: f"Running the code changes the submission's own file {path}.",
    )


@decides("evaluate.training_draws_nothing")
def training_draws_nothing(case: Case) -> Judgement:
    return _from_outputs(
        case,
        "evaluate.training_draws_nothing",
        lambda evidence: [
            file.path
            for file in evidence.outputs
            if file.path.lower().endswith(_FIGURES) and not file.path.startswith((".", "~/", "wandb/"))
        ],
        lambda path: f"The trial writes the figure {path}; only evaluate.py may draw.",
    )


@decides("data.cache_dir")
def cache_dir(case: Case) -> Judgement:
    return _from_outputs(
        case,
        "data.cache_dir",
        lambda evidence: _caches_elsewhere([file.path for file in evidence.outputs]),
        lambda path: f"Models or data sets are cached in {path}, not in .cache/ at the repository's root.",
    )


def _caches_elsewhere(paths: list[str]) -> list[str]:
    """Folders outside .cache/ that hold weights or prepared data.

    A data set's downloads do not count: `datasets` keeps them in the user's hub cache whatever cache_dir says, and only
    what it prepares from them (Arrow files) goes where it was told.
    """
    kept = {part for path in paths if path.startswith(".cache/") for part in path.split("/")}
    found = set()
    for path in paths:
        parts = path.split("/")
        model = next((part for part in parts if part.startswith("models--") and "blobs" in parts), None)
        if not path.startswith(".cache/") and (path.endswith(".arrow") or (model and model not in kept)):
            found.add(_cache_root(parts, model))
    return sorted(found)


def _cache_root(parts: list[str], model: str | None) -> str:
    """The folder that a reader would call the cache: the innermost .cache, or what holds the models or data sets."""
    if ".cache" in parts[1:]:
        end = len(parts) - parts[::-1].index(".cache")
    elif "datasets" in parts:
        end = parts.index("datasets") + 1
    else:
        end = parts.index(model) if model else -1
    return "/".join(parts[:end]) or "."


def _from_outputs(
    case: Case, criterion: str, paths_of: Callable[[Evidence], list[str]], message: Callable[[str], str]
) -> Judgement:
    trials = case.of(StageName.TRIAL)
    ran = [evidence for evidence in trials if evidence.status is not Status.INFRASTRUCTURE_ERROR]
    if not ran:
        return not_exercised(missing_stage(case, StageName.TRIAL))
    drafts = [
        Draft(
            criterion=criterion,
            cause=Cause.STRUCTURE if criterion.startswith("structure") else Cause.LOGIC,
            stage=StageName.TRIAL,
            run_id=evidence.run_id,
            message=message(path),
            root=(criterion, path.replace(evidence.run_id or "", "<run>")),
        )
        for evidence in ran
        for path in paths_of(evidence)
    ]
    if drafts:
        return judged(merge(drafts, set(case.run_ids)))
    return passed() if _all_completed(case) else not_exercised("not every trial ran to its end")


def _work(evidence: Evidence) -> dict[str, float]:
    return evidence.facts.work if isinstance(evidence.facts, TrialFacts) else {}


def _any_request(case: Case, kind: str) -> bool:
    requests = [request for evidence in _completed(case) for request in evidence.hub if request.kind == kind]
    return any(request.provided is not Provided.MISSING for request in requests)
