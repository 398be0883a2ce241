"""Whether full mode keeps its checkpoints where results_dir says. No criterion of the checklist: told, not judged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runner.evidence import RESULTS, Evidence
from runner.vocabulary import StageName, Status

_SUFFIXES = (".pt", ".pth", ".ckpt", ".safetensors", ".bin", ".h5", ".msgpack", ".joblib")
_ASKS = re.compile(r"save(?:_\w+)?|(?:\w+_)?(?:checkpoint|ckpt)_(?:every\w*|interval|freq\w*|steps|epochs)")
_CACHES = (".cache/", "~/", "wandb/", ".venv/")


def checkpoints_elsewhere(evidence: Evidence) -> list[str]:
    """Weights that full mode wrote neither below results_dir nor into a cache."""
    if evidence.stage is not StageName.FULL:
        return []
    return [
        file.path
        for file in evidence.outputs
        if file.path.endswith(_SUFFIXES) and not file.path.startswith((f"{RESULTS}/", *_CACHES))
    ]


def no_checkpoint(evidence: Evidence, config: Mapping[str, Any]) -> str:
    """The key of a run's configuration, dotted, that asks for checkpoints where full mode wrote none below results_dir;
    "" where it wrote one, did not come to its end, or is asked for none."""
    below = [file.path for file in evidence.outputs if file.path.startswith(f"{RESULTS}/")]
    if evidence.status is not Status.OK or any(path.endswith(_SUFFIXES) for path in below):
        return ""
    asked = (key for key, value in config.items() if _ASKS.fullmatch(key.rsplit(".", 1)[-1].lower()) and _is_on(value))
    return next(asked, "")


def _is_on(value: Any) -> bool:
    """Whether a switch is on or a period is set; a name or a path asks for nothing by itself."""
    return value is True or (isinstance(value, int) and value > 0)
