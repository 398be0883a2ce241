"""The confusion table over the bundled cases, from constructed reviews."""

from __future__ import annotations

from tests.case_reviews import must_pass, overrides, problems
from tests.confusion import confusion, table
from tests.submission_cases import ROOT, load_case

CLEAN, MANY, MASKED = (load_case(ROOT / name) for name in ("clean", "too-many-batches", "labels-all-masked"))


def reviewed(*criteria: str, verdict: str = "not_ready") -> dict:
    place = {"cause": "logic", "blame": "submission", "file": None, "line": None, "message": "m"}
    passed = [{"criterion": name, "outcome": "pass", "why": ""} for name in must_pass(CLEAN)]
    findings = [{"criterion": name, **place} for name in criteria]
    return {"verdict": verdict, "findings": findings, "checklist": passed}


def test_found_missed_followed_and_accused_are_told_apart() -> None:
    reviews = {
        "clean": reviewed("wandb.off_in_trial"),
        "too-many-batches": reviewed(),
        "labels-all-masked": reviewed("data.targets_nonempty", "implementation.loss_finite"),
    }
    counts = confusion([CLEAN, MANY, MASKED], reviews)
    assert counts["wandb.off_in_trial"] == {"accused": 1}
    assert counts["mode.trial_train_batches"] == {"planted": 1, "missed": 1}
    assert counts["data.targets_nonempty"] == {"planted": 1, "found": 1}
    assert counts["implementation.loss_finite"] == {"follows": 1}
    assert table(counts).splitlines()[-1].split() == ["all", "2", "1", "1", "1", "1"]


def test_a_review_as_expected_has_no_problems() -> None:
    assert not problems(CLEAN, reviewed(verdict="ready"))
    assert not problems(MANY, reviewed("mode.trial_train_batches"))


def test_each_way_to_be_wrong_is_named() -> None:
    wrong = problems(MANY, reviewed("wandb.off_in_trial", verdict="ready"))
    assert [line.split(":")[0].split(",")[0] for line in wrong] == ["not found", "accused", "verdict ready"]


def test_a_criterion_that_was_to_pass_and_was_not_decided_is_named() -> None:
    assert {"wandb.off_in_trial", "evaluate.gap"} <= set(must_pass(CLEAN)) and not must_pass(MANY)
    found = reviewed(verdict="ready")
    found["checklist"][0] |= {"outcome": "not_exercised", "why": "nothing was seen"}
    (line,) = problems(CLEAN, found)
    name = found["checklist"][0]["criterion"]
    assert line == f"not passed: {name} is not_exercised, not pass: nothing was seen"
    found["checklist"] = found["checklist"][1:]
    assert [line.split(" is ")[0] for line in problems(CLEAN, found)] == [f"not passed: {name}"]


def test_runs_are_compared_with_all_of_them() -> None:
    named = [word for word in overrides(load_case(ROOT / "methods-do-not-differ")) if word.startswith("runs=")]
    assert not named
    assert "runs=[proposed-distilbert-sst2]" in overrides(MANY)
