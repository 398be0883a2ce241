"""An experiment that reads its configuration in every way."""

import copy
import functools
import os

import hydra
from omegaconf import DictConfig, ListConfig, OmegaConf


def rate(training):
    return training["lr"]


@hydra.main(config_path="config", config_name="config", version_base="1.3")
def main(cfg: DictConfig) -> None:
    run = OmegaConf.load("config/runs/one.yaml")
    cfg = OmegaConf.merge(OmegaConf.create(OmegaConf.to_container(cfg)), run)
    cfg.training.epochs = 1
    assert cfg.name == "one" and rate(cfg.training) == 0.1
    assert cfg.get("absent") is None and cfg.training.get("decay", 0) == 0.5
    assert list(cfg.model.targets) == ["q", "v"]
    assert OmegaConf.select(cfg, "model.rank") == 4
    assert copy.deepcopy(cfg).model.alpha == 8
    assert functools.reduce(getattr, ["model", "dropout"], cfg) == 0.1
    assert {**cfg.optimizer} == {"name": "adam", "eps": 1e-8}
    assert isinstance(cfg.layers, ListConfig) and cfg.layers[0].size == 3
    print(OmegaConf.to_yaml(cfg.printed))
    for _key, _value in cfg.iterated.items():
        pass
    os._exit(0)


main()
