"""What one trial may do, counted: each right way of training beside the wrong one that looks like it."""

from __future__ import annotations

import pytest

from runner.probe_facts import OptimizerUse, OptunaUse, Pass, Phase, Place, ProbeFacts, Process
from runner.settings import BudgetSettings
from runner.vocabulary import Status
from tests.runner.rules_bench import AT, judged, probe, told, trial

ELSEWHERE = Place(file="src/train.py", line=40)
TRAIN, EPOCHS, EVAL = "mode.trial_train_batches", "mode.trial_epochs", "mode.trial_eval_batches"
FAIL, UNSURE, PASS = "fail submission", "not_exercised", "pass"


def over(data: str = "D#1", place: Place = AT, pid: int = 1, length: int = 100, **counts: int) -> Pass:
    counts.setdefault("delivered", counts.get("train_batches", 0) + counts.get("eval_batches", 0))
    return Pass(pid=pid, dataset=data, place=place, length=length, **counts)


def steps(count: int, pid: int = 1) -> OptimizerUse:
    return OptimizerUse(pid=pid, name="AdamW", parameters=9, steps=count, changed=True)


def evaluated(batches: int, passes: int = 1, **more: int) -> Phase:
    return Phase(pid=1, kind="eval", batches=batches, passes=passes, place=AT, **more)


def by_hand(inputs: int, optimizer_steps: int) -> ProbeFacts:
    train = Phase(pid=1, kind="train", batches=0, forwards_without_loader=inputs, place=AT)
    return probe(hand_batches=inputs, optimizers=[steps(optimizer_steps)], phases=[train])


RANKS = [Process(pid=pid, parent=9, command="train.py") for pid in (1, 2)]
ELSE, BOTH = {"other_framework": 1.0}, {"forward": 4.0, "backward": 2.0}

CASES = [
    # batches
    (TRAIN, "two batches", probe(passes=[over(train_batches=2)]), PASS),
    (TRAIN, "three batches", probe(passes=[over(train_batches=3)]), FAIL),
    (TRAIN, "no training", probe(), PASS),
    (TRAIN, "another framework, of which nothing is seen", probe(counters=ELSE), UNSURE),
    (TRAIN, "another framework beside torch", probe(passes=[over(train_batches=2)], counters=ELSE | BOTH), PASS),
    (TRAIN, "too many beside another framework", probe(passes=[over(train_batches=9)], counters=ELSE), FAIL),
    (TRAIN, "micro-batches of an accumulated step", probe(passes=[over(train_batches=8)], optimizers=[steps(1)]), FAIL),
    (TRAIN, "calibration over another data set",
     probe(passes=[over("C#2", ELSEWHERE, train_batches=60), over(train_batches=2)]), FAIL),
    (TRAIN, "loaders drawn from in lockstep, one of them claimed",
     probe(passes=[over("U#2", delivered=2), over("L#1", train_batches=2)]), PASS),
    (TRAIN, "an adversarial loop of four steps by hand on two inputs", by_hand(2, 8), UNSURE),
    (TRAIN, "two views of two batches by hand", by_hand(4, 2), UNSURE),
    (TRAIN, "fifty inputs in fifty steps by hand", by_hand(50, 50), FAIL),
    (TRAIN, "sixteen inputs accumulated into one step by hand", by_hand(16, 1), UNSURE),
    (TRAIN, "two inputs by hand", by_hand(2, 2), PASS),
    (TRAIN, "two ranks of one training",
     probe(processes=RANKS, passes=[over(train_batches=2), over(pid=2, train_batches=2)]), PASS),
    (TRAIN, "two processes with commands of their own",
     probe(processes=[RANKS[0], Process(pid=2, parent=9, command="train.py seed=2")],
           passes=[over(train_batches=2), over(pid=2, train_batches=2)]), FAIL),
    (TRAIN, "a process that was not seen", probe(passes=[over(train_batches=1)], unobserved=["python x"]), UNSURE),
    (TRAIN, "too many although a process was not seen", probe(passes=[over(train_batches=9)], unobserved=["x"]), FAIL),
    (TRAIN, "a list that was cut", probe(passes=[over(train_batches=1)], cut=["passes"]), UNSURE),
    (TRAIN, "disputed", probe(passes=[over(train_batches=9)], disputed=["an event that nobody sent"]), UNSURE),
    # epochs
    (EPOCHS, "one pass", probe(passes=[over(train_batches=2)]), PASS),
    (EPOCHS, "three passes", probe(passes=[over(train_batches=2)] * 3), FAIL),
    (EPOCHS, "a calibration loop before",
     probe(passes=[over(place=ELSEWHERE, train_batches=1), over(train_batches=1)]), PASS),
    (EPOCHS, "lockstep", probe(passes=[over("U#2", train_batches=1), over("L#1", train_batches=1)]), UNSURE),
    (EPOCHS, "next(iter(loader)) twice", probe(passes=[over(train_batches=1, length=50)] * 2), UNSURE),
    (EPOCHS, "a data set of one batch, three times", probe(passes=[over(train_batches=1, length=1)] * 3), FAIL),
    (EPOCHS, "another framework, of which nothing is seen", probe(counters=ELSE), UNSURE),
    (EPOCHS, "another framework beside torch", probe(passes=[over(train_batches=2)], counters=ELSE | BOTH), PASS),
    (EPOCHS, "passes that only evaluate", probe(passes=[over(eval_batches=2)] * 3), PASS),
    (EPOCHS, "by hand, two steps", by_hand(2, 2), PASS),
    (EPOCHS, "by hand, six steps", by_hand(2, 6), UNSURE),
    # evaluation
    (EVAL, "two batches", probe(passes=[over(eval_batches=2)], phases=[evaluated(2)]), PASS),
    (EVAL, "validation and test in a row",
     probe(passes=[over(eval_batches=2), over("T#2", eval_batches=2)], phases=[evaluated(4, passes=2)]), PASS),
    (EVAL, "another framework, of which nothing is seen", probe(counters=ELSE), UNSURE),
    (EVAL, "another framework beside torch", probe(counters=ELSE | BOTH), PASS),
    (EVAL, "all rows", probe(passes=[over(eval_batches=63)], phases=[evaluated(63)]), FAIL),
    (EVAL, "one loader drawn from in many evaluations",
     probe(passes=[over(eval_batches=8)], phases=[evaluated(2), evaluated(2)]), PASS),
    (EVAL, "ten rows generated one by one", probe(phases=[evaluated(10, passes=0)]), UNSURE),
    (EVAL, "a thousand rows generated one by one", probe(phases=[evaluated(1000, passes=0)]), FAIL),
    (EVAL, "two calls of generate", probe(phases=[evaluated(2, passes=0)]), PASS),
    (EVAL, "five forward passes without a loader", probe(phases=[evaluated(0, 0, forwards_without_loader=5)]), UNSURE),
    # search
    ("mode.trial_search_off", "a study that runs nothing", probe(optuna=[OptunaUse(pid=1, studies=1)]), PASS),
    ("mode.trial_search_off", "a trial", probe(optuna=[OptunaUse(pid=1, studies=1, trials=1, place=AT)]), FAIL),
]  # fmt: skip


@pytest.mark.parametrize(
    ("criterion", "seen", "expected"), [(c, s, e) for c, _, s, e in CASES], ids=[f"{c}-{n}" for c, n, _, _ in CASES]
)
def test_budget(criterion: str, seen: ProbeFacts, expected: str) -> None:
    assert told(criterion, trial(seen)) == expected


def test_the_finding_stands_at_the_loop_with_most_batches() -> None:
    seen = probe(passes=[over("C#2", ELSEWHERE, train_batches=60), over(train_batches=2)])
    (draft,) = judged(TRAIN, trial(seen)).drafts
    assert (draft.file, draft.line) == ("src/train.py", 40)
    assert "62 batches" in draft.message


def test_limits_are_overridden_by_the_budget() -> None:
    budget = BudgetSettings(epochs=3, train_batches=9, eval_batches=2, optuna_trials=1, wandb_runs=0)
    seen = probe(passes=[over(train_batches=3)] * 3, optuna=[OptunaUse(pid=1, trials=1)])
    for criterion in (TRAIN, EPOCHS, "mode.trial_search_off"):
        assert told(criterion, trial(seen), budget=budget) == PASS


def test_a_trial_that_was_stopped_over_budget_passes_nothing_else() -> None:
    stopped = trial(probe(passes=[over(train_batches=40)]), status=Status.STOPPED_OVER_BUDGET)
    assert told(TRAIN, stopped) == FAIL
    assert told(EPOCHS, stopped) == UNSURE
    assert told("implementation.trial_completes", stopped) == UNSURE


def test_the_same_loop_in_two_runs_is_one_finding() -> None:
    seen = probe(passes=[over(train_batches=12)])
    (draft,) = judged(TRAIN, trial(seen, "a"), trial(seen, "b")).drafts
    assert draft.run_id is None


def test_without_a_probe_nothing_is_said() -> None:
    assert told(TRAIN, trial(None)) == UNSURE
    assert told(TRAIN, trial(ProbeFacts())) == UNSURE


@pytest.mark.parametrize(
    ("seen", "gpus", "expected"),
    [
        (probe(passes=[over(train_batches=1)], phase="training"), 0, "not_exercised infrastructure"),
        (probe(passes=[over(train_batches=1)], phase="training"), 1, FAIL),
        (probe(passes=[over(train_batches=5)]), 0, UNSURE),
        (probe(passes=[over(train_batches=400)], counters={"backward": 400}), 0, FAIL),
        (None, 0, "not_exercised infrastructure"),
    ],
)
def test_time(seen: ProbeFacts | None, gpus: int, expected: str) -> None:
    assert told("mode.trial_time", trial(seen, status=Status.TIMEOUT), gpus=gpus) == expected


def test_a_time_limit_says_how_far_the_trial_got() -> None:
    seen = probe(passes=[over(train_batches=1)], phase="training", optimizers=[steps(1)])
    (draft,) = judged("mode.trial_time", trial(seen, status=Status.TIMEOUT)).drafts
    assert "training; 1 batches trained on in 1 optimizer steps" in draft.evidence
