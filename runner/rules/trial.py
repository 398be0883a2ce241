"""Criteria that a trial's end and the files that it leaves decide."""

from __future__ import annotations

from collections.abc import Callable

from runner.evidence import Evidence, TrialFacts
from runner.probe_facts import Place
from runner.rules.base import Case, Draft, Judgement, decides, judged, missing_stage, not_exercised, passed
from runner.rules.failures import failures
from runner.rules.idle import model_calls
from runner.rules.merging import merge
from runner.rules.observed import all_completed, completed, trials, unfinished
from runner.rules.probed import disputed, probe_of
from runner.vocabulary import Blame, Cause, CriterionOutcome, Provided, StageName


@decides("implementation.trial_completes")
def trial_completes(case: Case) -> Judgement:
    if not case.of(StageName.TRIAL):
        return not_exercised(missing_stage(case, StageName.TRIAL))
    found = [draft for draft in failures(case) if draft.criterion == "implementation.trial_completes"]
    if found:
        return judged(found)
    if all_completed(case):
        return passed()
    ended = [draft for draft in failures(case) if draft.stage is StageName.TRIAL or draft.root]
    if any(draft.blame is Blame.SUBMISSION for draft in ended):
        return Judgement(CriterionOutcome.FAIL, why=f"stopped by: {ended[0].message}")
    return not_exercised(f"{unfinished(case)}, for reasons that are not failures of the submission")


def _share_of_failures(criterion: str, case: Case, passes_if_completed: bool = True) -> Judgement:
    """Criteria that a trial's failure may fail, and that a completed trial shows to hold."""
    if not case.of(StageName.TRIAL) and not case.of(StageName.COMPOSE):
        return not_exercised(missing_stage(case, StageName.TRIAL))
    found = [draft for draft in failures(case) if draft.criterion == criterion]
    if found:
        return judged(found)
    if not all_completed(case):
        return not_exercised(unfinished(case))
    if not passes_if_completed:
        return not_exercised("what would show it was not recorded")
    return passed()


@decides("data.loads")
def data_loads(case: Case) -> Judgement:
    return _share_of_failures("data.loads", case, _any_request(case, "dataset"))


@decides("model.builds")
def model_builds(case: Case) -> Judgement:
    return _share_of_failures("model.builds", case, all(model_calls(e) for e in completed(case)))


@decides("structure.source_unchanged")
def source_unchanged(case: Case) -> Judgement:
    return _from_outputs(
        case,
        "structure.source_unchanged",
        lambda evidence: evidence.facts.changed_sources if isinstance(evidence.facts, TrialFacts) else [],
        lambda path: f"Running the code changes the submission's own file {path}.",
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
    ran = trials(case)
    if not ran:
        return not_exercised(missing_stage(case, StageName.TRIAL))
    drafts = [
        Draft(
            criterion=criterion,
            cause=Cause.STRUCTURE if criterion.startswith("structure") else Cause.LOGIC,
            stage=StageName.TRIAL,
            run_id=evidence.run_id,
            message=message(path),
            file=_writer(evidence, path).file,
            line=_writer(evidence, path).line,
            root=(criterion, path.replace(evidence.run_id or "", "<run>")),
        )
        for evidence in ran
        for path in paths_of(evidence)
    ]
    if drafts:
        return judged(merge(drafts, set(case.run_ids)))
    return passed() if all_completed(case) else not_exercised(unfinished(case))


def _writer(evidence: Evidence, path: str) -> Place:
    """Where in the submission a file was opened for writing; nowhere if the probe did not see it."""
    facts = probe_of(evidence)
    if facts is None or disputed(evidence):
        return Place()
    return next((item.place for item in facts.written if item.path == path), Place())


def _any_request(case: Case, kind: str) -> bool:
    """Whether a completed trial got an asset of the kind, from the hub or in another way."""
    requests = [request for evidence in completed(case) for request in evidence.hub if request.kind == kind]
    probes = [facts for evidence in completed(case) if (facts := probe_of(evidence)) is not None]
    loads = [load for facts in probes for load in facts.loads if load.kind == kind and not load.error_type]
    return bool(loads) or any(request.provided is not Provided.MISSING for request in requests)
