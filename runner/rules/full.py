"""Whether full mode, cut short, starts, and whether a search's samples reach the settings that are read."""

from __future__ import annotations

from collections.abc import Sequence

from runner.evidence import Evidence
from runner.probe_facts import Place, ProbeFacts, Sampled
from runner.rules.base import Case, Draft, Judgement, decides, judged, missing_stage, not_exercised, passed
from runner.rules.checkpoints import no_checkpoint
from runner.rules.configuration import reads_of
from runner.rules.full_failures import APPLIES, STARTS, full_failures
from runner.rules.idle import idle, model_calls, unseen
from runner.rules.merging import merge
from runner.rules.observed import run_draft
from runner.rules.probed import disputed, missed, probe_of
from runner.rules.run_config import leaves, run_config
from runner.source_text import yaml_mapping
from runner.vocabulary import Blame, Cause, CriterionOutcome, StageName, Status


def full_runs(case: Case) -> list[Evidence]:
    """Full mode of every run id that was tried."""
    ended = (Status.INFRASTRUCTURE_ERROR, Status.SKIPPED)
    return [evidence for evidence in case.of(StageName.FULL) if evidence.status not in ended]


def why_not_full(case: Case) -> str:
    """Why not every run id's full mode came to its end, "" where it did."""
    ran = case.of(StageName.FULL)
    if not ran:
        return missing_stage(case, StageName.FULL)
    open_ended = next((evidence for evidence in ran if evidence.status is not Status.OK), None)
    if open_ended is not None:
        why = open_ended.status_evidence or open_ended.status
        return f"full mode of {open_ended.run_id} did not come to its end: {why}"
    return "" if len(ran) >= len(case.run_ids) else "full mode was not tried for every run id"


@decides(STARTS)
def full_starts(case: Case) -> Judgement:
    found = [draft for draft in full_failures(case) if draft.criterion == STARTS]
    if found:
        return judged(found)
    others = [draft for draft in full_failures(case) if draft.blame is Blame.SUBMISSION]
    if others:
        return Judgement(CriterionOutcome.FAIL, why=f"stopped by: {others[0].message}")
    unclear = [evidence for evidence in case.of(StageName.FULL) if not _started(evidence)]
    if not case.of(StageName.FULL) or unclear:
        return not_exercised(why_not_full(case) or "full mode was not seen to work")
    return passed("; ".join(filter(None, (_how_far(case), _no_checkpoints(case)))))


def _started(evidence: Evidence) -> bool:
    """Whether it ended well, or was at work when the review's limit ended it."""
    if evidence.status is Status.OK:
        return not idle(evidence) or bool(unseen(evidence))
    return evidence.status is Status.TIMEOUT and model_calls(evidence) > 0


def _how_far(case: Case) -> str:
    stopped = [evidence.run_id or "" for evidence in full_runs(case) if evidence.status is Status.TIMEOUT]
    return f"at work when the review's time limit ended it: {', '.join(stopped)}" if stopped else ""


def _no_checkpoints(case: Case) -> str:
    """Told beside the pass: no criterion asks for checkpoints, and the cut may have ended the run before one."""
    for evidence in full_runs(case):
        if key := no_checkpoint(evidence, leaves(run_config(case, evidence.run_id))):
            return f"no checkpoint was written below results_dir, though {key} is set"
    return ""


@decides(APPLIES)
def search_space_applies(case: Case) -> Judgement:
    raised = [draft for draft in full_failures(case) if draft.criterion == APPLIES]
    ran = full_runs(case)
    drafts = [draft for evidence in ran for draft in _never_applied(case, evidence)]
    if raised or drafts:
        return judged([*raised, *merge(drafts, set(case.run_ids))])
    if not ran:
        return not_exercised(why_not_full(case) or missing_stage(case, StageName.FULL))
    for evidence in ran:
        doubt = _applied_unclear(case, evidence)
        if doubt:
            return not_exercised(doubt)
    return passed()


def _never_applied(case: Case, evidence: Evidence) -> list[Draft]:
    """Samples that were written to a configuration, while every later read of such a key got another value.

    Two settings may have the same last part (a dropout of the model, one of the head): only a key that was read with
    another value itself, or that no configuration has, is no setting of its own.
    """
    facts = probe_of(evidence)
    if facts is None or disputed(evidence) or missed(facts, "sampled") or reads_of(case, facts)[1]:
        return []
    texts = [config.resolved for config in facts.configurations]
    configs = [run_config(case, evidence.run_id), *(yaml_mapping(text) for text in texts)]
    known = {key for config in configs for key in leaves(config)}
    dropped: dict[Place, list[Sampled]] = {}
    for item in facts.sampled:
        own = set(item.written) & set(item.read_otherwise) or not set(item.written) & known
        if item.read_otherwise and not item.read and own:
            dropped.setdefault(item.place, []).append(item)
    return [_draft(evidence, place, items) for place, items in dropped.items()]


def _draft(evidence: Evidence, place: Place, items: Sequence[Sampled]) -> Draft:
    """One finding for all samples that one line writes."""
    names = ", ".join(item.name for item in items)
    written = ", ".join(dict.fromkeys(key for item in items for key in item.written))
    read = ", ".join(dict.fromkeys(key for item in items for key in item.read_otherwise))
    message = (
        f"The search samples {names} and writes to {written}, but the run goes on to read {read} "
        "with other values: every trial of the search trains with the same ones."
    )
    seen = f"sampled: {names}; written to: {written}; read with another value: {read}"
    return run_draft(APPLIES, Cause.OPTUNA, evidence, message, place, seen=seen, root=(APPLIES, names))


def _applied_unclear(case: Case, evidence: Evidence) -> str:
    """Why it is not known that all samples reached what is read, "" where they did."""
    facts = probe_of(evidence)
    if facts is None or disputed(evidence):
        return disputed(evidence) or "the probe saw nothing of full mode"
    if not any(use.trials for use in facts.optuna):
        return f"full mode of {evidence.run_id} was not seen to search"
    if evidence.status is not Status.OK:
        return why_not_full(case)
    reached = {item.name for item in facts.sampled if item.read}
    sampled = {name for use in facts.optuna for name in use.sampled}
    unknown = sorted(sampled - reached)
    return _unseen(facts, unknown) if unknown else ""


def _unseen(facts: ProbeFacts, names: list[str]) -> str:
    written = {item.name for item in facts.sampled}
    if all(name in written for name in names):
        return f"what was sampled for {', '.join(names)} was not seen to be read from the configuration"
    return f"what was sampled for {', '.join(names)} may be handed on as plain values, which are not seen"
