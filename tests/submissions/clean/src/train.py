"""Searches the hyper-parameters of a run, trains with the best ones, and tells W&B of that last training."""

import itertools
from pathlib import Path
from typing import Any

import optuna
import torch
import wandb
from omegaconf import DictConfig, OmegaConf
from src.model import build_model, method_of
from src.preprocess import Splits, batches, load_splits
from torch.utils.data import DataLoader
from transformers import PreTrainedModel, get_linear_schedule_with_warmup, set_seed

SAMPLERS = {
    "loguniform": lambda trial, name, entry: trial.suggest_float(name, entry.low, entry.high, log=True),
    "uniform": lambda trial, name, entry: trial.suggest_float(name, entry.low, entry.high),
    "int": lambda trial, name, entry: trial.suggest_int(name, entry.low, entry.high),
    "categorical": lambda trial, name, entry: trial.suggest_categorical(name, list(entry.choices)),
}


def run_experiment(cfg: DictConfig) -> None:
    """Everything that one run does."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    folder = Path(cfg.results_dir) / cfg.run_id
    folder.mkdir(parents=True, exist_ok=True)
    splits = load_splits(cfg)
    cfg = with_best_parameters(cfg, splits, device)
    OmegaConf.save(cfg, folder / "resolved_config.yaml")
    with wandb.init(
        entity=cfg.wandb.entity,
        project=cfg.wandb.project,
        id=cfg.run_id,
        name=cfg.run_id,
        mode=cfg.wandb.mode,
        dir=str(folder),
        resume="allow",
        config=OmegaConf.to_container(cfg, resolve=True),
    ) as run:
        model, best = fit(cfg, splits, device, run)
        test = evaluate(model, batches(splits.test, splits, cfg.training.batch_size, shuffle=False), cfg, device)
        run.summary["best_val_accuracy"] = best
        run.summary["accuracy"] = test["accuracy"]
        run.summary["test_loss"] = test["loss"]
        for name, count in test["counts"].items():
            run.summary[f"test_{name}"] = count
        print(f"{cfg.run_id}: validation accuracy {best:.4f}, test accuracy {test['accuracy']:.4f}")


def with_best_parameters(cfg: DictConfig, splits: Splits, device: torch.device) -> DictConfig:
    """Search the run's space on the validation rows; these trials are not logged to W&B."""
    space = {name: (SAMPLERS[entry.type], entry) for name, entry in cfg.optuna.search_space.items()}
    study = optuna.create_study(
        direction=cfg.optuna.direction, sampler=optuna.samplers.TPESampler(seed=cfg.training.seed)
    )
    if cfg.optuna.n_trials == 0:
        return cfg

    def objective(trial: optuna.Trial) -> float:
        candidate = cfg.copy()
        for name, (sample, entry) in space.items():
            OmegaConf.update(candidate, name, sample(trial, name, entry))
        return fit(candidate, splits, device, run=None)[1]

    study.optimize(objective, n_trials=cfg.optuna.n_trials)
    best = cfg.copy()
    for name, value in study.best_params.items():
        OmegaConf.update(best, name, value)
    return best


def fit(cfg: DictConfig, splits: Splits, device: torch.device, run: Any | None) -> tuple[PreTrainedModel, float]:
    """Train a model from the pretrained weights; returns it and its best accuracy on the validation rows."""
    set_seed(cfg.training.seed)
    method = method_of(cfg)
    model = build_model(cfg).to(device)
    loader = batches(splits.train, splits, cfg.training.batch_size, shuffle=True)
    validation = batches(splits.validation, splits, cfg.training.batch_size, shuffle=False)
    steps = cfg.training.epochs * min(len(loader), cfg.training.max_train_batches or len(loader))
    optimizer = torch.optim.AdamW(method.groups(model, cfg))
    schedule = get_linear_schedule_with_warmup(optimizer, int(cfg.training.warmup_ratio * steps), steps)
    criterion = method.loss(cfg)
    step, best = 0, 0.0
    for epoch in range(cfg.training.epochs):
        model.train()
        for batch in itertools.islice(loader, cfg.training.max_train_batches):
            batch = batch.to(device)
            labels = batch.pop("labels")
            logits = model(**batch).logits
            loss = criterion(logits, labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), cfg.training.max_grad_norm)
            optimizer.step()
            schedule.step()
            step += 1
            if run is not None:
                accuracy = (logits.argmax(-1) == labels).float().mean()
                run.log(
                    {
                        "train_loss": loss.item(),
                        "train_accuracy": accuracy.item(),
                        "gradient_norm": norm.item(),
                        "learning_rate": schedule.get_last_lr()[-1],
                        "epoch": epoch,
                    },
                    step=step,
                )
        scores = evaluate(model, validation, cfg, device)
        best = max(best, scores["accuracy"])
        if run is not None:
            run.log({"val_loss": scores["loss"], "val_accuracy": scores["accuracy"], "epoch": epoch}, step=step)
    return model, best


@torch.no_grad()
def evaluate(model: PreTrainedModel, loader: DataLoader, cfg: DictConfig, device: torch.device) -> dict[str, Any]:
    """Mean loss, accuracy, and how often each true class was predicted as each class."""
    model.eval()
    classes = cfg.model.num_labels
    counts = torch.zeros(classes, classes, dtype=torch.long)
    total = 0.0
    for batch in itertools.islice(loader, cfg.training.max_eval_batches):
        batch = batch.to(device)
        labels = batch.pop("labels")
        logits = model(**batch).logits
        total += torch.nn.functional.cross_entropy(logits, labels, reduction="sum").item()
        for true, predicted in zip(labels.tolist(), logits.argmax(-1).tolist(), strict=True):
            counts[true, predicted] += 1
    rows = int(counts.sum())
    return {
        "loss": total / rows,
        "accuracy": counts.diagonal().sum().item() / rows,
        "counts": {
            f"true_{true}_predicted_{predicted}": int(counts[true, predicted])
            for true in range(classes)
            for predicted in range(classes)
        },
    }
