"""Rounds of a review: what a repaired copy shows is told once, in the original's lines, behind what was in the way."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runner.checklist import load_checklist
from runner.evaluation_facts import EvaluateFacts, Evaluation
from runner.evidence import ComposeFacts, Composition, Evidence
from runner.judge import judge
from runner.repairs.base import Repair, applied, identity
from runner.repairs.ladder import blockers
from runner.repairs.patch import original_line, unified_diff
from runner.review import Environment, Timings, Traceback
from runner.rounds import Round, helped
from runner.rules.base import Case, Draft
from runner.submissions.model import Run, Submission
from runner.vocabulary import Blame, Cause, CriterionOutcome, StageName, Status, Verdict

MAIN = "import os\n\n\ndef main(cfg):\n    return os.getcwd()\n"
SUBMISSION = Submission(
    id="s",
    source="test",
    files={"src/main.py": MAIN, "src/train.py": "print(1)\n"},
    runs=(Run(run_id="a", run_config="run_id: a\n"), Run(run_id="b", run_config="run_id: b\n")),
)
REPAIR = Repair(
    kind="import",
    what="Import sys in src/main.py.",
    files={"src/main.py": "import sys\n" + MAIN, "config/extra.yaml": "x: 1\n"},
    begins=StageName.COMPOSE,
)


def failed(run_id: str, step: int, file: str, line: int, kind: str = "NameError") -> Evidence:
    return Evidence(
        stage=StageName.TRIAL,
        run_id=run_id,
        step=step,
        status=Status.FAILED,
        directory=f"stages/4-trial-{run_id}/{step + 1}",
        traceback=Traceback(type=kind, message=f"{kind} {line}", file=file, line=line),
    )


def review_of(*rounds: tuple[Submission, list[Evidence], tuple[Repair, ...]]):
    checklist = load_checklist()
    made = [Round(Case(copy, checklist, evidence, ["a", "b"]), repairs) for copy, evidence, repairs in rounds]
    environment = Environment(backend="dummy", isolation="none")
    return judge(made, [StageName.TRIAL], environment, Timings())


FIRST = [failed("a", 0, "src/main.py", 5), failed("b", 0, "src/main.py", 5)]


def over_first() -> Repair:
    """REPAIR, for the failure that FIRST shows."""
    draft = Draft(
        "implementation.trial_completes", Cause.IMPORT_NAME, StageName.TRIAL, "", root=("NameError", "src/main.py", "5")
    )
    return REPAIR.model_copy(update={"over": identity(draft)})


def test_what_shows_behind_a_repair_is_told_in_the_originals_lines():
    repair = over_first()
    behind = [failed("a", 1, "src/main.py", 5, "KeyError"), failed("b", 1, "src/main.py", 5, "KeyError")]
    review = review_of((SUBMISSION, FIRST, ()), (applied(SUBMISSION, repair), behind, (repair,)))
    first, second = review.findings
    assert (first.line, first.behind) == (5, [])
    assert (second.line, second.behind) == (4, [first.id]), "the copy has one line more above it"
    assert review.verdict is Verdict.NOT_READY
    assert review.repairs[0].over == [first.id]
    assert review.repairs[0].reached == "trial b: failed"
    assert [stage.bypasses for stage in review.stages] == [[], [], [repair.what], [repair.what]]


def test_the_same_failure_in_a_later_round_is_no_second_finding():
    repair = over_first()
    again = [failed("a", 1, "src/main.py", 6), failed("b", 1, "src/main.py", 6)]
    review = review_of((SUBMISSION, FIRST, ()), (applied(SUBMISSION, repair), again, (repair,)))
    assert len(review.findings) == 1


def test_a_failure_at_a_line_that_a_repair_wrote_is_not_the_submissions():
    repair = over_first()
    ours = [failed("a", 1, "src/main.py", 1), failed("b", 1, "config/extra.yaml", 1)]
    review = review_of((SUBMISSION, FIRST, ()), (applied(SUBMISSION, repair), ours, (repair,)))
    assert [finding.line for finding in review.findings] == [5]


def test_a_criterion_that_only_a_later_round_could_see_says_so():
    repair = over_first()
    fine = [
        Evidence(stage=StageName.TRIAL, run_id=run_id, step=1, status=Status.OK, directory=f"stages/4-trial-{run_id}/2")
        for run_id in ("a", "b")
    ]
    review = review_of((SUBMISSION, FIRST, ()), (applied(SUBMISSION, repair), fine, (repair,)))
    items = {item.criterion: item for item in review.checklist}
    assert items["structure.source_unchanged"].outcome is CriterionOutcome.PASS
    assert items["structure.source_unchanged"].why == "seen behind one repair"
    assert items["implementation.trial_completes"].outcome is CriterionOutcome.FAIL, "the first round stands"
    assert review.verdict is Verdict.NOT_READY


def test_a_round_that_was_cut_hides_no_evaluation_of_an_earlier_one():
    repair = over_first()
    evaluated = Evidence(
        stage=StageName.EVALUATE,
        status=Status.FAILED,
        directory="stages/6-evaluate/1",
        facts=EvaluateFacts(evaluations=[Evaluation(variant="logged", status=Status.FAILED)], made_up=["a"]),
    )
    cut = [failed("a", 1, "src/main.py", 5, "KeyError")]
    review = review_of((SUBMISSION, [*FIRST, evaluated], ()), (applied(SUBMISSION, repair), cut, (repair,)))
    assert review.evaluation is not None
    assert (review.evaluation.made_up, review.evaluation.variants) == (["a"], {"logged": Status.FAILED})


def test_what_others_are_to_blame_for_behind_a_repair_stays_so():
    repair = over_first()
    lost = Evidence(
        stage=StageName.TRIAL,
        run_id="a",
        step=1,
        status=Status.INFRASTRUCTURE_ERROR,
        status_evidence="the engine went away",
        directory="stages/4-trial-a/2",
    )
    review = review_of((SUBMISSION, FIRST, ()), (applied(SUBMISSION, repair), [lost], (repair,)))
    assert [finding.blame for finding in review.findings] == [Blame.SUBMISSION, Blame.INFRASTRUCTURE]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a.py": "x = 1\n"}, {"a.py": "x = 2\n"}),
        ({"a.py": "x = 1"}, {"a.py": "x = 2"}),
        ({"a.py": "x = 1"}, {"a.py": "x = 1\n"}),
        ({"a.py": "a\x0cb\nc\u2028d\n"}, {"a.py": "a\x0cb\nnew\nc\u2028d\n"}),
        ({"a.py": "x\n"}, {"a.py": "x\n", "new/deep.yaml": "k: 1\n"}),
        ({"a.py": ""}, {"a.py": "y\n"}),
        ({"a.py": "1\r\n2\r\n"}, {"a.py": "1\r\nnew\r\n2\r\n"}),
    ],
)
def test_git_applies_the_diff(before: dict[str, str], after: dict[str, str], tmp_path: Path):
    for path, text in before.items():
        (tmp_path / path).write_bytes(text.encode())
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    done = subprocess.run(
        ["git", "apply", "-"], input=unified_diff(before, after).encode(), cwd=tmp_path, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert {path: (tmp_path / path).read_bytes().decode() for path in after} == after


def test_equal_trees_have_no_diff():
    assert unified_diff({"a": "x"}, {"a": "x"}) == ""


def test_lines_find_their_way_back():
    before, after = "a\nb\nc\n", "a\nnew\nb\nchanged\n"
    assert [original_line(before, after, line) for line in (1, 2, 3, 4)] == [1, None, 2, None]


def test_a_repair_behind_which_the_same_failure_is_met_got_past_nothing():
    repair = over_first()
    same = [
        evidence.model_copy(update={"step": 1, "directory": f"{evidence.directory}-again", "traceback": MOVED})
        for evidence in FIRST
    ]
    other = [failed("a", 1, "src/train.py", 1, "KeyError"), same[1]]
    for behind, helps in ((same, False), (other, False), ([other[0]], True), ([], False)):
        review = review_of((SUBMISSION, FIRST, ()), (applied(SUBMISSION, repair), behind, (repair,)))
        (step,) = review.repairs
        assert step.helped is helps
        assert bool(step.over) is helps
        assert [bool(finding.behind) for finding in review.findings[1:]] == [helps] * (len(review.findings) - 1)


MOVED = Traceback(type="NameError", message="NameError 5", file="src/main.py", line=6)
"""The failure of FIRST, in the copy that has one line more above it."""


def test_another_error_at_the_same_line_was_behind():
    repair = over_first()
    behind = [failed(run_id, 1, "src/main.py", 6) for run_id in ("a", "b")]
    review = review_of((SUBMISSION, FIRST, ()), (applied(SUBMISSION, repair), behind, (repair,)))
    assert review.repairs[0].helped and review.repairs[0].over == [review.findings[0].id]


def test_the_same_error_at_the_line_that_a_repair_wrote_is_not_got_past():
    edited = over_first().model_copy(update={"files": {"src/main.py": MAIN.replace("os.getcwd()", "os.curdir")}})
    again = [e.model_copy(update={"step": 1, "directory": f"{e.directory}-again"}) for e in FIRST]
    review = review_of((SUBMISSION, FIRST, ()), (applied(SUBMISSION, edited), again, (edited,)))
    assert not review.repairs[0].helped and not review.repairs[0].over


def composed(step: int, *errors: str) -> Evidence:
    """Hydra's word on the second run id; the first composes."""
    told = [
        Composition(module="src.main", run_id="a", ok=True),
        Composition(module="src.main", run_id="b", ok=not errors, errors=list(errors), line=4),
    ]
    facts = ComposeFacts(compositions=told, imported=["src.main"], finished=True)
    return Evidence(
        stage=StageName.COMPOSE, step=step, status=Status.OK, facts=facts, directory=f"stages/3-compose/{step}"
    )


@pytest.mark.parametrize(("errors", "helps"), [((), True), (("no such key",), False), (("another",), True)])
def test_what_one_run_id_alone_could_not_compose_is_got_past(errors: tuple[str, ...], helps: bool):
    case = Case(SUBMISSION, load_checklist(), [composed(0, "no such key")], ["a", "b"])
    (draft,) = [blocker.draft for blocker in blockers(case)]
    assert draft.run_id == "b"
    repair = REPAIR.model_copy(update={"over": identity(draft)})
    rounds = [
        Round(case),
        Round(Case(applied(SUBMISSION, repair), load_checklist(), [composed(1, *errors)], ["a", "b"]), (repair,)),
    ]
    assert helped(rounds, 1) is helps
