"""A review whose evidence is contradicted is never ready, and says why; one whose evidence may be incomplete accuses
nobody of what was not seen."""

from __future__ import annotations

from typing import Any

import pytest

from runner.judge import judge
from runner.probe_facts import ProbeFacts, Started
from runner.reports import summary
from runner.review import Environment, Review, Timings
from runner.rounds import Round
from runner.vocabulary import StageName, Verdict
from tests.runner.rules_bench import case, judged, probe, told, trial

WORKED = {"processes": 1, "forward": 4, "backward": 2, "optimizer_steps": 2}
IDLE = {"processes": 1, "forward": 0}
FORGED = "3 lines that the probe cannot have written"


def reviewed(seen: ProbeFacts) -> Review:
    made = Round(case(trial(seen)), ())
    return judge([made], [StageName.TRIAL], Environment(backend="dummy", isolation="none"), Timings())


def test_disputed_evidence_makes_no_review_ready() -> None:
    review = reviewed(probe(disputed=[FORGED], counters=WORKED))
    assert (review.verdict, review.is_code_ready) == (Verdict.INCONCLUSIVE, False)
    assert review.code_issue == f"Inconclusive: trial: evidence disputed: {FORGED}"
    head = summary.render(review, {}).partition("##")[0]
    assert head.startswith("# Inconclusive: the evidence is disputed\n") and FORGED in head


def test_evidence_that_may_be_incomplete_is_not_disputed() -> None:
    review = reviewed(probe(counters=WORKED, hiding=["bash run.sh"]))
    assert (review.verdict, review.code_issue) == (Verdict.READY, "")


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        ({}, "fail submission"),
        ({"started": [Started(pid=1, command="git --version")]}, "fail submission"),
        ({"hiding": ["sh -c PYTHONPATH=. python -m src.train"]}, "not_exercised"),
        ({"disputed": [FORGED]}, "not_exercised"),
    ],
)
def test_no_work_is_a_finding_only_where_all_was_seen(seen: dict[str, Any], outcome: str) -> None:
    assert told("implementation.work_observed", trial(probe(counters=IDLE, **seen))) == outcome


def test_work_that_was_seen_is_no_work_missed() -> None:
    evidence = trial(probe(counters={**WORKED, "optimizer_steps": 0}, hiding=["make train"]))
    assert told("implementation.work_observed", evidence) == "not_exercised"


@pytest.mark.parametrize("criterion", ["mode.trial_train_batches", "mode.trial_eval_batches", "wandb.no_result_dump"])
def test_nothing_is_concluded_from_what_a_hidden_process_did_not_show(criterion: str) -> None:
    assert told(criterion, trial(probe(counters=WORKED))) == "pass"
    judgement = judged(criterion, trial(probe(counters=WORKED, hiding=["./launch"])))
    assert judgement.outcome == "not_exercised" and "./launch" in judgement.why
