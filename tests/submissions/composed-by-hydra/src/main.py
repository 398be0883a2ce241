"""Runs one experiment: python -u -m src.main run={run_id} results_dir={path} mode=trial|full"""

import os
from pathlib import Path

# Before anything imports the hub's client, which reads it once.
os.environ["HF_HOME"] = str(Path(".cache").resolve())

import hydra
from omegaconf import DictConfig, open_dict
from src.train import run_experiment

TRIAL_BATCHES = 2


def apply_mode(cfg: DictConfig) -> DictConfig:
    """Set what the mode decides: how much is run, and whether W&B is told."""
    with open_dict(cfg):
        if cfg.mode == "trial":
            cfg.wandb.mode = "disabled"
            cfg.optuna.n_trials = 0
            cfg.training.epochs = 1
            cfg.training.max_train_batches = TRIAL_BATCHES
            cfg.training.max_eval_batches = TRIAL_BATCHES
        elif cfg.mode == "full":
            cfg.wandb.mode = "online"
            cfg.training.max_train_batches = None
            cfg.training.max_eval_batches = None
        else:
            raise ValueError(f"mode must be trial or full, not {cfg.mode!r}")
    return cfg


@hydra.main(config_path="../config", config_name="config", version_base="1.3")
def main(cfg: DictConfig) -> None:
    run_experiment(apply_mode(cfg))


if __name__ == "__main__":
    main()
