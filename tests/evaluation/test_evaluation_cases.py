"""Bundled cases about the evaluation script, run by real clients on runs as full mode logs them: each fault is found,
nothing else is accused, and what is harmless has no finding."""

from __future__ import annotations

from pathlib import Path

import pytest
from evaluation_bench import Evaluated, evaluate

from runner.evaluation_facts import EvaluateFacts
from runner.vocabulary import Blame, Status
from tests.case_reviews import decidable, shows_in_evaluation_alone
from tests.submission_cases import ROOT, Case, load_case

CASES = [load_case(ROOT / "clean"), *(case for case in decidable() if shows_in_evaluation_alone(case))]


def problems(case: Case, found: Evaluated) -> list[str]:
    """What is wrong: a fault not found, another accused, a finding that is not the submission's."""
    drafts = [(draft.criterion, draft.run_id, draft.file) for draft in found.drafts]
    wrong = []
    for expected in case.expect.findings:
        same = [run for criterion, run, _ in drafts if criterion == expected.criterion]
        if not same or (expected.run_id and expected.run_id not in same):
            wrong.append(f"not found: {expected.criterion}")
    allowed = {expected.criterion for expected in case.expect.findings} | set(case.expect.also)
    wrong += [f"accused: {draft.criterion} {draft.message}" for draft in found.drafts if draft.criterion not in allowed]
    wrong += [f"not blamed: {draft.message}" for draft in found.drafts if draft.blame is not Blame.SUBMISSION]
    return wrong


@pytest.mark.clients
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, tmp_path: Path) -> None:
    found = evaluate(case, tmp_path)
    assert not problems(case, found)
    if not case.expect.findings:
        assert set(found.outcomes.values()) == {"pass"}


@pytest.mark.clients
def test_made_up_runs_accuse_nobody_and_are_said_to_be_made_up(tmp_path: Path) -> None:
    found = evaluate(load_case(ROOT / "clean"), tmp_path, logged=False)
    facts = found.evidence.facts
    assert isinstance(facts, EvaluateFacts)
    assert facts.made_up == [run.run_id for run in facts.evaluations[0].runs]
    assert {"train_loss", "val_accuracy"} <= set(facts.evaluations[0].runs[0].history)
    assert not [draft for draft in found.drafts if draft.blame is Blame.SUBMISSION]
    assert found.outcomes["wandb.keys_match_evaluation"] == "not_exercised"


@pytest.mark.clients
def test_a_script_that_is_missing_is_not_run(tmp_path: Path) -> None:
    found = evaluate(load_case(ROOT / "missing-evaluate"), tmp_path)
    assert (found.evidence.status, found.evidence.status_evidence) == (Status.SKIPPED, "src/evaluate.py is missing")
    assert set(found.outcomes.values()) == {"not_exercised"}
