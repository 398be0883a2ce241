"""How many rows stand for a split, and how large some weights start."""

from __future__ import annotations

from collections.abc import Mapping

TRAINING_ROWS = 4129
"""An epoch is 64 batches of 64, or 8 of 512, far over any trial's budget; mapping it takes under two seconds."""
OTHER_ROWS = 1033
RESIDUAL_SCALE = 0.1
"""Of the last norm of a residual block. At 1 the activations would double from block to block, unlike trained ones."""
BIAS_SPREAD = 0.02
"""The range in which most families draw their weights."""


def split_rows(split: str, true_rows: Mapping[str, int]) -> int:
    """How many rows stand for a split of a configuration; `true_rows` says how long each of its splits really is.

    What is named for training is trained on; where nothing is, the first split is.
    """
    training = [name for name in true_rows if "train" in name] or list(true_rows)[:1]
    return min(true_rows[split], TRAINING_ROWS if split in training else OTHER_ROWS)
