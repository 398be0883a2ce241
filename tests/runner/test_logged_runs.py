"""What the full stage keeps of a run in the W&B mock."""

from __future__ import annotations

import contextlib
from pathlib import Path

from runner.stages.full import logged_run
from sandbox.wandb_mock import MadeUpRun
from sandbox.wandb_mock.reviewing import add_run
from sandbox.wandb_mock.store import Store


def test_keys_of_a_nested_summary_are_those_of_the_history(tmp_path: Path) -> None:
    rows = [{"test": {"acc": 0.5}, "loss": 1.0}, {"test": {"acc": 0.6}, "loss": 0.9}]
    summary = {"test": {"acc": 0.6}, "table": {"_type": "table-file", "path": "x"}, "best": {"acc": 0.6}}
    with contextlib.closing(Store(tmp_path / "wandb.db")) as store:
        run = logged_run(add_run(store, MadeUpRun("e", "p", "a", rows, {}, summary, "a")))
    assert set(run.keys) == {"test.acc", "loss"}
    assert set(run.summary) == {"test.acc", "loss", "table", "best.acc"}
