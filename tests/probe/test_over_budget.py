"""When a trial is far over its budget, by live counters."""

from __future__ import annotations

import pytest

from runner.settings import load_settings
from runner.stages.over_budget import is_over


@pytest.mark.parametrize(
    ("counters", "over"),
    [
        ({}, False),
        ({"train_batches": 10}, False),  # five times the budget, but few
        ({"train_batches": 19}, True),
        ({"train_batches": 10, "hand_batches": 10, "optimizer_steps": 20}, True),
        ({"train_batches": 10, "hand_batches": 10, "optimizer_steps": 2}, False),  # parts of batches
        ({"longest_evaluation": 18, "train_batches": 2}, False),
        ({"longest_evaluation": 19}, True),
        ({"longest_evaluation_by_calls": 64}, False),  # the rows of two batches, one by one
        ({"longest_evaluation_by_calls": 65}, True),
    ],
)
def test_far_over_means_a_multiple_and_more_than_a_few(counters: dict[str, float], over: bool) -> None:
    assert is_over(counters, load_settings().budget, 5) is over


def test_a_single_review_stops_nothing() -> None:
    assert load_settings().limits.stop_over_budget == 0
