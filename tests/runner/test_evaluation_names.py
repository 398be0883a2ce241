"""What names say: whether less of a metric is better, and whether training may log a name that evaluation asks for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from runner.comparison import direction_of
from runner.evaluation_facts import RunAsked
from runner.metric_names import names_in
from runner.submissions.model import Hypothesis
from tests.runner.test_rules_evaluation import FAIL, METRICS, PASS, RUNS, UNSURE, comparison, evaluation, told

TURNED = ["relative error reduction", "memory efficiency", "training time saved (%)", "cost savings"]


@pytest.mark.parametrize("metric", TURNED)
def test_a_gap_of_a_metric_that_may_be_either_is_right_with_either_sign(metric: str) -> None:
    found = evaluation(documents=[comparison(0.312701, 0.257113)])
    assert told("evaluate.gap", found, hypothesis=Hypothesis(primary_metric=metric)) == PASS
    assert told("evaluate.gap", found, hypothesis=Hypothesis(primary_metric="error")) == FAIL


@pytest.mark.parametrize(
    ("metric", "said", "expected"),
    [
        ("retention rate", "It minimizes the overhead and improves retention.", None),
        ("retention rate", "Retention 0.92 against 0.81 at half the latency (lower is better).", None),
        ("retention rate", "The KL term is to be minimized in every step of training, as in earlier work.", None),
        ("retention rate", "Retention of 0.92 against 0.81 (higher is better).", "higher"),
        ("forgetting measure", "The method minimizes the forgetting.", "lower"),
        ("forgetting measure", "Lower is better.", "lower"),
        ("perplexity", "18.2 against 21.4.", "lower"),
    ],
)
def test_a_direction_is_that_of_the_metric_it_is_said_of(metric: str, said: str, expected: str | None) -> None:
    assert direction_of(metric, said) == expected


NOTHING = [*METRICS, comparison(0.0, 0.0, 0.0)]


@pytest.mark.parametrize(
    ("requests", "documents", "expected"),
    [
        ([["val_acc"], ["val_accuracy"]], None, UNSURE),
        ([["_step", "val_acc"], ["_step", "val_accuracy"]], None, UNSURE),
        ([["val_acc"], ["val_accuracy"]], METRICS[:1], FAIL),
        ([["val_acc"], ["val_accuracy"]], NOTHING, FAIL),
        ([["val_acc"], ["macro_f1"]], None, FAIL),
        ([["val_acc", "train_loss"]], None, FAIL),
        ([["val_acc"], ["train_loss", "val_accuracy"]], None, FAIL),
        ([["val_accuracy"], ["train_loss"]], None, PASS),
    ],
)
def test_names_that_are_tried_in_turn(requests: list[list[str]], documents: Any, expected: str) -> None:
    keys = [key for request in requests for key in request]
    asked = [
        RunAsked(run_id=run_id, history=True, summary=True, config=True, keys=keys, requests=requests)
        for run_id in RUNS
    ]
    fields = {"documents": documents} if documents else {}
    assert told("wandb.keys_match_evaluation", evaluation(asked=asked, **fields)) == expected


@pytest.mark.parametrize(("forks", "expected"), [(["on_epoch"], PASS), ([], FAIL)])
@pytest.mark.parametrize("key", ["train_loss_step", "train_loss_epoch"])
def test_a_name_that_lightning_logs_under_both_endings(key: str, forks: list[str], expected: str) -> None:
    asked = [RunAsked(run_id=run_id, history=True, summary=True, config=True, keys=[key]) for run_id in RUNS]
    known = ["train_loss", "val_accuracy", "accuracy", *forks]
    assert told("wandb.keys_match_evaluation", evaluation(asked=asked), known_names=known) == expected


@pytest.mark.parametrize(
    ("source", "name", "fits"),
    [
        ('split + "_f1"', "test_f1", True),
        ('"test" + "_" + name', "test_f1", True),
        ('"%s_f1" % split', "test_f1", True),
        ('"%(s)s_f1" % parts', "test_f1", True),
        ('"{}_f1".format(split)', "test_f1", True),
        ('"_".join([split, "f1"])', "test_f1", True),
        ('split + "_f1"', "test_accuracy", False),
        ('"plain" + "_text"', "plain_text", False),
        ("first + second", "test_f1", False),
    ],
)
def test_names_put_together_are_patterns(source: str, name: str, fits: bool) -> None:
    names = names_in({"src/train.py": f"scores = {{{source}: value}}\n"})
    for patterns in (names.patterns, names.key_patterns):
        assert any(re.fullmatch(pattern, name) for pattern in patterns) is fits
