"""What seeing a failure again says: nearer assets make it sure, the same stand-ins do not, and ours is never theirs."""

from __future__ import annotations

from typing import Any

import pytest

from runner.checklist import load_checklist
from runner.evidence import ComposeFacts, Evidence, HubRequest, ImportFailure
from runner.review import Frame, Traceback
from runner.rules.base import Case, Draft
from runner.rules.failures import failures
from runner.submissions.model import Run, Submission
from runner.vocabulary import Blame, Confidence, Provided, StageName, Status

MODEL = HubRequest(kind="model", id="gpt2", provided=Provided.STAND_IN)
ROWS = HubRequest(kind="dataset", id="nyu-mll/glue", provided=Provided.STAND_IN)
TORCH = "/e/lib/python3.11/site-packages/torch/nn/modules/linear.py"
DATASETS = "/e/lib/python3.11/site-packages/datasets/arrow_dataset.py"


def trace(kind: str, *below: str, message: str = "bad", line: int = 7) -> Traceback:
    own = Frame(file="src/model.py", line=line, function="f", in_submission=True)
    frames = [own, *(Frame(file=file, line=9, function="g") for file in below)]
    return Traceback(type=kind, message=message, file=own.file, line=line, frames=frames)


def attempt(
    number: int, fidelity: str = "small", failed: Traceback | None = None, run_id: str = "a", **fields: Any
) -> Evidence:
    status = fields.pop("status", Status.FAILED if failed else Status.OK)
    hub = list(fields.pop("hub", [MODEL]))
    return Evidence(
        stage=StageName.TRIAL, run_id=run_id, attempt=number, fidelity=fidelity, status=status, traceback=failed,
        hub=hub, **fields,
    )  # fmt: skip


def compose(failed: Traceback) -> Evidence:
    facts = ComposeFacts(import_failures=[ImportFailure(module="src.model", traceback=failed)], finished=True)
    return Evidence(stage=StageName.COMPOSE, status=Status.FAILED, facts=facts, hub=[MODEL])


def drafts(*evidence: Evidence) -> tuple[Draft, ...]:
    run_ids = list(dict.fromkeys(each.run_id for each in evidence if each.run_id))
    runs = tuple(Run(run_id=run_id, run_config="") for run_id in run_ids)
    submission = Submission(id="s", source="t", files={"src/model.py": "x\n" * 30}, runs=runs)
    return failures(Case(submission, load_checklist(), evidence, run_ids))


def told(*evidence: Evidence) -> list[tuple[Blame, Confidence]]:
    return [(draft.blame, draft.confidence) for draft in drafts(*evidence)]


OBSERVED, CONFIRMED = (Blame.SUBMISSION, Confidence.OBSERVED), (Blame.SUBMISSION, Confidence.CONFIRMED)
ASSETS = (Blame.ASSETS, Confidence.OBSERVED)


@pytest.mark.parametrize(
    ("failed", "hub", "wide", "mirror"),
    [
        (trace("RuntimeError", TORCH), [MODEL], CONFIRMED, CONFIRMED),
        (trace("KeyError", message="'x'"), [MODEL], OBSERVED, CONFIRMED),
        (trace("AssertionError"), [MODEL], OBSERVED, CONFIRMED),
        (trace("KeyError", DATASETS, message="'x'"), [MODEL, ROWS], OBSERVED, CONFIRMED),
        (trace("TypeError", message="'int' object is not callable"), [MODEL, ROWS], CONFIRMED, CONFIRMED),
    ],
)
def test_true_widths_confirm_what_hangs_on_widths(
    failed: Traceback, hub: list[HubRequest], wide: tuple[Blame, Confidence], mirror: tuple[Blame, Confidence]
) -> None:
    first = attempt(1, failed=failed, hub=hub)
    assert told(first, attempt(2, "wide", failed, hub=hub)) == [wide]
    assert told(first, attempt(2, "mirror", failed, hub=hub)) == [mirror]


def test_rows_that_a_stand_in_lacks_are_not_confirmed_by_the_same_rows() -> None:
    few = trace("IndexError", DATASETS, message="Index 9999 out of range for dataset of size 4129.")
    hub = [MODEL, ROWS.model_copy(update={"rows": [(4129, 67349)]})]
    assert told(attempt(1, failed=few, hub=hub), attempt(2, "wide", few, hub=hub)) == [ASSETS]


def test_facts_that_were_inferred_from_a_name_accuse_nobody() -> None:
    inferred = MODEL.model_copy(update={"inferred": True})
    label = trace("KeyError", message="'ENTAILMENT'")
    assert told(attempt(1, failed=label, hub=[inferred]), attempt(2, "wide", label, hub=[inferred])) == [ASSETS]
    real = MODEL.model_copy(update={"provided": Provided.MIRROR})
    assert told(attempt(1, failed=label, hub=[inferred]), attempt(2, "mirror", label, hub=[real])) == [CONFIRMED]
    wrong_call = trace("TypeError", message="train() got an unexpected keyword argument 'epochs'")
    for failed in (trace("NameError"), wrong_call):
        assert told(attempt(1, failed=failed, hub=[inferred])) == [OBSERVED]
    inputs = trace("TypeError", message="forward() got an unexpected keyword argument 'token_type_ids'")
    assert told(attempt(1, failed=inputs, hub=[inferred])) == [ASSETS]


def test_what_is_seen_on_the_device_stand_in_stays_observed() -> None:
    failed = trace("RuntimeError", TORCH)
    stood_in = {"bypasses": ["stand-in device"]}
    assert told(attempt(1, failed=failed, **stood_in), attempt(2, "wide", failed, **stood_in)) == [OBSERVED]
    twice = [attempt(1, failed=trace("NameError"), run_id=run_id, **stood_in) for run_id in "ab"]
    assert told(*twice) == [OBSERVED]
    assert told(*(attempt(1, failed=trace("NameError"), run_id=run_id) for run_id in "ab")) == [CONFIRMED]


def test_what_a_stand_in_may_have_caused_is_not_surer_for_another_run() -> None:
    failed = trace("KeyError", message="'x'")
    assert told(*(attempt(1, failed=failed, run_id=run_id) for run_id in "ab")) == [OBSERVED]
    assert told(*(attempt(1, failed=failed, run_id=run_id, hub=[]) for run_id in "ab")) == [CONFIRMED]


def test_compose_is_judged_by_the_closer_look_of_a_trial() -> None:
    failed = trace("RuntimeError", TORCH)
    small = attempt(1, failed=failed)
    assert told(compose(failed), small, attempt(2, "wide")) == []
    assert told(compose(failed), small, attempt(2, "wide", status=Status.OUT_OF_MEMORY)) == [ASSETS]
    elsewhere = trace("NameError", line=20)
    assert told(compose(failed), small, attempt(2, "wide", elsewhere)) == [ASSETS, OBSERVED]
    assert told(compose(failed), small, attempt(2, "wide", failed)) == [CONFIRMED]
    assert told(compose(failed), attempt(1)) == [OBSERVED]
    assert told(compose(trace("NameError")), attempt(1, failed=trace("NameError"))) == [CONFIRMED]


def test_run_ids_are_judged_apart_where_an_asset_was_in_the_way_of_one() -> None:
    failed = trace("KeyError", message="'x'")
    lost = HubRequest(kind="model", id="a/b", provided=Provided.MISSING, reason="missing")
    ours, theirs = attempt(1, failed=failed, run_id="a", hub=[lost]), attempt(1, failed=failed, run_id="b", hub=[])
    for order in ((ours, theirs), (theirs, ours)):
        found = {draft.run_id: draft.blame for draft in drafts(*order)}
        assert found == {"a": Blame.ASSETS, "b": Blame.SUBMISSION}
