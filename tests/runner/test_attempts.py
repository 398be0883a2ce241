"""Several attempts of one run: which decides, and what a second look makes of a failure."""

from __future__ import annotations

import pytest

from runner.checklist import load_checklist
from runner.evidence import Evidence, HubRequest, TrialFacts
from runner.probe_facts import Losses, ProbeFacts, Process
from runner.review import Frame, Traceback
from runner.rules.attempts import deciding, may_be_a_stand_ins_doing, missed_a_gpu
from runner.rules.base import Case
from runner.rules.failures import failures
from runner.submissions.model import Run, Submission
from runner.vocabulary import Blame, Confidence, Provided, StageName, Status

STAND_IN = HubRequest(kind="model", id="gpt2", provided=Provided.STAND_IN, real_sizes=[768])
TORCH = Frame(file="/e/lib/python3.11/site-packages/torch/nn/modules/linear.py", line=9, function="forward")


def attempt(
    number: int, fidelity: str, status: Status = Status.OK, kind: str = "", message: str = "bad", line: int = 7
):
    own = Frame(file="src/model.py", line=line, function="f", in_submission=True)
    trace = Traceback(type=kind, message=message, file="src/model.py", line=line, frames=[own, TORCH]) if kind else None
    sizes = [768] if fidelity == "small" else []
    return Evidence(
        stage=StageName.TRIAL,
        run_id="a",
        attempt=number,
        fidelity=fidelity,
        status=status,
        traceback=trace,
        hub=[STAND_IN.model_copy(update={"real_sizes": sizes})],
        directory=f"stages/4-trial-a/{number}",
    )


def small(kind: str = "RuntimeError", **more: object) -> Evidence:
    return attempt(1, "small", Status.FAILED, kind, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("closer", "decides"),
    [
        (attempt(2, "wide"), 2),
        (attempt(2, "wide", Status.FAILED, "RuntimeError"), 2),
        (attempt(2, "wide", Status.FAILED, "NameError", line=20), 2),
        (attempt(2, "wide", Status.FAILED, "IndexError", line=20), 1),
        (attempt(2, "wide", Status.OUT_OF_MEMORY), 1),
        (attempt(2, "wide", Status.TIMEOUT), 1),
        (attempt(2, "wide", Status.INFRASTRUCTURE_ERROR), 1),
        (attempt(2, "small", Status.FAILED, "IndexError", line=20), 2),
    ],
    ids=["ok", "same", "independent", "other", "memory", "time", "lost", "no closer look"],
)
def test_a_closer_look_decides_if_it_shows_something(closer: Evidence, decides: int):
    assert deciding([small(), closer]).attempt == decides


def test_the_mirror_decides_over_a_wide_stand_in_that_showed_nothing():
    assert deciding([small(), attempt(2, "wide", Status.OUT_OF_MEMORY), attempt(3, "mirror")]).attempt == 3


def drafts(*evidence: Evidence):
    submission = Submission(
        id="s", source="t", files={"src/model.py": "x\n" * 30}, runs=(Run(run_id="a", run_config=""),)
    )
    return failures(Case(submission, load_checklist(), evidence, ["a"]))


def test_a_failure_seen_again_at_true_widths_is_confirmed():
    (draft,) = drafts(small(message="mat1 and mat2 (4x12 and 13x5)"), attempt(2, "wide", Status.FAILED, "RuntimeError"))
    assert (draft.blame, draft.confidence) == (Blame.SUBMISSION, Confidence.CONFIRMED)


def test_a_failure_that_true_widths_do_not_show_is_none():
    assert drafts(small(), attempt(2, "wide")) == ()


@pytest.mark.parametrize(
    "ending", [attempt(2, "wide", Status.OUT_OF_MEMORY), attempt(2, "wide", Status.FAILED, "IndexError", line=20)]
)
def test_where_the_closer_look_shows_nothing_the_assets_are_to_blame(ending: Evidence):
    (draft,) = drafts(small(), ending)
    assert draft.blame is Blame.ASSETS
    assert "ended otherwise" in draft.message


@pytest.mark.parametrize(
    ("evidence", "worth_it"),
    [
        (small("RuntimeError"), True),
        (small("IndexError"), True),
        (small("KeyError"), True),
        (small("NameError"), False),
        (small("ModuleNotFoundError"), False),
        (attempt(1, "small", Status.TIMEOUT), False),
        (attempt(1, "small"), False),
        (small().model_copy(update={"hub": []}), False),
    ],
)
def test_what_is_worth_a_closer_look(evidence: Evidence, worth_it: bool):
    assert may_be_a_stand_ins_doing(evidence, gpus=0) is worth_it


LOST = HubRequest(kind="model", id="somebody/own", provided=Provided.MISSING, reason="missing")
HAD = HubRequest(kind="model", id="somebody/own", provided=Provided.MIRROR)


def test_an_asset_that_was_refused_is_worth_a_look_at_the_mirror_which_decides():
    refused = small("OSError", message="no somebody/own").model_copy(update={"hub": [LOST]})
    assert may_be_a_stand_ins_doing(refused, gpus=0)
    failed = attempt(2, "mirror", Status.FAILED, "ValueError", line=20).model_copy(update={"hub": [HAD]})
    assert deciding([refused, failed]) is failed
    (draft,) = drafts(refused, failed)
    assert (draft.blame, draft.line) == (Blame.SUBMISSION, 20)
    assert deciding([refused, failed.model_copy(update={"hub": [LOST]})]) is refused
    (draft,) = drafts(refused)
    assert draft.blame is Blame.ASSETS


def test_a_loss_that_is_no_number_is_worth_a_closer_look():
    facts = TrialFacts(probe=ProbeFacts(losses=[Losses(pid=1, count=2, looked_at=2, nan=1)]))
    assert may_be_a_stand_ins_doing(attempt(1, "small").model_copy(update={"facts": facts}), gpus=0)


def hidden(evidence: Evidence, **work: int) -> Evidence:
    """The same failure, printed by a child of a command that ended with exit code 0."""
    counters = {"processes": 2, **work}
    seen = ProbeFacts(processes=[Process(pid=1, parent=0, command="-m src.main", ended=True)], counters=counters)
    facts = TrialFacts(work=counters, probe=seen, printed_failure=evidence.traceback)
    return evidence.model_copy(update={"status": Status.OK, "traceback": None, "facts": facts})


def test_a_failure_that_a_trial_hides_is_looked_at_again_as_any_other():
    first = hidden(small())
    assert may_be_a_stand_ins_doing(first, 0)
    assert not may_be_a_stand_ins_doing(hidden(small(), forward=1), 0)
    assert missed_a_gpu(hidden(small(message="No CUDA GPUs are available")), 0)
    again = hidden(attempt(2, "wide", Status.FAILED, "RuntimeError"))
    assert deciding([first, again]).attempt == 2
    (draft,) = drafts(first, again)
    assert (draft.blame, draft.confidence) == (Blame.SUBMISSION, Confidence.CONFIRMED)
    assert not drafts(first, attempt(2, "wide"))
    (draft,) = drafts(first, attempt(2, "wide", Status.OUT_OF_MEMORY))
    assert draft.blame is Blame.ASSETS
