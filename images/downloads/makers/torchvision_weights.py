"""Weights as torchvision publishes them, freshly initialised, for the architecture that its own definitions build."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import shared_storage


def make(facts: Mapping[str, Any], folder: Path, seed: int) -> list[str]:
    """`facts`: the id is torchvision:BUILDER.WEIGHTS, names of torchvision's registry."""
    sys.path.insert(0, facts["libraries"])
    # It registers shapes for compiled operators, which no wheel has for every torch; weights need none of them.
    sys.modules["torchvision._meta_registrations"] = types.ModuleType("torchvision._meta_registrations")
    import torch

    torch.manual_seed(seed)
    state = _state_before_loading(*facts["id"].partition(":")[2].split("."))
    first = folder / facts["files"][0]
    shared_storage.save(state, first)
    for name in facts["files"][1:]:
        (folder / name).hardlink_to(first)
    return []


def _state_before_loading(builder: str, weights: str) -> dict[str, Any]:
    """What the builder would load the published weights into: it chooses classes, sizes and branches by them."""
    import torch
    from torchvision.models import get_model, get_model_weights
    from torchvision.models._api import WeightsEnum

    captured: list[dict[str, Any]] = []

    def load(module: torch.nn.Module, *_: Any, **__: Any) -> None:
        captured.append(module.state_dict())

    WeightsEnum.get_state_dict = lambda *_, **__: {}
    torch.nn.Module.load_state_dict = load  # type: ignore[assignment]
    # Without a word on the backbone, detection models load theirs first.
    get_model(builder, weights=get_model_weights(builder)[weights], progress=False)
    return captured[-1]
