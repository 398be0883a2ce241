"""How near a stand-in comes to what it stands for, and where it is not the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from images.catalogue import Asset

if TYPE_CHECKING:
    from sandbox.assets import AssetStore


class Fidelity(StrEnum):
    """Which sizes of a model its stand-in has. Data sets and metrics have one stand-in only."""

    SMALL = "small"
    """True layer and head counts; small widths and vocabulary. Megabytes, seconds."""
    WIDE = "wide"
    """True widths, vocabulary size and token ids; at most two layers. Up to 1.5 GB: for a second look at a failure."""

    def variant(self, asset: Asset) -> str:
        """Suffix of the folder's name; "" where the stand-in is the same at every fidelity."""
        shrunk = asset.kind == "model" and bool(asset.facts.get("widths"))
        return "-wide" if self is Fidelity.WIDE and shrunk else ""


def real_sizes(store: AssetStore, asset: Asset) -> list[int]:
    """Sizes of the real model that its stand-in does not have; sorted, empty for other assets.

    A failure that names one of them met code that expects the real size. A failure that names only sizes of the
    stand-in met code that takes them from the configuration, and would fail with the real ones too. Products and
    quotients with the numbers of heads are among them: that is how widths of projections come about. What a wide
    stand-in lacks is layers.
    """
    path = store.folder(asset) / "main" / "config.json"
    if asset.kind != "model" or not path.is_file():
        return []
    made: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
    true: Mapping[str, Any] = asset.facts.get("config", {})
    return sorted(_sizes(true, made) - _sizes(made, true))


def _sizes(config: Mapping[str, Any], other: Mapping[str, Any]) -> set[int]:
    """The sizes of `config` that are others in `other`, with those that follow from them."""
    sizes = {
        value
        for key, value in config.items()
        if isinstance(value, int) and not isinstance(value, bool) and other.get(key) not in (None, value)
    }
    return sizes | set(_products(config, sizes))


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
