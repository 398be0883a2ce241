"""What one trial may do, counted over its whole process tree: epochs, batches, search trials.

The hard part is to count what a person would count. Where a batch cannot be told from a part of one, the rules refuse
to guess: they say so, and decide nothing.
- Processes that were started alike by the same parent are ranks of one training and share its batches.
- Passes that begin at another line, or over another data set, are no second epoch: a calibration counts by its batches,
  and loaders that are drawn from in turn are one pass each.
- Without a loader, two inputs may be two views of one batch, and single rows may be parts of one.
- Another framework's batches are not counted, so where the code brings one, no work seen is not no work done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

from runner.evidence import Evidence
from runner.probe_facts import OptimizerUse, Pass, Phase, Place, ProbeFacts
from runner.rules.base import Case, Judgement, decides
from runner.rules.observed import FINE, Look, at, fault, over_trials, run_draft, unsure
from runner.vocabulary import Cause

_Item = TypeVar("_Item", Pass, OptimizerUse)
VIEWS = 2
"""Different inputs that one batch without a loader may be seen in: two augmentations, a pair."""
ROWS = 32
"""Rows of a usual evaluation batch: so many single calls may be one batch."""


@decides("mode.trial_train_batches")
def train_batches(case: Case) -> Judgement:
    return over_trials(case, lambda evidence, facts: _train_batches(case, evidence, facts), "passes")


def _train_batches(case: Case, evidence: Evidence, facts: ProbeFacts) -> Look:
    allowed = case.budget.train_batches
    passes = [item for item in one_rank(facts, facts.passes) if item.train_batches]
    from_loaders = sum(item.train_batches for item in passes)
    by_hand = min(facts.hand_batches, _most_steps(facts))
    if from_loaders > allowed:
        most = max(passes, key=lambda item: item.train_batches)
        where = "; ".join(f"{item.train_batches} at {at(item.place)} over {item.dataset}" for item in passes[:12])
        return _over_train(case, evidence, from_loaders + by_hand, most.place, where)
    if from_loaders + by_hand > allowed * VIEWS:
        place = next((phase.place for phase in facts.phases if phase.kind == "train"), Place())
        seen = f"{facts.hand_batches} different inputs were followed by a backward pass, none from a loader"
        return _over_train(case, evidence, from_loaders + by_hand, place, seen)
    if facts.hand_batches and max(from_loaders + facts.hand_batches, _most_steps(facts)) > allowed:
        return unsure(
            f"{facts.hand_batches} different inputs that came from no loader were propagated back, in "
            f"{_most_steps(facts)} optimizer steps: how many batches these are cannot be told"
        )
    return FINE if not trains_unseen(facts) else unsure(UNSEEN)


UNSEEN = "the code uses another framework than torch, whose work is not counted"


def trains_unseen(facts: ProbeFacts) -> bool:
    """Whether all training there was may be that of a framework of which only the import is known."""
    return bool(facts.counters.get("other_framework")) and not facts.counters.get("backward")


def _evaluates_unseen(facts: ProbeFacts) -> bool:
    work = ("forward", "backward", "generate_calls")
    return bool(facts.counters.get("other_framework")) and not any(facts.counters.get(name) for name in work)


def _most_steps(facts: ProbeFacts) -> int:
    """Steps of the optimizer that stepped most; several that take turns share their batches."""
    return max((use.steps for use in facts.optimizers), default=0)


def _over_train(case: Case, evidence: Evidence, count: int, place: Place, seen: str) -> Look:
    message = (
        f"The trial runs backward on {count} batches; a trial may use {case.budget.train_batches}, warm-up and "
        "calibration included. Limit them in trial mode."
    )
    return fault(run_draft("mode.trial_train_batches", Cause.LOGIC, evidence, message, place, seen=seen))


@decides("mode.trial_epochs")
def epochs(case: Case) -> Judgement:
    return over_trials(case, lambda evidence, facts: _epochs(case, evidence, facts), "passes")


def _epochs(case: Case, evidence: Evidence, facts: ProbeFacts) -> Look:
    by_loop: dict[tuple[int, Place], list[Pass]] = defaultdict(list)
    for item in facts.passes:
        if item.train_batches:
            by_loop[item.pid, item.place].append(item)
    looks = [_loop(case, evidence, place, passes) for (_, place), passes in by_loop.items()]
    if facts.hand_batches and _most_steps(facts) > case.budget.train_batches:
        looks.append(unsure("the trial trains without a loader, so passes over the data cannot be told apart"))
    if trains_unseen(facts):
        looks.append(unsure(UNSEEN))
    worst = next((look for look in looks if look.drafts), None)
    return worst or next((look for look in looks if look.doubt), FINE)


def _loop(case: Case, evidence: Evidence, place: Place, passes: Sequence[Pass]) -> Look:
    """The passes that one line of a process began."""
    allowed = case.budget.epochs
    by_data = defaultdict(list)
    for item in passes:
        by_data[item.dataset].append(item)
    longest = max(by_data.values(), key=len)
    if len(longest) > allowed and not _single_draws(longest):
        message = (
            f"The trial starts {len(longest)} passes over its training data; a trial may make {allowed}. "
            "Set the number of epochs in trial mode."
        )
        seen = ", ".join(f"{item.train_batches} of {item.length or '?'} batches" for item in longest[:12])
        return fault(run_draft("mode.trial_epochs", Cause.LOGIC, evidence, message, place, seen=seen))
    if len(longest) > allowed:
        return unsure(f"each batch at {at(place)} is drawn from a loader of its own; these are no epochs")
    if len(passes) > allowed:
        return unsure(f"{len(by_data)} data sets are passed over at {at(place)}; whether they are one is not known")
    return FINE


def _single_draws(passes: Sequence[Pass]) -> bool:
    """next(iter(loader)) for every step: each begins a pass and takes one batch of several."""
    return all(item.delivered == 1 and item.length != 1 for item in passes)


@decides("mode.trial_eval_batches")
def eval_batches(case: Case) -> Judgement:
    return over_trials(case, lambda evidence, facts: _eval_batches(case, evidence, facts), "passes", "phases")


def _eval_batches(case: Case, evidence: Evidence, facts: ProbeFacts) -> Look:
    allowed = case.budget.eval_batches
    phases = [phase for phase in facts.phases if phase.kind == "eval"]
    for item in facts.passes:
        # A loader that evaluation goes on to draw from, time after time, is one pass of many evaluations.
        at_once = max((phase.batches for phase in phases if phase.pid == item.pid), default=0)
        if min(item.eval_batches, at_once) > allowed:
            return _over_eval(case, evidence, min(item.eval_batches, at_once), item.place, f"over {item.dataset}")
    for phase in phases:
        calls = _without_loader(phase, allowed)
        if calls > allowed * ROWS:
            return _over_eval(case, evidence, calls, phase.place, "forward passes and calls of generate, one by one")
        if calls > allowed:
            return unsure(
                f"{calls} calls at {at(phase.place)} came from no loader: whether each is a batch cannot be told"
            )
    return FINE if not _evaluates_unseen(facts) else unsure(UNSEEN)


def _without_loader(phase: Phase, allowed: int) -> int:
    """Calls of the phase beyond what its loaders account for; validation and test set in a row are two evaluations."""
    return max(0, phase.batches - phase.passes * allowed) + phase.forwards_without_loader


def _over_eval(case: Case, evidence: Evidence, count: int, place: Place, seen: str) -> Look:
    message = (
        f"One evaluation of the trial consumes {count} batches; it may use {case.budget.eval_batches}. "
        "Limit evaluation in trial mode as well."
    )
    return fault(run_draft("mode.trial_eval_batches", Cause.LOGIC, evidence, message, place, seen=seen))


@decides("mode.trial_search_off")
def search_off(case: Case) -> Judgement:
    return over_trials(case, lambda evidence, facts: _search(case, evidence, facts), "optuna")


def _search(case: Case, evidence: Evidence, facts: ProbeFacts) -> Look:
    count = sum(use.trials for use in facts.optuna)
    if count <= case.budget.optuna_trials:
        return FINE
    first = next(use for use in facts.optuna if use.trials)
    message = (
        f"The trial runs {count} Optuna trial{'s' if count > 1 else ''}; a trial may run "
        f"{case.budget.optuna_trials}. Skip the search in trial mode."
    )
    seen = f"sampled: {', '.join(first.sampled)}" if first.sampled else ""
    return fault(run_draft("mode.trial_search_off", Cause.OPTUNA, evidence, message, first.place, seen=seen))


def over_training(case: Case, evidence: Evidence, facts: ProbeFacts) -> str:
    """Which budget a trial went over, in words; "" for none."""
    looks = (
        _train_batches(case, evidence, facts),
        _epochs(case, evidence, facts),
        _eval_batches(case, evidence, facts),
    )
    return next((look.drafts[0].message for look in looks if look.drafts), "")


def one_rank(facts: ProbeFacts, items: Iterable[_Item]) -> list[_Item]:
    """Items without those of further ranks: processes with the command and the parent of an earlier one."""
    first: dict[tuple[int, str], int] = {}
    ranks = {}
    for process in facts.processes:
        ranks[process.pid] = first.setdefault((process.parent, process.command), process.pid)
    return [item for item in items if ranks.get(item.pid, item.pid) == item.pid]
