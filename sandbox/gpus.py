"""Which GPUs of this machine are ours: those that CUDA_VISIBLE_DEVICES of this program names, as everywhere else.

Whoever runs several reviews at once gives each its own this way; a Ray node does so by itself.
"""

from __future__ import annotations

import os

VARIABLE = "CUDA_VISIBLE_DEVICES"


def chosen(count: int) -> list[str]:
    """Indices or UUIDs of `count` GPUs; empty where the variable does not choose."""
    names = [name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()]
    return names[:count]
