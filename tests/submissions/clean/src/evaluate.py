"""Compares finished runs: python -m src.evaluate results_dir={path} run_ids='["run-1", "run-2"]'

Everything is read from W&B; nothing is left over from training but what was logged there.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd
import wandb
from omegaconf import OmegaConf
from scipy.stats import fisher_exact

PRIMARY_METRIC = "accuracy"
FINAL_METRICS = ("accuracy", "best_val_accuracy", "test_loss")
CURVES = {"Loss": ("train_loss", "val_loss"), "Accuracy": ("train_accuracy", "val_accuracy")}


@dataclass(frozen=True)
class Run:
    """One finished run, as W&B has it."""

    id: str
    history: pd.DataFrame
    summary: dict[str, Any]
    config: dict[str, Any]

    def curve(self, name: str) -> pd.Series:
        """A metric over the steps at which it was logged."""
        return self.history.set_index("_step")[name].dropna()

    def counts(self) -> list[list[int]]:
        """Rows of the test split by true and predicted class."""
        classes = range(self.config["model"]["num_labels"])
        return [[int(self.summary[f"test_true_{t}_predicted_{p}"]) for p in classes] for t in classes]

    def right_and_wrong(self) -> list[int]:
        counts = self.counts()
        right = sum(counts[n][n] for n in range(len(counts)))
        return [right, sum(map(sum, counts)) - right]


def parse_words(words: list[str]) -> tuple[Path, list[str]]:
    """Read `results_dir=...` and `run_ids=[...]`."""
    values = dict(word.partition("=")[::2] for word in words)
    unknown = sorted(set(values) - {"results_dir", "run_ids"})
    if unknown or len(values) != 2:
        raise SystemExit(f"usage: python -m src.evaluate results_dir=PATH run_ids='[\"run-1\"]' (got {words})")
    run_ids = json.loads(values["run_ids"])
    if not isinstance(run_ids, list) or not run_ids:
        raise SystemExit("run_ids must be a JSON list with at least one run id")
    return Path(values["results_dir"]), [str(run_id) for run_id in run_ids]


def fetch(run_ids: list[str]) -> list[Run]:
    """Get history, summary and configuration of every run from W&B."""
    settings = OmegaConf.load("config/config.yaml").wandb
    api = wandb.Api()
    runs = []
    for run_id in run_ids:
        run = api.run(f"{settings.entity}/{settings.project}/{run_id}")
        runs.append(Run(run_id, run.history(samples=100_000), run.summary._json_dict, dict(run.config)))
    return runs


def export_run(run: Run, folder: Path) -> None:
    """Write the run's metrics and figures."""
    folder.mkdir(parents=True, exist_ok=True)
    curves = {name: run.curve(name) for names in CURVES.values() for name in names}
    metrics = {
        "run_id": run.id,
        "config": run.config,
        "final": {name: run.summary[name] for name in FINAL_METRICS},
        "confusion_matrix": run.counts(),
        "history": {name: {"step": list(map(int, c.index)), "value": c.tolist()} for name, c in curves.items()},
    }
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2))
    figure, axes = plt.subplots(1, len(CURVES), figsize=(10, 4))
    for axis, (title, names) in zip(axes, CURVES.items(), strict=True):
        for name in names:
            axis.plot(curves[name].index, curves[name].values, marker=".", label=name)
        axis.annotate(f"{curves[names[1]].iloc[-1]:.3f}", (curves[names[1]].index[-1], curves[names[1]].iloc[-1]))
        axis.set(title=title, xlabel="step", ylabel=title.lower())
        axis.legend()
    save(figure, folder / f"{run.id}_learning_curve.pdf")
    counts = run.counts()
    figure, axis = plt.subplots(figsize=(4, 4))
    axis.imshow(counts, cmap="Blues")
    for true, row in enumerate(counts):
        for predicted, count in enumerate(row):
            axis.annotate(str(count), (predicted, true), ha="center", va="center")
    axis.set(title=run.id, xlabel="predicted", ylabel="true", xticks=range(len(counts)), yticks=range(len(counts)))
    save(figure, folder / f"{run.id}_confusion_matrix.pdf")


def best_of(runs: list[Run], kinds: tuple[str, ...]) -> dict[str, Any]:
    """The run of one kind with the highest accuracy."""
    chosen = [run for run in runs if any(kind in run.id for kind in kinds)]
    if not chosen:
        raise SystemExit(f"none of the runs is {' or '.join(kinds)}: {[run.id for run in runs]}")
    best = max(chosen, key=lambda run: run.summary[PRIMARY_METRIC])
    return {"run_id": best.id, "value": best.summary[PRIMARY_METRIC]}


def compare(runs: list[Run], folder: Path) -> None:
    """Write the aggregated metrics, the significance tests, a table and the comparison figures."""
    folder.mkdir(parents=True, exist_ok=True)
    metrics = {name: {run.id: run.summary[name] for run in runs} for name in FINAL_METRICS}
    proposed, baseline = best_of(runs, ("proposed",)), best_of(runs, ("comparative", "baseline"))
    if baseline["value"] == 0:
        raise SystemExit(f"the accuracy of {baseline['run_id']} is 0: no relative gap can be given")
    aggregated = {
        "primary_metric": PRIMARY_METRIC,
        "metrics": metrics,
        "best_proposed": proposed,
        "best_baseline": baseline,
        "gap": (proposed["value"] - baseline["value"]) / baseline["value"] * 100,
    }
    (folder / "aggregated_metrics.json").write_text(json.dumps(aggregated, indent=2))
    by_id = {run.id: run for run in runs}
    tests = []
    for run in runs:
        if run.id != baseline["run_id"]:
            table = [run.right_and_wrong(), by_id[baseline["run_id"]].right_and_wrong()]
            odds, p_value = fisher_exact(table)
            tests.append(
                {"run_id": run.id, "against": baseline["run_id"], "test": "Fisher's exact", "p_value": p_value}
            )
    (folder / "significance_tests.json").write_text(json.dumps(tests, indent=2))
    pd.DataFrame(metrics).to_csv(folder / "comparison_metrics_table.csv", index_label="run_id")
    figure, axis = plt.subplots(figsize=(6, 4))
    bars = axis.bar([run.id for run in runs], [run.summary[PRIMARY_METRIC] for run in runs], label="test accuracy")
    axis.bar_label(bars, fmt="%.3f")
    axis.set(title="Accuracy on the test rows", ylabel="accuracy", ylim=(0, 1.1))
    axis.tick_params(axis="x", rotation=15)
    axis.legend()
    save(figure, folder / "comparison_accuracy_bar_chart.pdf")
    figure, axis = plt.subplots(figsize=(6, 4))
    for run in runs:
        curve = run.curve("val_accuracy")
        axis.plot(curve.index, curve.values, marker="o", label=run.id)
    axis.set(title="Accuracy on the validation rows", xlabel="step", ylabel="accuracy")
    axis.legend()
    save(figure, folder / "comparison_validation_accuracy.pdf")


def save(figure: plt.Figure, path: Path) -> None:
    """Write a figure and say where."""
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
    print(path)


def main() -> None:
    results_dir, run_ids = parse_words(sys.argv[1:])
    runs = fetch(run_ids)
    for run in runs:
        export_run(run, results_dir / run.id)
    compare(runs, results_dir / "comparison")


if __name__ == "__main__":
    main()
