"""The classifier, and the two methods of fine-tuning it that are compared."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from omegaconf import DictConfig
from src.preprocess import CACHE_DIR
from torch import nn
from transformers import AutoModelForSequenceClassification, PreTrainedModel

_LAYER = re.compile(r"\.layer\.(\d+)\.")
_NOT_DECAYED = ("bias", "LayerNorm.weight", "layer_norm.weight")


def build_model(cfg: DictConfig) -> PreTrainedModel:
    """A pretrained encoder with a new classification head."""
    return AutoModelForSequenceClassification.from_pretrained(
        cfg.model.name, num_labels=cfg.model.num_labels, cache_dir=CACHE_DIR
    )


def uniform_groups(model: PreTrainedModel, cfg: DictConfig) -> list[dict]:
    """One learning rate for all parameters."""
    return _groups(model, cfg, lambda name: cfg.training.learning_rate)


def depth_decayed_groups(model: PreTrainedModel, cfg: DictConfig) -> list[dict]:
    """The head learns at the full rate, every layer below it at `layer_decay` times the rate above."""
    layers = model.config.num_hidden_layers

    def rate(name: str) -> float:
        if not name.startswith(f"{model.base_model_prefix}."):
            return cfg.training.learning_rate
        found = _LAYER.search(name)
        below_head = layers - int(found.group(1)) if found else layers + 1
        return cfg.training.learning_rate * cfg.training.layer_decay**below_head

    return _groups(model, cfg, rate)


def _groups(model: PreTrainedModel, cfg: DictConfig, rate: Callable[[str], float]) -> list[dict]:
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        decay = 0.0 if name.endswith(_NOT_DECAYED) else cfg.training.weight_decay
        groups.setdefault((rate(name), decay), []).append(parameter)
    return [{"params": params, "lr": lr, "weight_decay": decay} for (lr, decay), params in groups.items()]


@dataclass(frozen=True)
class Method:
    """What distinguishes one method: how its parameters learn, and from which loss."""

    groups: Callable[[PreTrainedModel, DictConfig], list[dict]]
    loss: Callable[[DictConfig], nn.Module]


METHODS = {
    "proposed": Method(
        groups=depth_decayed_groups,
        loss=lambda cfg: nn.CrossEntropyLoss(label_smoothing=cfg.training.label_smoothing),
    ),
    "comparative-1": Method(groups=uniform_groups, loss=lambda cfg: nn.CrossEntropyLoss()),
}


def method_of(cfg: DictConfig) -> Method:
    """The method that the run names."""
    if cfg.method not in METHODS:
        raise ValueError(f"unknown method {cfg.method!r}; known are {sorted(METHODS)}")
    return METHODS[cfg.method]
