"""Which values of a run's configuration full mode lowers, and that nothing else of the file changes."""

from __future__ import annotations

import pytest
import yaml

from runner.stages.periods import lower_periods, with_lower_periods
from runner.submissions.model import Run, Submission

LOWERED = {
    "epochs: 10": 2,
    "num_train_epochs: 3": 2,
    "task_epochs: 5": 2,
    "max_steps: 1000": 6,
    "total_steps: 5000": 6,
    "gradient_accumulation_steps: 16": 2,
    "grad_accum: 8": 2,
    "warmup_steps: 500": 1,
    "num_warmup_steps: 100": 1,
    "lr_warmup_epochs: 5": 1,
    "burn_in: 200": 1,
    "freeze_warmup_steps: 200": 1,
    "num_steps: 1000": 6,
    "num_train_steps: 1000": 6,
    "target_update_frequency: 100": 2,
    "search_start_step: 300": 1,
    "early_stopping_patience: 3": 1,
    "log_every: 50": 2,
    "refresh_interval: 100": 2,
    "update_freq: 25": 2,
    "eval_steps: 500": 2,
    "save_every_n_steps: 500": 2,
    "eval_every_epochs: 5": 1,
    "eval_every_updates: 100": 2,
}
KEPT = [
    "epochs: 2", "warmup_ratio: 0.1", "warmup_steps: 0", "warmup_steps: 1", "batch_size: 32", "seed: 42",
    "max_length: 128", "milestones: [30, 60]", "log_every: '50'", "eval_steps: 0.5", "frequency_penalty: 2.5",
    "num_inference_steps: 50", "max_train_batches: 100", "warmup: true", "interval: ${other.value}", "dim: 768",
    "min_epochs: 3",
    "optuna: {n_trials: 20, search_space: {warmup_steps: {low: 100, high: 1000}, eval_every: 200}}",
    "sampling_frequency: 16000", "num_freq: 10", "freq: 440", "confidence_interval: 95", "lr_period: 10",
    "warmup_batch_size: 32", "warmup_samples: 512", "warmup_start_lr: 1", "num_steps: 1000",
    "method: {num_steps: 1000, max_steps: 50}", "env: {max_steps: 200}", "audio: {sample_freq: 16000}",
    "model: {patch_interval: 16}", "wandb: {log_every: 100}", "dataset: {subset_every: 10}", "steps: 100",
]  # fmt: skip


@pytest.mark.parametrize("line", LOWERED)
def test_a_period_is_lowered(line: str) -> None:
    text, (item,) = lower_periods(f"training:\n  first: 1 # kept\n  {line} # kept too\n")
    key, _, value = line.partition(": ")
    assert (item.key, item.was, item.now, item.line) == (f"training.{key}", int(value), LOWERED[line], 3)
    assert text == f"training:\n  first: 1 # kept\n  {key}: {LOWERED[line]} # kept too\n"


@pytest.mark.parametrize("line", KEPT)
def test_what_is_no_period_stays(line: str) -> None:
    assert lower_periods(f"{line}\n") == (f"{line}\n", [])


def test_the_order_of_what_depends_on_each_other_is_kept() -> None:
    text, _ = lower_periods("warmup_epochs: 5\nepochs: 50\nwarmup_steps: 200\nmax_steps: 1000\nlog_every: 100\n")
    values = yaml.safe_load(text)
    assert values["warmup_epochs"] < values["epochs"]
    assert values["warmup_steps"] < values["log_every"] < values["max_steps"]


def test_text_that_is_no_yaml_stays() -> None:
    assert lower_periods("a: [1\nepochs: 9") == ("a: [1\nepochs: 9", [])


def test_only_the_runs_own_file_is_edited() -> None:
    runs = tuple(Run(run_id=name, run_config="epochs: 9\n") for name in ("a", "b"))
    original = Submission(id="s", source="test", files={}, runs=runs)
    copy, lowered = with_lower_periods(original, "a")
    assert [run.run_config for run in copy.runs] == ["epochs: 2\n", "epochs: 9\n"]
    assert [item.key for item in lowered] == ["epochs"]
    assert original.runs[0].run_config == "epochs: 9\n"
    assert copy.digest != original.digest
