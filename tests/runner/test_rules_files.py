"""Which files a submission may bring."""

from __future__ import annotations

import pytest

from runner.checklist import load_checklist
from runner.evidence import Evidence, FilesFacts
from runner.rules.base import Case, all_rules
from runner.stages.files.stage import read_files
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
        ("src/__init__.py", CriterionOutcome.FAIL),
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


@pytest.mark.parametrize("text", ["", "# marks a package\n", '"""The experiment."""\n'])
def test_what_only_marks_a_package_is_no_further_file(text: str):
    files = {"src/__init__.py": text}
    submission = Submission(id="s", source="t", files=files, runs=RUNS)
    evidence = Evidence(stage=StageName.FILES, status=Status.OK, facts=FilesFacts(files=[*files]), directory="d")
    case = Case(submission, load_checklist(), [evidence], ["proposed-a"])
    assert all_rules()["structure.no_extra_files"](case).outcome is CriterionOutcome.PASS


@pytest.mark.parametrize(
    ("mark", "kinds"), [("\ufeff", set()), ("\ufeff\ufeff", {"syntax"}), ("x\ufeff = 1\n", {"syntax"})]
)
def test_one_byte_order_mark_at_the_start_is_no_error(mark: str, kinds: set[str]):
    """CPython, uv and Hydra read a UTF-8 file that begins with one."""
    files = {
        "src/train.py": f"{mark}import os\n",
        "pyproject.toml": f'{mark}[project]\nname = "x"\n',
        "config/config.yaml": "\ufeffwandb: {entity: e, project: p}\n",
    }
    facts = read_files(Submission(id="s", source="t", files=files, runs=RUNS))
    found = {(problem.file, problem.kind) for problem in facts.problems}
    assert found == {(path, kind) for path in ("src/train.py", "pyproject.toml") for kind in kinds}
    assert facts.wandb == {"entity": "e", "project": "p"}
