"""When a running trial is stopped for being far over its budget, by the probe's live counters."""

from __future__ import annotations

from collections.abc import Callable

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
    return lambda: is_over(events.counters(), budget, factor)


def is_over(counters: dict[str, float], budget: BudgetSettings, factor: float) -> bool:
    """Whether any count of a process tree is `factor` times its budget, and `AT_LEAST` over it."""
    trained = counters.get("train_batches", 0) + counters.get("hand_batches", 0)
    counts = (
        (trained, budget.train_batches * max(1, budget.epochs)),
        (counters.get("longest_evaluation", 0), budget.eval_batches),
    )
    return any(count > max(factor * allowed, allowed + AT_LEAST) for count, allowed in counts)
