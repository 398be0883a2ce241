"""Which runs the evaluation script is given: what full mode logged, copies of it, or made-up ones; and the variants."""

from __future__ import annotations

import contextlib
from itertools import pairwise
from pathlib import Path

import pytest

from runner.evidence import Evidence, FilesFacts
from runner.metric_names import names_in
from runner.stages.evaluate.runs import Planned, fill, plan_runs, variants
from runner.submissions.model import Run, Submission
from runner.vocabulary import StageName, Status
from sandbox.wandb_mock import MadeUpRun
from sandbox.wandb_mock.reviewing import add_run, list_runs
from sandbox.wandb_mock.store import Store
from sandbox.wandb_mock.store.lines import HISTORY

RUNS = ("proposed-a", "comparative-1-a")
TRAIN = 'run.log({"loss": 1, "epoch": 2})\nrun.summary["accuracy"] = 3\n'
WIDE = "1" + "0" * 400
ROWS = [{"loss": 0.9, "_step": 1}, {"loss": 0.7, "accuracy": 0.5, "_step": 2}]


def submission() -> Submission:
    runs = tuple(Run(run_id=run_id, run_config=f"run_id: {run_id}\nlr: {place}\n") for place, run_id in enumerate(RUNS))
    return Submission(id="s", source="test", files={"src/train.py": TRAIN}, runs=runs)


def full(folder: Path, run_id: str, logged_as: str, status: Status = Status.OK) -> Evidence:
    """A full attempt that logged one run."""
    home = folder / run_id
    home.mkdir()
    with contextlib.closing(Store(home / "wandb.db")) as store:
        add_run(store, MadeUpRun("team", "demo", logged_as, ROWS, {"lr": 9}, {"accuracy": 0.5}))
    return Evidence(stage=StageName.FULL, run_id=run_id, status=status, directory=run_id)


def planned(folder: Path, *before: Evidence) -> dict[str, Planned]:
    files = FilesFacts(files=[], wandb={"entity": "team", "project": "demo"})
    evidence = [Evidence(stage=StageName.FILES, status=Status.OK, facts=files), *before]
    made = submission()
    found = plan_runs(made, evidence, folder, names_in(made.tree()), "reviewed")
    return {run.made.id: run for run in found}


def test_what_was_logged_is_served_and_the_other_run_is_a_copy_with_its_own_configuration(tmp_path: Path) -> None:
    runs = planned(tmp_path, full(tmp_path, RUNS[0], RUNS[0]))
    assert [runs[run_id].origin for run_id in RUNS] == ["logged", "copied"]
    copy = runs[RUNS[1]].made
    assert copy.config["lr"] == 1 and copy.summary["accuracy"] != 0.5
    served = fill(tmp_path / "store.db", list(runs.values()))
    assert [(run.run_id, run.history, run.summary) for run in served] == [
        (run_id, ["loss", "accuracy"], ["loss", "accuracy"]) for run_id in RUNS
    ]
    with contextlib.closing(Store(tmp_path / "store.db")) as store:
        logged, _ = list_runs(store)
    assert (logged.path, logged.state, logged.config["lr"]) == ("team/demo/proposed-a", "finished", 9)


def test_a_run_logged_under_another_id_is_served_under_its_run_id(tmp_path: Path) -> None:
    runs = planned(tmp_path, full(tmp_path, RUNS[0], "x1y2z3"))
    assert runs[RUNS[0]].origin == "copied"
    assert runs[RUNS[0]].made.summary["accuracy"] == 0.5


@pytest.mark.parametrize("status", [Status.FAILED, Status.TIMEOUT])
def test_a_full_run_that_did_not_end_has_logged_too_little(tmp_path: Path, status: Status) -> None:
    runs = planned(tmp_path, full(tmp_path, RUNS[0], RUNS[0], status))
    assert {run.origin for run in runs.values()} == {"made-up"}


def test_made_up_runs_have_the_names_of_the_source_and_the_place_of_the_configuration(tmp_path: Path) -> None:
    runs = planned(tmp_path)
    made = runs[RUNS[0]].made
    assert (made.entity, made.project, made.config["lr"]) == ("team", "demo", 0)
    assert set(made.history[0]) == {"loss", "epoch"} and set(made.summary) == {"accuracy"}


def test_variants_let_one_side_win(tmp_path: Path) -> None:
    runs = list(planned(tmp_path, full(tmp_path, RUNS[0], RUNS[0])).values())
    for baseline_wins in (True, False):
        proposed, baseline = (run.made for run in variants(runs, baseline_wins))
        assert (baseline.summary["accuracy"] > proposed.summary["accuracy"]) is baseline_wins
        assert (baseline.history[-1]["loss"] < proposed.history[-1]["loss"]) is baseline_wins


@pytest.mark.parametrize(
    "row",
    [
        '{"_step": "x", "loss": 1}',
        '{"_step": NaN, "loss": 1}',
        '{"_step": null, "loss": 1}',
        '{"_step": [1], "loss": 1}',
        f'{{"_step": {WIDE}, "loss": {WIDE}}}',
        '{"loss": 1e999}',
        '{"\\ud800": 0.5, "loss": 1}',
    ],
)
def test_rows_that_no_client_writes_are_taken_for_what_they_are(tmp_path: Path, row: str) -> None:
    evidence = full(tmp_path, RUNS[0], RUNS[0])
    with contextlib.closing(Store(tmp_path / RUNS[0] / "wandb.db")) as store:
        run = store.runs.get("team", "demo", RUNS[0])
        store.lines.put(run.id, HISTORY, 2, [row], truncate=False)
    runs = list(planned(tmp_path, evidence).values())
    for number, made in enumerate([runs, variants(runs, True), variants(runs, False)]):
        served = fill(tmp_path / f"{number}.db", made)
        assert all(run.model_dump_json() and "loss" in run.history for run in served)


def test_a_configuration_may_hold_what_json_cannot(tmp_path: Path) -> None:
    of = submission()
    bomb = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
        f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n" for before, name in pairwise("abcdefgh")
    )
    texts = ("day: 2025-11-20\n1: [.nan]\n", bomb)
    odd = tuple(run.model_copy(update={"run_config": text}) for run, text in zip(of.runs, texts, strict=True))
    made = of.model_copy(update={"runs": odd})
    runs = plan_runs(made, [], tmp_path, names_in(made.tree()), "reviewed")
    assert [run.made.config.get("day") for run in runs] == ["2025-11-20", None]
    assert len(fill(tmp_path / "store.db", runs)) == 2
