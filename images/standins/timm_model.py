"""A stand-in of a timm model: true names and shapes, since timm loads weights strictly; random values."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from .manifest import write_manifest
from .sizes import RESIDUAL_SCALE

PARAMETERS = Path(__file__).parent.parent / "catalogue" / "parameters"
LAYER_SCALE = 1e-6
HEADS = ("fc", "head", "head.fc", "classifier")
HEAD_SPREAD = 0.002
"""Small, so that a loss starts near that of guessing whatever the features' scale."""


def make_timm_model(asset_id: str, facts: Mapping[str, Any], folder: Path, seed: int) -> None:
    """Write the repository's files into `folder/main`, and the manifest."""
    import torch
    from safetensors.torch import save_file

    main = folder / "main"
    main.mkdir()
    config = facts["config"]
    generator = torch.Generator().manual_seed(seed)
    shapes = read_shapes(PARAMETERS / f"{facts['parameters']}.txt")
    last = _last_norms(list(shapes))
    state = {name: _drawn(name, shape, name in last, generator) for name, shape in shapes.items()}
    save_file(state, main / "model.safetensors", metadata={"format": "pt"})
    torch.save(state, main / "pytorch_model.bin")
    (main / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    card = dict(facts["card"])
    front = yaml.safe_dump(card, sort_keys=False)
    readme = f"---\n{front}---\n\n# {asset_id}\n\nA stand-in: its weights are random.\n"
    (main / "README.md").write_text(readme, encoding="utf-8")
    count = sum(math.prod(shape) for shape in shapes.values())
    extra = {
        "pipeline_tag": facts["pipeline_tag"],
        "config": {"architecture": config["architecture"]},
        "safetensors": {"parameters": {"F32": count}, "total": count},
    }
    write_manifest(folder, {"main": "main"}, card, ["timm", "pytorch", "safetensors", facts["pipeline_tag"]], extra)


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """A list with one tensor a line: its name, then its sizes; a line without sizes is a counter."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, *sizes = line.split()
        found[name] = tuple(int(size) for size in sizes)
    return found


def _last_norms(names: Sequence[str]) -> set[str]:
    """The scales of the batch norms that end the residual blocks: the last of their folder, where there are several."""
    ends: dict[str, str] = {}
    for name in names:
        folder, _, leaf = name.removesuffix(".weight").rpartition(".")
        if folder and name.endswith(".weight") and leaf.startswith("bn") and f"{folder}.{leaf}.running_var" in names:
            ends[folder] = name
    return set(ends.values())


def _drawn(name: str, shape: tuple[int, ...], ends_block: bool, generator: Any) -> Any:
    """One tensor, as the family's own initialisation would give it."""
    import torch

    if not shape:
        return torch.tensor(1000)
    module, _, leaf = name.rpartition(".")
    if leaf in ("running_mean", "bias"):
        return torch.zeros(shape)
    if leaf == "running_var":
        return torch.ones(shape)
    if leaf == "gamma":
        return torch.full(shape, LAYER_SCALE)
    if len(shape) == 1:
        return torch.full(shape, RESIDUAL_SCALE if ends_block else 1.0)
    spread = math.sqrt(2 / math.prod(shape[1:])) if len(shape) == 4 else 0.02
    return torch.randn(shape, generator=generator) * (HEAD_SPREAD if module in HEADS else spread)
