"""Where a stand-in is not what it stands for: sizes that were shrunk. A failure that names one is doubted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from images.catalogue import Asset
from sandbox.assets import AssetStore


def replaced_sizes(store: AssetStore, asset: Asset) -> list[int]:
    """Sizes of a model's stand-in that are not the real model's, and the real ones; sorted, empty for other assets.

    Products with the numbers of heads are among them: that is how widths of projections come about.
    """
    if asset.kind != "model" or not store.is_made(asset):
        return []
    path = store.folder(asset) / "main" / "config.json"
    if not path.is_file():
        return []
    made: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
    true: Mapping[str, Any] = asset.facts.get("config", {})
    sizes: set[int] = set()
    for key, value in made.items():
        real = true.get(key)
        if isinstance(value, int) and isinstance(real, int) and not isinstance(value, bool) and value != real:
            sizes |= {value, real}
    return sorted(sizes | set(_products(made, sizes)) | set(_products(true, sizes)))


def _products(config: Mapping[str, Any], sizes: set[int]) -> Iterator[int]:
    head_dim = config.get("head_dim")
    for key in ("num_attention_heads", "num_key_value_heads"):
        heads = config.get(key)
        if isinstance(heads, int) and heads > 1:
            if isinstance(head_dim, int) and head_dim in sizes:
                yield heads * head_dim
            width = config.get("hidden_size")
            if isinstance(width, int) and width in sizes and width % heads == 0:
                yield width // heads
