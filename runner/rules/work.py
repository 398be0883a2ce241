"""Whether a trial that ended with exit code 0 did any work: a forward pass, and a step where the run trains."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from runner.evidence import Evidence
from runner.rules.base import Case, Draft, Judgement, decides, judged, not_exercised
from runner.rules.idle import hidden_failure, idle, unseen, work_of
from runner.rules.merging import merge
from runner.rules.observed import all_completed, completed, run_draft, unfinished
from runner.rules.run_config import run_config
from runner.vocabulary import Cause

_OPTIMIZES = re.compile(r"\boptim\b|\bTrainer\b|[A-Za-z]Trainer\b|\bget_optimizer\b|\bAdamW?\b|\bSGD\b")


@decides("implementation.work_observed")
def work_observed(case: Case) -> Judgement:
    trials = completed(case)
    if not trials:
        return not_exercised("no trial ended with exit code 0")
    drafts: list[Draft] = []
    doubts: list[str] = []
    for evidence in trials:
        work = work_of(evidence)
        doubt = unseen(evidence)
        if doubt:
            doubts.append(doubt)
        elif idle(evidence):
            drafts.append(_idle(evidence, work))
        elif work.get("backward") and not work.get("optimizer_steps") and not work.get("other_framework"):
            excuse = _may_train_otherwise(case, evidence)
            doubts += [excuse] if excuse else []
            drafts += [] if excuse else [_no_step(evidence, work)]
    if drafts:
        return judged(merge(drafts, set(case.run_ids)))
    if doubts:
        return not_exercised(doubts[0])
    return judged([]) if all_completed(case) else not_exercised(unfinished(case))


def _may_train_otherwise(case: Case, evidence: Evidence) -> str:
    """Why backward passes without a step may be right: attributions, updates by hand, a scaler that skips a step."""
    config = run_config(case, evidence.run_id)
    training = config.get("training")
    if not isinstance(training, dict) or not training.get("epochs", training.get("learning_rate")):
        return "backward passes without an optimizer step, in a run whose YAML declares no training"
    if evidence.bypasses:
        return "no optimizer step was seen, but on a stand-in GPU a gradient scaler may have skipped it"
    sources = "\n".join(text for path, text in case.submission.files.items() if path.endswith(".py"))
    if not _OPTIMIZES.search(sources):
        return "the code uses no optimizer of a known kind, and may update its parameters by hand"
    return ""


def _idle(evidence: Evidence, work: Mapping[str, float]) -> Draft:
    failed = hidden_failure(evidence)
    hint = f" It printed a {failed.type} and went on: pass on how a started process ended." if failed else ""
    seconds = f"{evidence.wall_seconds:.1f} s"
    draft = run_draft(
        "implementation.work_observed",
        Cause.LOGIC,
        evidence,
        f"The trial ended with exit code 0 after {seconds} without one forward pass of a model.{hint}",
        seen=_words(work),
        root=("no work",),
    )
    return replace(draft, file="src/main.py")


def _no_step(evidence: Evidence, work: Mapping[str, float]) -> Draft:
    message = (
        f"The trial ran backward {work['backward']:g} times and made no optimizer step. Where gradients are "
        "accumulated, accumulate no more batches than a trial has."
    )
    return run_draft(
        "implementation.work_observed", Cause.LOGIC, evidence, message, seen=_words(work), root=("no step",)
    )


def _words(work: Mapping[str, float]) -> str:
    return ", ".join(f"{name}={value:g}" for name, value in sorted(work.items()))
