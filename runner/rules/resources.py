"""Whether a trial stays within its time and memory, and what a limit that was reached says.

Time depends on the machine: without a GPU, a trial that was stopped within its budget of batches may be right and slow
here, and the machine is named. One that went over its budget is slow because of that, and the budget is the finding.
"""

from __future__ import annotations

from runner.evidence import Evidence, TrialFacts
from runner.probe_facts import ProbeFacts
from runner.rules.base import Case, Draft, Judgement, decides, judged, missing_stage, not_exercised, passed
from runner.rules.budget import over_training
from runner.rules.failures import FAR_BEYOND_TRIAL, failures
from runner.rules.merging import merge
from runner.rules.observed import all_completed, run_draft, trials, unfinished
from runner.rules.probed import disputed, probe_of
from runner.vocabulary import Blame, Cause, StageName, Status


@decides("mode.trial_memory")
def trial_memory(case: Case) -> Judgement:
    found = [draft for draft in failures(case) if draft.criterion == "mode.trial_memory"]
    if found:
        return judged(found)
    if not trials(case):
        return not_exercised(missing_stage(case, StageName.TRIAL))
    return passed() if all_completed(case) else not_exercised(unfinished(case))


@decides("mode.trial_time")
def trial_time(case: Case) -> Judgement:
    ran = trials(case)
    if not ran:
        return not_exercised(missing_stage(case, StageName.TRIAL))
    drafts: list[Draft] = []
    whys: list[str] = []
    for evidence in ran:
        if evidence.status is Status.TIMEOUT:
            over = _over_budget(case, evidence)
            if over and not case.gpus and not _far_beyond(evidence):
                whys.append(f"it was stopped at its time limit when it was over another budget: {over}")
            else:
                drafts.append(_stopped(case, evidence, over))
    if drafts:
        return judged(merge(drafts, set(case.run_ids)))
    if whys:
        return not_exercised(whys[0])
    return passed() if all_completed(case) else not_exercised(unfinished(case))


def _stopped(case: Case, evidence: Evidence, over: str) -> Draft:
    excused = not case.gpus and not _far_beyond(evidence)
    message = f"The trial was stopped at its time limit ({evidence.status_evidence})."
    if excused:
        message += " Without a GPU this does not say that the code is too slow."
    elif over:
        message += f" {over}"
    return run_draft(
        "mode.trial_time",
        Cause.RESOURCE_LIMIT,
        evidence,
        message,
        blame=Blame.INFRASTRUCTURE if excused else Blame.SUBMISSION,
        seen=how_far(evidence) or evidence.stderr_tail[-1500:],
        root=("limit", "mode.trial_time"),
    )


def how_far(evidence: Evidence) -> str:
    """What a trial had done when it ended: phase, batches, steps; "" where the probe did not see it."""
    facts = probe_of(evidence)
    if facts is None or disputed(evidence):
        return ""
    return f"it had come to: {facts.phase or 'start'}; {_counts(facts)}"


def _counts(facts: ProbeFacts) -> str:
    batches = sum(item.train_batches for item in facts.passes) + facts.hand_batches
    evaluated = sum(item.eval_batches for item in facts.passes)
    steps = sum(use.steps for use in facts.optimizers)
    return f"{batches} batches trained on in {steps} optimizer steps, {evaluated} evaluated"


def _over_budget(case: Case, evidence: Evidence) -> str:
    facts = probe_of(evidence)
    return over_training(case, evidence, facts) if facts is not None and not disputed(evidence) else ""


def _far_beyond(evidence: Evidence) -> bool:
    """Whether it had done so many times a trial's work that a faster machine would not have helped."""
    work = evidence.facts.work if isinstance(evidence.facts, TrialFacts) else {}
    return max(work.get("backward", 0), work.get("optimizer_steps", 0)) >= FAR_BEYOND_TRIAL
