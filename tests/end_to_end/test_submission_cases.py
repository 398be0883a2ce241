"""Bundled cases, reviewed by the command line in a real sandbox: the planted fault is found, and nothing else.

A case is reviewed as far as the stage that decides its fault, the clean one to the end; one whose criterion has no
rule in this version is not collected. Cases that show in the trial alone are in test_trial_cases.py, those about full
mode alone in test_full_cases.py, so that workers share them; those about the evaluation script alone are in
tests/evaluation, where nothing is trained for them. `python tests/confusion.py` prints the same as one table.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.case_reviews import (
    decidable,
    problems,
    review,
    shows_in_evaluation_alone,
    shows_in_full_alone,
    shows_in_the_trial_alone,
)
from tests.submission_cases import Case

ELSEWHERE = (shows_in_the_trial_alone, shows_in_full_alone, shows_in_evaluation_alone)
CASES = [case for case in decidable() if not any(alone(case) for alone in ELSEWHERE)]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, tmp_path: Path) -> None:
    assert not problems(case, review(case, tmp_path))
