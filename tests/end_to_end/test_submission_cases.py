"""Every bundled case, reviewed by the command line in a real sandbox: its planted fault is found, and nothing else.

A case is reviewed as far as the stage that decides its fault, the clean ones to the end; one whose criterion has no
rule in this version is not collected. `python tests/confusion.py` prints the same as one table.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.rules.base import all_rules
from tests.case_reviews import problems, review
from tests.submission_cases import ROOT, Case, case_names, load_case

CASES = [load_case(ROOT / name) for name in case_names()]
DECIDABLE = [case for case in CASES if all(found.criterion in all_rules() for found in case.expect.findings)]


@pytest.mark.slow
@pytest.mark.parametrize("case", DECIDABLE, ids=lambda case: case.name)
def test_case(case: Case, tmp_path: Path) -> None:
    assert not problems(case, review(case, tmp_path))
