"""Saves a state dict with true names, shapes and types; large ones share storage, so that the file stays small."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch

PLAIN_PARAMETERS = 32_000_000
"""Up to here every tensor has memory of its own, as in the real file: 128 MB of float32."""


def save(state: dict[str, Any], path: Path) -> None:
    """Write with torch.save. Tensors of large models become views: loading copies them into parameters as it does real
    ones; only code that changes the loaded tensors in place can tell."""
    parameters = sum(value.numel() for value in state.values())
    tensors = state if parameters <= PLAIN_PARAMETERS else {name: _view(each) for name, each in state.items()}
    torch.save(OrderedDict(tensors), path)


def _view(tensor: torch.Tensor) -> torch.Tensor:
    """The same shape over the tensor's first values: an index is the sum of its coordinates, each scaled by the extent
    of the dimensions behind it but the first. A matrix becomes a Hankel matrix, which has full rank."""
    if tensor.dim() < 2:
        return tensor.clone()
    inner = tensor[0].numel()
    strides = (1, *tensor[0].contiguous().stride())
    return tensor.flatten()[: inner + tensor.shape[0] - 1].clone().as_strided(tensor.shape, strides)
