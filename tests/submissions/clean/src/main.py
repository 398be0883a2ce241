"""Runs one experiment: python -u -m src.main run={run_id} results_dir={path} mode=trial|full"""

import os
from pathlib import Path

# Before anything imports the hub's client, which reads it once.
os.environ["HF_HOME"] = str(Path(".cache").resolve())

import hydra
from omegaconf import DictConfig, OmegaConf
from src.train import run_experiment

RUNS = Path("config/runs")
TRIAL_BATCHES = 2


def load_run(cfg: DictConfig) -> DictConfig:
    """Merge the run's own file into the configuration."""
    path = RUNS / f"{cfg.run}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in RUNS.glob("*.yaml")))
        raise FileNotFoundError(f"{path} does not exist; the runs are: {known}")
    merged = OmegaConf.merge(OmegaConf.create(OmegaConf.to_container(cfg)), OmegaConf.load(path))
    if not isinstance(merged, DictConfig):
        raise TypeError(f"{path} is not a mapping")
    return merged


def apply_mode(cfg: DictConfig) -> DictConfig:
    """Set what the mode decides: how much is run, and whether W&B is told."""
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
    run_experiment(apply_mode(load_run(cfg)))


if __name__ == "__main__":
    main()
