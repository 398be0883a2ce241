"""When a running trial is stopped for being far over its budget, by the probe's live counters.

What is stopped must then be a finding of runner.rules.budget, or a trial would be cut off for nothing. So every process
counts by itself, as ranks of one training share their batches, and calls that come from no loader count as rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runner.rules.budget import ROWS
from runner.settings import BudgetSettings
from runner.workbench import Workbench
from sandbox.probe import EventServer

AT_LEAST = 16
"""Batches over the budget, so that a small budget's multiple is no accident of counting."""


def over_budget(bench: Workbench, events: EventServer) -> Callable[[], bool] | None:
    """A question for the watchdog; None where trials are never stopped for this."""
    factor, budget = bench.settings.limits.stop_over_budget, bench.settings.budget
    if not factor:
        return None
    return lambda: any(is_over(counters, budget, factor) for counters in events.by_process())


def is_over(counters: Mapping[str, float], budget: BudgetSettings, factor: float) -> bool:
    """Whether any count of a process is `factor` times its budget, and `AT_LEAST` over it."""
    by_hand = min(counters.get("hand_batches", 0), counters.get("optimizer_steps", 0))
    counts = (
        (counters.get("train_batches", 0) + by_hand, budget.train_batches * max(1, budget.epochs)),
        (counters.get("longest_evaluation", 0), budget.eval_batches),
    )
    if any(count > max(factor * allowed, allowed + AT_LEAST) for count, allowed in counts):
        return True
    return counters.get("longest_evaluation_by_calls", 0) > max(factor, ROWS) * budget.eval_batches
