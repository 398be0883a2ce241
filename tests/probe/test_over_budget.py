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
        ({"train_batches": 10, "hand_batches": 10}, True),
        ({"longest_evaluation": 18, "train_batches": 2}, False),
        ({"longest_evaluation": 19}, True),
    ],
)
def test_far_over_means_a_multiple_and_more_than_a_few(counters: dict[str, float], over: bool) -> None:
    assert is_over(counters, load_settings().budget, 5) is over


def test_a_single_review_stops_nothing() -> None:
    assert load_settings().limits.stop_over_budget == 0
