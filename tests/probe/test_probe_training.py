"""The probe on real torch: what counts as a batch of training, of evaluation, an optimizer that learns, a bad loss."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from probe_environment import python
from probed import CLIENTS, probed

from runner.probe_facts import ProbeFacts

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

# loop -> train batches and eval batches of each pass, batches without a loader, evaluations (batches, forwards)
LOOPS = {
    "cut_short": ([3, 0], [0, 2], 0, [(2, 0)]),
    "whole_pass": ([10], [0], 0, []),
    "within_a_batch": ([2], [0], 0, [(0, 5), (0, 5)]),
    "between_steps_on_one_batch": ([1], [0], 0, [(0, 4)] * 3),
    "workers": ([2], [0], 0, []),
    "accumulation": ([4], [0], 0, []),
    "collected_first": ([3], [0], 0, []),
    "twice_on_each": ([2], [0], 0, []),
    "teacher": ([2], [0], 0, []),
    "two_loaders": ([0, 2], [0, 0], 0, []),
    "one_batch": ([1], [0], 0, []),
    "endless": ([2], [0], 0, []),
    "by_hand": ([], [], 3, [(0, 5)]),
    "gradients_alone": ([2], [0], 0, []),
    "checkpointed": ([2], [0], 0, []),
}


def run(case: str, tmp_path: Path, client: str) -> ProbeFacts:
    done = probed(CLIENTS / client, tmp_path / "r", case, python=python())
    assert done.exit_code == 0, done.stderr
    assert not done.facts.disputed and not done.facts.unobserved and not done.facts.cut
    if case != "replaced":
        assert not [process.disabled for process in done.facts.processes if process.disabled]
    return done.facts


@pytest.fixture(scope="module")
def loops(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ProbeFacts]:
    """Facts of each loop, which has a process of its own."""
    done = probed(CLIENTS / "training.py", tmp_path_factory.mktemp("loops") / "r", *LOOPS, python=python())
    assert done.exit_code == 0, done.stderr
    assert not done.facts.disputed and not done.facts.unobserved and not done.facts.cut
    return {case: of_process(done.facts, pid) for case, pid in json.loads(done.stdout).items()}


def of_process(facts: ProbeFacts, pid: int) -> ProbeFacts:
    """Those lists of the facts that are told apart by process."""
    lists = ("processes", "passes", "phases", "optimizers", "losses", "models", "masked")
    return ProbeFacts(**{name: [item for item in getattr(facts, name) if item.pid == pid] for name in lists})


@pytest.mark.parametrize("case", LOOPS)
def test_batches_of_a_loop(case: str, loops: dict[str, ProbeFacts]) -> None:
    train, evaluated, by_hand, evaluations = LOOPS[case]
    facts = loops[case]
    assert [item.train_batches for item in facts.passes] == train
    assert [item.eval_batches for item in facts.passes] == evaluated
    assert sum(item.forwards_without_loader for item in facts.phases if item.kind == "train") == by_hand
    spans = [(item.batches, item.forwards_without_loader) for item in facts.phases if item.kind == "eval"]
    assert spans == evaluations
    assert {item.place.file for item in facts.passes} <= {"main.py"}


def test_what_is_known_of_a_pass_and_an_optimizer(loops: dict[str, ProbeFacts]) -> None:
    facts = loops["cut_short"]
    assert [(item.delivered, item.length) for item in facts.passes] == [(3, 10), (2 + 1, 10)]
    assert len({item.dataset for item in facts.passes}) == 1 and facts.passes[0].dataset.endswith("TensorDataset#1")
    (optimizer,) = facts.optimizers
    assert (optimizer.name, optimizer.parameters, optimizer.steps, optimizer.changed) == ("AdamW", 4, 3, True)
    (model,) = facts.models
    assert (model.parameters, model.trainable, model.forwards, model.forwards_without_gradients) == (74, 74, 5, 2)
    assert model.devices == ["cpu"]
    assert facts.losses[0].count == 3 and len(facts.losses[0].first) == 3 and not facts.losses[0].nan
    assert [item.kind for item in facts.phases] == ["train", "eval"]


def test_losses_that_are_no_numbers(tmp_path: Path) -> None:
    (losses,) = run("nan_loss", tmp_path, "oddities.py").losses
    assert (losses.count, losses.nan, losses.infinite, losses.first_bad_number) == (2, 1, 0, 2)
    assert math.isnan(losses.first[1]) and losses.first_bad is not None and losses.first_bad.line == 18


def test_an_infinity_that_a_scaler_made_is_no_infinite_loss(tmp_path: Path) -> None:
    (losses,) = run("scaled_loss", tmp_path, "oddities.py").losses
    assert (losses.count, losses.looked_at, losses.infinite, losses.nan) == (1, 1, 0, 0)


def test_optimizers_that_never_learn(tmp_path: Path) -> None:
    copies, still = run("never_learns", tmp_path, "oddities.py").optimizers
    assert (copies.steps, copies.steps_without_gradient, copies.changed, copies.steps_at_zero_rate) == (3, 3, False, 0)
    assert (still.steps, still.steps_without_gradient, still.changed, still.steps_at_zero_rate) == (3, 0, False, 3)


def test_targets_that_are_all_masked(tmp_path: Path) -> None:
    (masked,) = run("masked_labels", tmp_path, "oddities.py").masked
    assert (masked.calls, masked.of_calls, masked.place.line) == (1, 2, 41)


def test_nothing_works_otherwise_than_without_it(tmp_path: Path) -> None:
    run("left_alone", tmp_path, "oddities.py")


def test_a_hook_that_was_replaced_is_told(tmp_path: Path) -> None:
    (process,) = run("replaced", tmp_path, "oddities.py").processes
    assert "torch.autograd.backward was replaced" in process.disabled
