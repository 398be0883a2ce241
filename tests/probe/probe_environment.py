"""The environment in which the probe is tried: what a submission of late 2025 has."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.client_environments import interpreter

PACKAGES = (
    *("transformers==4.57.1", "accelerate==1.11.0", "datasets==4.4.1", "evaluate"),
    *("hydra-core==1.3.2", "optuna", "wandb==0.22.3", "numpy", "pytorch-lightning==2.5.6"),
)


@cache
def python() -> Path:
    """Its interpreter."""
    return interpreter("probe", PACKAGES)


if __name__ == "__main__":
    print(python())
