"""The failures of full mode, without those that a trial met already, and without those that cutting it short may have
caused.

A traceback is diagnosed as a trial's is. What is raised while a value that a search sampled is applied is a fault of
the search space; everything else is full mode failing.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from runner.evidence import Evidence
from runner.review import Traceback
from runner.rules.base import Case, Draft
from runner.rules.cut_effects import cut_effect, lowered_effect, seen_as_written
from runner.rules.diagnosis import Diagnosis, Scene, diagnose_traceback
from runner.rules.failures import draft_of, failures, scene_of, silent
from runner.rules.idle import failure_of, hidden_failure
from runner.rules.merging import merge
from runner.rules.probed import probe_of
from runner.rules.second_look import looked_again
from runner.vocabulary import Blame, Cause, Confidence, StageName, Status

STARTS = "mode.full_starts"
APPLIES = "config.search_space_applies"
_FINE = (Status.OK, Status.SKIPPED, Status.TIMEOUT, Status.STOPPED_OVER_BUDGET)
_WRITES_BACK = re.compile(r"best_(?:params|trial|value)|\.params\b")
_OUR_SERVER = ("CommError", "ConnectionError", "Timeout", "TimeoutError", "ServerTransientError", "ServicePollForToken")


@lru_cache(maxsize=1)  # every rule about a failure asks; reviews are judged one after the other
def full_failures(case: Case) -> tuple[Draft, ...]:
    """Every failure of full mode that is not a trial's as well, the same mistake once."""
    drafts = [_failure(case, evidence) for evidence in case.of(StageName.FULL) if _failed(evidence)]
    known = {draft.root for draft in failures(case) if draft.root}
    return tuple(draft for draft in merge(drafts, set(case.run_ids)) if draft.root not in known)


def _failed(evidence: Evidence) -> bool:
    return evidence.status not in _FINE or hidden_failure(evidence) is not None


def _failure(case: Case, evidence: Evidence) -> Draft:
    if evidence.status not in (Status.FAILED, Status.OK):
        return _ended_by_us(evidence)
    traceback = failure_of(evidence)
    attempts = case.attempts(evidence)
    lowered = lowered_effect(evidence, attempts)
    if traceback is None:
        return _silent(evidence, lowered)
    scene = scene_of(case, traceback, evidence)
    diagnosis = _diagnosed(scene, evidence)
    doubt = cut_effect(traceback, evidence) or lowered if diagnosis.blame is Blame.SUBMISSION else ""
    if doubt:
        diagnosis = replace(diagnosis, blame=Blame.INFRASTRUCTURE, advice=doubt)
    draft = draft_of(diagnosis, traceback, evidence, f"full mode of {evidence.run_id}")
    if not doubt:
        draft = looked_again(draft, evidence, attempts)
    if draft.blame is Blame.SUBMISSION and seen_as_written(evidence, attempts):
        message = f"{draft.message} Seen again with every value of the configuration as written."
        return replace(draft, confidence=Confidence.CONFIRMED, message=message)
    return draft


def _silent(evidence: Evidence, lowered: str) -> Draft:
    draft = replace(silent(evidence, "Full mode"), criterion=STARTS)
    return replace(draft, blame=Blame.INFRASTRUCTURE, message=f"{draft.message} {lowered}") if lowered else draft


def _diagnosed(scene: Scene, evidence: Evidence) -> Diagnosis:
    diagnosis = diagnose_traceback(scene)
    if diagnosis.cause is Cause.WANDB:
        contact = evidence.wandb
        ours = (contact is not None and contact.problem) or scene.type.startswith(_OUR_SERVER)
        blame = Blame.INFRASTRUCTURE if ours else diagnosis.blame
        return Diagnosis(STARTS, Cause.WANDB, blame)
    if diagnosis.blame is Blame.SUBMISSION and applies_a_sample(scene.traceback, _sampled(evidence)):
        configured = diagnosis.cause in (Cause.HYDRA_CONFIG, Cause.LOGIC)
        cause = Cause.OPTUNA if configured else diagnosis.cause
        return replace(diagnosis, criterion=APPLIES, cause=cause)
    return replace(diagnosis, criterion=STARTS)


def applies_a_sample(traceback: Traceback, sampled: Collection[str]) -> bool:
    """Whether it was raised where a sampled value, or the best one, is put into the configuration.

    That is an error of the configuration, or a helper of it that does not exist, below Optuna's call of the objective,
    in a line that reads the best parameters, or about a key that a trial sampled before.
    """
    configures = traceback.type.startswith("omegaconf.") or "OmegaConf" in traceback.message
    if not (configures or re.search(r"not in struct|(?:Dict|List)Config", traceback.message)):
        return False
    searching = any("/optuna/study/" in frame.file for frame in traceback.frames)
    own = [frame for frame in traceback.frames if frame.in_submission]
    named = re.search(r"[Kk]ey '([\w.]+)'", traceback.message)
    keys = {part for name in sampled for part in (name, *name.split("."))}
    writes = any(_WRITES_BACK.search(frame.source) for frame in own[-3:])
    return searching or writes or (named is not None and named[1] in keys)


def _sampled(evidence: Evidence) -> set[str]:
    facts = probe_of(evidence)
    return {name for use in facts.optuna for name in use.sampled} if facts is not None else set()


def _ended_by_us(evidence: Evidence) -> Draft:
    """The infrastructure, or a limit that was made for trials: neither says anything of the code."""
    return Draft(
        criterion=STARTS,
        cause=Cause.UNCLEAR if evidence.status is Status.INFRASTRUCTURE_ERROR else Cause.RESOURCE_LIMIT,
        blame=Blame.INFRASTRUCTURE,
        stage=StageName.FULL,
        run_id=evidence.run_id,
        message=f"Full mode was ended by {evidence.status}: {evidence.status_evidence}",
        evidence=evidence.stderr_tail[-1500:],
        root=("full", evidence.status),
    )
