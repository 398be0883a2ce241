"""Losses, parameters, labels, and work: what is wrong beside what only looks so."""

from __future__ import annotations

from typing import Any

import pytest

from runner.evidence import Evidence
from runner.probe_facts import Contact, Losses, Masked, Model, OptimizerUse, Printed, ProbeFacts
from runner.vocabulary import Provided, Status
from tests.runner.rules_bench import AT, asked, judged, probe, told, trial

FINITE, LEARN, TARGETS, WORK = (
    "implementation.loss_finite",
    "implementation.parameters_learn",
    "data.targets_nonempty",
    "implementation.work_observed",
)
FAIL, OURS, UNSURE, PASS = "fail submission", "not_exercised assets", "not_exercised", "pass"
NAN = float("nan")
STAND_INS = [asked("model", "distilbert/distilbert-base-uncased"), asked("dataset", "nyu-mll/glue")]
MIRRORED = [asked("model", "distilbert/distilbert-base-uncased", provided=Provided.MIRROR)]


def losses(*values: float, nan: int = 0, infinite: int = 0) -> ProbeFacts:
    bad: dict[str, Any] = {"first_bad": AT, "first_bad_number": 1} if nan or infinite else {}
    return probe(losses=[Losses(pid=1, count=2, looked_at=2, first=list(values), nan=nan, infinite=infinite, **bad)])


def reported(key: str) -> ProbeFacts:
    return probe(not_numbers=[Printed(pid=1, key=key, text="nan", place=AT)])


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (trial(losses(0.7, 0.6), hub=STAND_INS), PASS),
        (trial(probe()), UNSURE),
        (trial(probe(wandb_keys=["accuracy"])), PASS),
        (trial(probe(wandb_keys=["accuracy"], counters={"other_framework": 1.0})), UNSURE),
        (trial(losses(0.7, 0.6).model_copy(update={"counters": {"other_framework": 1.0, "backward": 2.0}})), PASS),
        (trial(losses(NAN, nan=2), hub=STAND_INS), OURS),
        (trial(losses(0.7, infinite=1), hub=STAND_INS), OURS),
        (trial(losses(NAN, nan=2), hub=STAND_INS, fidelity="wide"), FAIL),
        (trial(losses(NAN, nan=2), hub=MIRRORED, fidelity="mirror"), FAIL),
        (trial(losses(NAN, nan=2)), FAIL),
        (trial(reported("accuracy"), hub=STAND_INS), FAIL),
        (trial(reported("val_precision"), hub=STAND_INS), FAIL),
        (trial(reported("val_loss"), hub=STAND_INS), UNSURE),
        (trial(reported("eval/pearson"), hub=STAND_INS), UNSURE),
        (trial(reported("accuracy_std"), hub=STAND_INS), UNSURE),
        (trial(reported("roc_auc"), hub=STAND_INS), UNSURE),
        (trial(losses(0.7).model_copy(update={"disputed": ["x"]})), UNSURE),
        (trial(losses(0.7), status=Status.FAILED), UNSURE),
    ],
)
def test_losses(evidence: Evidence, expected: str) -> None:
    assert told(FINITE, evidence) == expected


def test_a_run_that_stays_finite_on_the_same_assets_clears_them() -> None:
    bad, good = (trial(losses(*v, nan=n), run, hub=STAND_INS) for run, v, n in (("a", (NAN,), 1), ("b", (0.7, 0.6), 0)))
    judgement = judged(FINITE, bad, good)
    assert [(draft.run_id, draft.blame) for draft in judgement.drafts] == [("a", "submission")]


def test_the_loss_of_no_label_is_another_criterions() -> None:
    seen = losses(NAN, nan=2).model_copy(update={"masked": [Masked(pid=1, calls=2, of_calls=2)]})
    judgement = judged(FINITE, trial(seen))
    assert judgement.outcome == UNSURE and not judgement.drafts and "data.targets_nonempty" in judgement.why


def test_a_loss_seen_twice_is_confirmed() -> None:
    first = trial(losses(NAN, nan=2), hub=STAND_INS)
    closer = trial(losses(NAN, nan=2), hub=STAND_INS, fidelity="wide", attempt=2)
    (draft,) = judged(FINITE, first, closer).drafts
    assert (draft.confidence, draft.blame) == ("confirmed", "submission")


def optimizer(steps: int = 2, without: int = 0, at_zero: int = 0, changed: bool | None = True) -> OptimizerUse:
    return OptimizerUse(
        pid=1, name="AdamW", parameters=4, steps=steps, steps_without_gradient=without, steps_at_zero_rate=at_zero,
        changed=changed, place=AT,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("optimizers", "expected"),
    [
        ([optimizer()], PASS),
        ([optimizer(without=1)], PASS),
        ([optimizer(without=2, changed=False)], FAIL),
        ([optimizer(changed=False)], FAIL),
        ([optimizer(), optimizer(without=2, changed=False)], FAIL),
        ([optimizer(steps=1, at_zero=1, changed=False)], UNSURE),
        ([optimizer(steps=2, at_zero=1, changed=False)], FAIL),
        ([optimizer(changed=None)], UNSURE),
        ([optimizer(steps=0, changed=None)], UNSURE),
        ([], UNSURE),
    ],
)
def test_optimizers(optimizers: list[OptimizerUse], expected: str) -> None:
    assert told(LEARN, trial(probe(optimizers=optimizers))) == expected


def masked(calls: int, of_calls: int, model: str, nan: int = 0) -> ProbeFacts:
    trained = Model(pid=1, name=model, parameters=9, trainable=9, forwards=2)
    seen = [Masked(pid=1, calls=calls, of_calls=of_calls, place=AT)] if calls else []
    learned = Losses(pid=1, count=2, looked_at=2, first=[0.7, NAN if nan else 0.6], nan=nan)
    return probe(masked=seen, models=[trained], losses=[learned], counters={"backward": 2.0})


@pytest.mark.parametrize(
    ("seen", "fidelity", "expected"),
    [
        (masked(0, 0, "X"), "small", PASS),
        (masked(2, 2, "transformers.DistilBertForSequenceClassification"), "small", FAIL),
        (masked(2, 2, "transformers.Qwen2ForCausalLM"), "small", OURS),
        (masked(1, 2, "transformers.DistilBertForSequenceClassification", nan=1), "small", OURS),
        (masked(1, 2, "transformers.DistilBertForSequenceClassification", nan=1), "wide", FAIL),
        (masked(1, 16, "transformers.DistilBertForSequenceClassification"), "small", UNSURE),
        (masked(1, 16, "transformers.Qwen2ForCausalLM"), "wide", UNSURE),
        (masked(2, 2, "transformers.Qwen2ForCausalLM"), "wide", FAIL),
        (probe(), "small", UNSURE),
    ],
)
def test_targets(seen: ProbeFacts, fidelity: str, expected: str) -> None:
    assert told(TARGETS, trial(seen, hub=STAND_INS, fidelity=fidelity)) == expected


@pytest.mark.parametrize(
    ("counters", "fields", "expected"),
    [
        ({"processes": 1, "forward": 2, "backward": 2, "optimizer_steps": 2}, {}, PASS),
        ({"processes": 1, "forward": 2}, {}, PASS),
        ({"processes": 1}, {}, FAIL),
        ({"processes": 1, "other_framework": 1}, {}, PASS),
        ({"processes": 1, "unobserved_children": 1}, {}, UNSURE),
        ({}, {}, UNSURE),
        ({"processes": 1, "forward": 2, "backward": 2}, {}, FAIL),
        ({"processes": 1, "forward": 2, "backward": 2}, {"bypasses": ["device stand-in"]}, UNSURE),
    ],
)
def test_work(counters: dict[str, float], fields: dict[str, Any], expected: str) -> None:
    assert told(WORK, trial(probe(counters=counters), **fields)) == expected


def test_work_that_may_be_done_elsewhere_accuses_nobody() -> None:
    asked_for = probe(counters={"processes": 1}, contacts=[Contact(pid=1, host="api.example.org", port=443)])
    judgement = judged(WORK, trial(asked_for))
    assert (judgement.outcome, judgement.drafts) == (UNSURE, ())
    assert "api.example.org" in judgement.why


def test_a_model_that_only_generates_was_seen() -> None:
    evidence = trial(probe(counters={"processes": 1, "generate_calls": 2}))
    assert (told(WORK, evidence), told("model.builds", evidence)) == (PASS, PASS)


@pytest.mark.parametrize(
    ("yaml", "source"),
    [("method: attribution\n", "import torch.optim\n"), ("training: {epochs: 3}\n", "p.data -= lr * p.grad\n")],
)
def test_backward_passes_that_train_nothing_accuse_nobody(yaml: str, source: str) -> None:
    evidence = trial(probe(counters={"processes": 1, "forward": 2, "backward": 2}))
    assert told(WORK, evidence, yaml={"a": yaml}, files={"src/train.py": source}) == UNSURE
