"""Whether full mode keeps its checkpoints where results_dir says. No criterion of the checklist: told, not judged."""

from __future__ import annotations

from runner.evidence import RESULTS, Evidence
from runner.vocabulary import StageName

_SUFFIXES = (".pt", ".pth", ".ckpt", ".safetensors", ".bin", ".h5", ".msgpack", ".joblib")
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
