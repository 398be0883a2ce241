"""Which files a submission may bring."""

from __future__ import annotations

import pytest

from runner.checklist import load_checklist
from runner.evidence import Evidence, FilesFacts
from runner.rules.base import Case, all_rules
from runner.submissions.model import Run, Submission
from runner.vocabulary import CriterionOutcome, StageName, Status

RUNS = (Run(run_id="proposed-a", run_config="run_id: proposed-a\n"),)


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("config/runs/proposed-a.yaml", CriterionOutcome.PASS),
        ("config/run/proposed-a.yaml", CriterionOutcome.PASS),
        ("config/run/other.yaml", CriterionOutcome.FAIL),
        ("config/other/proposed-a.yaml", CriterionOutcome.FAIL),
        ("src/helpers.py", CriterionOutcome.FAIL),
        ("notes.md", CriterionOutcome.PASS),
    ],
)
def test_a_run_may_have_its_file_in_either_folder_of_runs_and_nothing_else_is_brought(
    path: str, outcome: CriterionOutcome
):
    submission = Submission(id="s", source="t", files={path: "x: 1\n"}, runs=RUNS)
    evidence = Evidence(stage=StageName.FILES, status=Status.OK, facts=FilesFacts(files=[path]), directory="d")
    case = Case(submission, load_checklist(), [evidence], ["proposed-a"])
    assert all_rules()["structure.no_extra_files"](case).outcome is outcome
