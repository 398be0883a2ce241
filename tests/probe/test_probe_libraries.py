"""The probe on real libraries: Trainer, accelerate, generate, loads, Optuna, W&B, Hydra."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from probe_environment import python
from probed import CLIENTS, Probed, probed

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(600)]

# case -> train batches and eval batches of each pass
LOOPS = {
    "trainer": ([3, 0], [0, 2]),
    "trainer_accumulates": ([6], [0]),
    "trainer_whole_epoch": ([5, 5], [0, 0]),
    "with_accelerate": ([2, 0], [0, 5]),
    "generates": ([0], [2]),
}
OTHERS = ("loads", "fails", "searches", "tracks")


class Seen:
    def __init__(self, done: Probed, pids: dict[str, int]) -> None:
        self.done = done
        self.pids = pids

    def of(self, case: str, name: str) -> list:
        return [item for item in getattr(self.done.facts, name) if item.pid == self.pids[case]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("libraries") / "r"
    done = probed(CLIENTS / "libraries.py", folder, *LOOPS, *OTHERS, python=python())
    assert done.exit_code == 0, done.stderr
    assert not done.facts.disputed, done.stderr
    assert not [process.disabled for process in done.facts.processes if process.disabled]
    return Seen(done, json.loads((folder / "pids.json").read_text()))


@pytest.mark.parametrize("case", LOOPS)
def test_batches_of_a_librarys_loop(case: str, seen: Seen) -> None:
    passes = seen.of(case, "passes")
    assert ([item.train_batches for item in passes], [item.eval_batches for item in passes]) == LOOPS[case]


def test_a_library_that_asks_one_batch_ahead(seen: Seen) -> None:
    assert [item.delivered for item in seen.of("trainer", "passes")] == [4, 2]
    assert [item.delivered for item in seen.of("with_accelerate", "passes")] == [3, 5]


def test_steps_and_models_of_the_trainer(seen: Seen) -> None:
    (optimizer,) = seen.of("trainer_accumulates", "optimizers")
    assert (optimizer.steps, optimizer.changed) == (2, True)
    (model,) = seen.of("trainer_accumulates", "models")
    assert model.name.endswith("GPT2LMHeadModel") and model.forwards == 6


def test_generate_calls_are_evaluation(seen: Seen) -> None:
    (span,) = seen.of("generates", "phases")
    assert (span.kind, span.batches, span.forwards_without_loader) == ("eval", 6, 0)
    (model,) = seen.of("generates", "models")
    assert model.forwards == model.forwards_without_gradients == 6


def test_loads_and_errors_that_were_swallowed(seen: Seen) -> None:
    loads = [
        (item.api, item.kind, item.id, item.config, bool(item.error_type), item.swallowed)
        for item in seen.of("loads", "loads")
    ]
    model = ("transformers.AutoModelForCausalLM.from_pretrained", "model")
    assert loads == [
        (*model, "model", "", False, False),
        (*model, "nobody/no-model", "", True, True),
        (*model, "model", "", False, False),
        ("datasets.load_dataset", "dataset", "nobody/no-data", "main", True, True),
        ("datasets.load_dataset", "dataset", "json", "", False, False),
        ("evaluate.load", "metric", "no-metric", "", True, False),
    ]
    assert {item.place.file for item in seen.of("loads", "loads")} == {"main.py"}
    (failed,) = seen.of("fails", "loads")
    assert failed.error_type and failed.error and not failed.swallowed


def test_studies(seen: Seen) -> None:
    (optuna,) = seen.of("searches", "optuna")
    assert (optuna.studies, optuna.trials, optuna.sampled) == (1, 3, ["rate", "depth"])


def test_what_wandb_is_asked(seen: Seen) -> None:
    calls = [(item.call, item.mode, item.entity, item.project, item.id) for item in seen.of("tracks", "wandb")]
    assert calls[:2] == [("init", "disabled", "e", "p", "i"), ("init", "offline", "", "q", "")]
    assert calls[2][0] == "api"
    facts = seen.done.facts
    assert set(facts.wandb_keys) == {"loss", "accuracy", "other", "third"}
    assert set(facts.wandb_summary) == {"best", "last", "fourth"}
    assert [(item.key, item.text) for item in facts.not_numbers] == [("accuracy", "nan")]


def test_which_leaves_of_a_configuration_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    (folder / "config" / "runs").mkdir(parents=True)
    (folder / "config" / "config.yaml").write_text("mode: ???\nhydra: {run: {dir: .}, output_subdir: null}\n")
    run = {
        "name": "one",
        "training": {"lr": 0.1, "decay": 0.5, "epochs": 3, "unread": 1},
        "model": {"targets": ["q", "v"], "rank": 4, "alpha": 8, "dropout": 0.1},
        "optimizer": {"name": "adam", "eps": 1e-8},
        "layers": [{"size": 3, "other": 4}],
        "printed": {"a": 1},
        "iterated": {"b": 2},
        "never": 1,
    }
    (folder / "config" / "runs" / "one.yaml").write_text(json.dumps(run))
    done = probed(CLIENTS / "configured.py", folder, "mode=trial", python=python())
    assert done.exit_code == 0, done.stderr
    (configuration,) = done.facts.configurations
    assert configuration.resolved == "mode: trial\n"
    assert set(configuration.reads) == {
        *("name", "training.lr", "training.decay", "absent", "model.targets", "model.rank", "model.alpha"),
        *("model.dropout", "optimizer.name", "optimizer.eps", "layers", "layers[0].size"),
    }
    assert configuration.whole_keys == ["", "iterated", "printed"]
    assert configuration.opened == ["config/runs/one.yaml"]
