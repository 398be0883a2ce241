"""The cases themselves: that they can be built, and that what they expect exists."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from runner.checklist import load_checklist
from runner.vocabulary import Severity, Verdict
from tests.submission_cases import ROOT, CaseError, case_names, load_case

REQUIRED = {
    "src/train.py", "src/evaluate.py", "src/preprocess.py", "src/model.py", "src/main.py",
    "pyproject.toml", "config/config.yaml",
}  # fmt: skip


@pytest.mark.parametrize("name", case_names())
def test_a_case_expects_what_a_review_can_say(name: str) -> None:
    case = load_case(ROOT / name)
    criteria = load_checklist().criteria
    named = [finding.criterion for finding in case.expect.findings]
    assert set(named) | set(case.expect.also) | set(case.expect.not_applicable) <= set(criteria)
    assert set(case.expect.passes) <= {*criteria, *load_checklist().sections}
    blocking = any(criteria[criterion].severity is Severity.BLOCKING for criterion in named)
    assert case.expect.verdict is (Verdict.NOT_READY if blocking else Verdict.READY)
    assert case.runs
    for finding in case.expect.findings:
        if finding.file is not None and finding.criterion != "structure.required_files":
            assert finding.line is None or finding.line <= len(case.files[finding.file].splitlines())
        assert finding.run_id is None or finding.run_id in case.runs


def test_the_clean_case_is_exactly_the_required_files() -> None:
    case = load_case(ROOT / "clean")
    runs = {f"config/runs/{run_id}.yaml" for run_id in case.runs}
    assert set(case.files) == REQUIRED | runs
    for path, text in case.files.items():
        if path.endswith(".py"):
            ast.parse(text)


def test_no_two_cases_are_the_same_repository() -> None:
    contents = Counter(tuple(load_case(ROOT / name).files.items()) for name in case_names())
    assert max(contents.values()) == 1


def test_every_criterion_has_a_case() -> None:
    covered = {finding.criterion for name in case_names() for finding in load_case(ROOT / name).expect.findings}
    assert covered == set(load_checklist().criteria)


def test_a_case_is_the_same_as_directory_and_as_submission(tmp_path: Path) -> None:
    case = load_case(ROOT / "clean")
    folder = case.write_directory(tmp_path)
    assert {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} == set(case.files)
    assert set(case.document()["files"]) == REQUIRED


def test_an_edit_that_does_not_stand_exactly_once_is_refused(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "expect.yaml").write_text("{title: t, verdict: ready, findings: []}")
    (tmp_path / "base" / "a.txt").write_text("x x")
    (tmp_path / "variant").mkdir()
    (tmp_path / "variant" / "expect.yaml").write_text(
        "{title: t, base: base, verdict: ready, findings: [], edits: [{file: a.txt, replace: x, with: y}]}"
    )
    with pytest.raises(CaseError, match="2 times in a.txt"):
        load_case(tmp_path / "variant")
