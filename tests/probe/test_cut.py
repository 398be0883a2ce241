"""The cut on real libraries: what is made short, how it ends, and what is left whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from probe_environment import python
from probed import CLIENTS, Probed, probed

from sandbox.probe import cut_variables

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(600)]

LIMITED = {"limit_train_batches", "limit_val_batches"}
# case -> what comes out when it is cut, and the kinds of cut that are told
CASES: dict[str, tuple[Any, set[str]]] = {
    "epochs": ({"before": 3, "passes": [[3, 3], [3, 3], [1, 1], [1, 1], [1, 1]]}, {"batches"}),
    "short_loader": ({"length": 2, "delivered": 2}, set()),
    "workers": ([3, 3, 1], {"batches"}),
    "endless": ({"delivered": 3, "length": None}, {"batches"}),
    "with_accelerate": ({"steps": 6, "length": 3}, {"batches"}),
    "trainer": (
        {"steps": 2, "logged": 2, "evaluated": True},
        {"batches", "num_train_epochs", "logging_steps", "eval_steps", "save_steps"},
    ),
    "trainer_by_steps": (
        {"steps": 6, "evaluations": [2, 4, 6]},
        {"batches", "num_train_epochs", "max_steps", "logging_steps", "eval_steps", "save_steps"},
    ),
    "lightning": (
        {"steps": 6, "epochs": 2, "logged": 6},
        {"max_epochs", "log_every_n_steps", "val_check_interval", *LIMITED},
    ),
    "lightning_by_steps": (
        {"steps": 6, "epochs": 2, "logged": 6},
        {"max_steps", "log_every_n_steps", *LIMITED},
    ),
    "lightning_without_end": (
        {"steps": 6, "epochs": 2, "logged": 6},
        {"max_epochs", "log_every_n_steps", *LIMITED},
    ),
    "generates": ({"long": 4, "beams": 4, "short": 2}, {"tokens"}),
    "row_by_row": ({"read": 30, "used": [3, 3]}, {"rows"}),
    "searches": ({"trials": 1, "best": ["x"], "after_pruning": 2}, {"trials"}),
    "follows": (1, {"trials"}),
}


class Seen:
    def __init__(self, done: Probed, folder: Path) -> None:
        assert done.exit_code == 0, done.stderr
        self.facts = done.facts
        self.stderr = done.stderr
        self.pids = json.loads((folder / "pids.json").read_text())
        self.said = json.loads((folder / "said.json").read_text())

    def of(self, case: str, name: str) -> list[Any]:
        return [item for item in getattr(self.facts, name) if item.pid == self.pids[case]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("cut") / "r"
    client = CLIENTS / "shortened.py"
    return Seen(probed(client, folder, *CASES, python=python(), variables=cut_variables("batches=3")), folder)


@pytest.mark.parametrize("case", CASES)
def test_what_is_cut(case: str, seen: Seen) -> None:
    out, kinds = CASES[case]
    assert seen.said[case] == out, seen.stderr[-3000:]
    assert {item.what for item in seen.of(case, "shortened")} == kinds


def test_a_cut_says_from_what_to_what_and_where(seen: Seen) -> None:
    (item,) = seen.of("epochs", "shortened")
    assert (item.was, item.now, item.place.file) == (10, 3, "main.py")
    (search,) = seen.of("follows", "shortened")
    assert (search.was, search.now) == (3, 1)


def test_the_cut_works_without_trouble(seen: Seen) -> None:
    assert not [process.disabled for process in seen.facts.processes if process.disabled]


def test_samples_are_followed_to_the_reads_of_the_configuration(seen: Seen) -> None:
    found = {item.name: (item.written, item.read, item.read_otherwise) for item in seen.of("follows", "sampled")}
    assert found == {
        "training.learning_rate": (["training.learning_rate"], ["training.learning_rate"], []),
        "decay": (["decay"], [], ["training.decay"]),
    }


def test_without_the_switch_nothing_is_cut(tmp_path: Path) -> None:
    whole = Seen(probed(CLIENTS / "shortened.py", tmp_path / "r", "epochs", python=python()), tmp_path / "r")
    assert whole.said["epochs"] == {"before": 10, "passes": [[10, 10]] * 5}
    assert whole.facts.shortened == []


def test_a_pass_has_two_batches_unless_told_otherwise(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    done = probed(CLIENTS / "shortened.py", folder, "epochs", python=python(), variables=cut_variables())
    assert Seen(done, folder).said["epochs"]["passes"] == [[2, 2], [2, 2], [1, 1], [1, 1], [1, 1]]
