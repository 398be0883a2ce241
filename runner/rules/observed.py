"""What rules ask of the probe's facts of several attempts: one judgement over the trials of all run ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runner.evidence import Evidence
from runner.probe_facts import Place, ProbeFacts
from runner.rules.base import Case, Draft, Judgement, judged, missing_stage, not_exercised, passed
from runner.rules.merging import merge
from runner.rules.probed import disputed, missed, probe_of
from runner.vocabulary import Blame, Cause, Confidence, StageName, Status


@dataclass(frozen=True)
class Look:
    """What a rule makes of one trial: its findings, and why it cannot say that there is nothing else."""

    drafts: tuple[Draft, ...] = ()
    doubt: str = ""


FINE = Look()


def fault(*drafts: Draft) -> Look:
    return Look(drafts)


def unsure(why: str) -> Look:
    return Look(doubt=why)


def trials(case: Case) -> list[Evidence]:
    """The last attempt of every run id, without those that the infrastructure ended."""
    ended = (Status.INFRASTRUCTURE_ERROR, Status.SKIPPED)
    return [evidence for evidence in case.of(StageName.TRIAL) if evidence.status not in ended]


def completed(case: Case) -> list[Evidence]:
    return [evidence for evidence in case.of(StageName.TRIAL) if evidence.status is Status.OK]


def all_completed(case: Case) -> bool:
    return len(completed(case)) == len(case.run_ids) > 0


def over_trials(case: Case, look: Callable[[Evidence, ProbeFacts], Look], *lists: str) -> Judgement:
    """Fail on what any trial shows; pass if every trial ran to its end and left no doubt.

    `lists`: those of the facts that the rule rests on; one that was cut leaves a doubt.
    """
    ran = trials(case)
    if not ran:
        return not_exercised(missing_stage(case, StageName.TRIAL))
    drafts: list[Draft] = []
    doubts: list[str] = []
    for evidence in ran:
        facts, doubt = probe_of(evidence), disputed(evidence)
        if facts is None or doubt:
            doubts.append(doubt)
            continue
        seen = look(evidence, facts)
        drafts += seen.drafts
        doubts += filter(None, [seen.doubt or missed(facts, *lists)])
    if drafts:
        return judged(merge(drafts, set(case.run_ids)))
    if doubts:
        return not_exercised(doubts[0])
    return passed() if all_completed(case) else not_exercised(unfinished(case))


def unfinished(case: Case) -> str:
    """Why the trials together cannot show that something never happens."""
    if any(evidence.status is Status.STOPPED_OVER_BUDGET for evidence in trials(case)):
        return "a trial was stopped because it was far over its budget"
    return "not every trial ran to its end"


def run_draft(
    criterion: str,
    cause: Cause,
    evidence: Evidence,
    message: str,
    place: Place | None = None,
    *,
    blame: Blame = Blame.SUBMISSION,
    confidence: Confidence = Confidence.OBSERVED,
    seen: str = "",
    root: tuple[str, ...] = (),
) -> Draft:
    """A finding about one attempt of a run id.

    The same place in several run ids is one mistake, unless `root` says otherwise.
    """
    file, line = (place.file, place.line) if place is not None else (None, None)
    return Draft(
        criterion=criterion,
        cause=cause,
        stage=evidence.stage,
        message=message,
        blame=blame,
        confidence=confidence,
        run_id=evidence.run_id,
        file=file,
        line=line,
        evidence=seen,
        root=root or (criterion, file or "", str(line)),
    )


def mock_failures(criterion: str, ran: Sequence[Evidence]) -> list[Draft]:
    """What the W&B stand-in could not answer in these attempts: our own failure, which leaves the verdict open."""
    return [
        run_draft(
            criterion,
            Cause.WANDB,
            evidence,
            f"The W&B stand-in failed in the {evidence.stage} stage: {evidence.wandb.problem}",
            blame=Blame.INFRASTRUCTURE,
            root=("W&B stand-in", evidence.stage, evidence.wandb.problem),
        )
        for evidence in ran
        if evidence.wandb is not None and evidence.wandb.problem
    ]


def at(place: Place) -> str:
    """file:line, or "outside the submission's files"."""
    return f"{place.file}:{place.line}" if place.file else "outside the submission's files"
