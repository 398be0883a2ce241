"""Whether losses are numbers, whether optimizers move their parameters, and whether there is anything to learn from.

A loss that is not a number has many owners, and one of them is ours: a stand-in has random weights, a small vocabulary
and made-up rows. It is held against the submission where the same was seen with assets nearer to the real ones, where
another run id stayed finite on the same assets, or where no asset of ours was in play. A result that is not a number
while every loss was finite is the code's, unless it is of a kind that two batches of made-up rows leave undefined.
"""

from __future__ import annotations

import re

from runner.evidence import Evidence
from runner.probe_facts import Losses, Masked, OptimizerUse, Printed, ProbeFacts
from runner.rules.base import Case, Draft, Judgement, decides
from runner.rules.budget import UNSEEN, trains_unseen
from runner.rules.observed import FINE, Look, at, fault, over_trials, run_draft, trials, unsure
from runner.rules.probed import disputed, probe_of
from runner.vocabulary import Blame, Cause, Confidence, Provided

STAND_IN_DOUBT = "With stand-ins for the model or the data this may be their doing."
_UNDEFINED_ON_FEW_ROWS = re.compile(
    r"loss|perplex|ppl|pearson|spearman|kendall|corr|matthews|auroc|entropy|diverg|temperature|gradient|"
    r"(?:^|[^a-z])(?:auc|roc|r2|std|var|sem|ci|p|t|nll|mcc|kl|ece|snr|gap|ratio|norm|grad)(?:$|[^a-z])",
    re.IGNORECASE,
)
"""Names of results that are no number where rows are few, classes absent, values constant, or that come from a loss."""
_ROW_LABELS = ("ForSequenceClassification", "ForImageClassification", "ForMultipleChoice")
"""Models whose labels are one per row, so that no tokenizer's vocabulary can cut them off."""


@decides("implementation.loss_finite")
def loss_finite(case: Case) -> Judgement:
    return over_trials(case, lambda evidence, facts: _losses(case, evidence, facts), "losses", "not_numbers")


def _losses(case: Case, evidence: Evidence, facts: ProbeFacts) -> Look:
    bad = next((losses for losses in facts.losses if losses.nan or losses.infinite), None)
    if bad is not None and _nothing_to_learn_from(facts):
        return unsure("the loss is that of no label at all: see data.targets_nonempty")
    if bad is not None:
        return fault(_bad_loss(case, evidence, bad))
    for printed in facts.not_numbers:
        if not _UNDEFINED_ON_FEW_ROWS.search(printed.key):
            return fault(_bad_result(evidence, printed))
    if facts.not_numbers:
        printed = facts.not_numbers[0]
        return unsure(f"{printed.key or 'a result'} is {printed.text}, which two batches of made-up rows may explain")
    if trains_unseen(facts):
        return unsure(f"no loss was seen; {UNSEEN}")
    seen = any(losses.looked_at for losses in facts.losses) or facts.wandb_keys or facts.wandb_summary
    return FINE if seen else unsure("neither a loss nor a logged result was seen")


def _bad_loss(case: Case, evidence: Evidence, bad: Losses) -> Draft:
    what = "NaN" if bad.nan else "infinite"
    excused = _may_be_ours(case, evidence)
    again = _seen_before(case, evidence)
    message = f"Backward pass {bad.first_bad_number or '?'} starts from a loss that is {what}."
    return run_draft(
        "implementation.loss_finite",
        Cause.MODEL,
        evidence,
        f"{message} {STAND_IN_DOUBT}" if excused else message,
        bad.first_bad,
        blame=Blame.ASSETS if excused else Blame.SUBMISSION,
        confidence=Confidence.CONFIRMED if again else Confidence.OBSERVED,
        seen=f"{bad.nan} NaN and {bad.infinite} infinite of {bad.looked_at} losses; the first: {bad.first}",
    )


def _bad_result(evidence: Evidence, printed: Printed) -> Draft:
    name = printed.key or "a result"
    message = f"{name} is reported as {printed.text}, though every loss was a number."
    return run_draft(
        "implementation.loss_finite",
        Cause.LOGIC,
        evidence,
        message,
        printed.place,
        seen=f"{printed.key}: {printed.text}",
    )


def _nothing_to_learn_from(facts: ProbeFacts) -> bool:
    return any(masked.calls for masked in facts.masked)


def _may_be_ours(case: Case, evidence: Evidence) -> bool:
    """Whether a stand-in may explain what the losses of this trial show."""
    made_up = [request for request in evidence.hub if request.provided is Provided.STAND_IN]
    if not made_up or evidence.fidelity != "small":
        return False
    return not any(_stayed_finite(other, made_up_ids(evidence)) for other in trials(case) if other is not evidence)


def _stayed_finite(other: Evidence, assets: set[tuple[str, str]]) -> bool:
    """Whether another run id learned from the same stand-ins without such a loss: then they do not explain it."""
    facts = probe_of(other)
    if facts is None or disputed(other) or made_up_ids(other) != assets:
        return False
    counted = sum(losses.looked_at for losses in facts.losses)
    return counted > 0 and not any(losses.nan or losses.infinite for losses in facts.losses)


def made_up_ids(evidence: Evidence) -> set[tuple[str, str]]:
    return {(request.kind, request.id) for request in evidence.hub if request.provided is Provided.STAND_IN}


def _seen_before(case: Case, evidence: Evidence) -> bool:
    """Whether an earlier attempt of the run id, with assets further from the real ones, showed such a loss too."""
    earlier = [other for other in case.attempts(evidence) if other.fidelity != evidence.fidelity]
    probes = [facts for other in earlier if (facts := probe_of(other)) is not None]
    return any(losses.nan or losses.infinite for facts in probes for losses in facts.losses)


@decides("implementation.parameters_learn")
def parameters_learn(case: Case) -> Judgement:
    return over_trials(case, lambda evidence, facts: _learns(evidence, facts), "optimizers")


def _learns(evidence: Evidence, facts: ProbeFacts) -> Look:
    doubt = ""
    for use in facts.optimizers:
        if not use.steps:
            continue
        if use.steps_without_gradient >= use.steps:
            return fault(_standing_still(evidence, use, "not one of its parameters ever has a gradient"))
        if use.changed is False and use.steps > use.steps_at_zero_rate + use.steps_without_gradient:
            return fault(_standing_still(evidence, use, "not one of its parameters has changed"))
        if use.changed is None:
            doubt = f"whether {use.name} at {at(use.place)} changes its parameters was not looked at"
        elif not use.changed:
            doubt = f"every step of {use.name} at {at(use.place)} had a learning rate of 0, as a warm-up's first has"
    if not any(use.steps for use in facts.optimizers):
        doubt = "no optimizer stepped"
    return unsure(doubt) if doubt else FINE


def _standing_still(evidence: Evidence, use: OptimizerUse, what: str) -> Draft:
    times = "once" if use.steps == 1 else f"{use.steps} times"
    message = f"{use.name} steps {times} over {use.parameters} parameters, and {what}: the step does nothing."
    seen = (
        f"steps={use.steps}, without a gradient={use.steps_without_gradient}, at a learning rate of 0="
        f"{use.steps_at_zero_rate}, changed={use.changed}"
    )
    return run_draft("implementation.parameters_learn", Cause.LOGIC, evidence, message, use.place, seen=seen)


@decides("data.targets_nonempty")
def targets_nonempty(case: Case) -> Judgement:
    return over_trials(case, lambda evidence, facts: _targets(evidence, facts), "masked")


def _targets(evidence: Evidence, facts: ProbeFacts) -> Look:
    """Every label of a batch is masked where every loss of the process has none, or where the loss of none is NaN.

    Losses of single rows, and sums, may well have some without a label: a mean over the others learns all the same.
    """
    some = [item for item in facts.masked if item.calls]
    if not some:
        learned = facts.counters.get("backward", 0)
        return FINE if learned else unsure("no backward pass was seen, so no labels were looked at")
    not_numbers = any(losses.nan for losses in facts.losses)
    masked = next((item for item in some if not_numbers or item.calls >= item.of_calls), None)
    if masked is None:
        few = some[0]
        return unsure(
            f"{few.calls} of {few.of_calls} losses at {at(few.place)} have no label, and none is NaN: whether one is "
            "that of a whole batch cannot be told"
        )
    excused = _may_be_cut_off(evidence, facts, masked)
    message = f"{masked.calls} of {masked.of_calls} losses have no label at all: every target is the ignored index."
    if excused:
        message += " A stand-in's tokenizer makes longer sequences, which may have cut the labels off."
    blame = Blame.ASSETS if excused else Blame.SUBMISSION
    return fault(run_draft("data.targets_nonempty", Cause.DATA_PIPELINE, evidence, message, masked.place, blame=blame))


def _may_be_cut_off(evidence: Evidence, facts: ProbeFacts, masked: Masked) -> bool:
    """Whether texts that a stand-in's tokenizer made longer than the limit may have lost their labels."""
    if evidence.fidelity != "small" or not any(kind == "model" for kind, _ in made_up_ids(evidence)):
        return False
    if masked.calls < masked.of_calls:
        return True
    trained = [model for model in facts.models if model.forwards > model.forwards_without_gradients]
    return not (trained and all(model.name.endswith(_ROW_LABELS) for model in trained))
