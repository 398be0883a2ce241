"""The bundled cases about full mode alone, cut short; see test_submission_cases.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.case_reviews import decidable, problems, review, shows_in_full_alone
from tests.submission_cases import Case

CASES = [case for case in decidable() if shows_in_full_alone(case)]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, tmp_path: Path) -> None:
    assert not problems(case, review(case, tmp_path))
