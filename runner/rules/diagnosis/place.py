"""Data, model or evaluation: told from the place where it was raised, and from what a stand-in may have caused."""

from __future__ import annotations

import re

from runner.rules.diagnosis.scene import COMPLETES, Diagnosis, Scene
from runner.vocabulary import Blame, Cause

_SHAPE_TYPES = {"RuntimeError", "ValueError", "IndexError", "AssertionError", "KeyError"}


def shrunk_model(scene: Scene) -> Diagnosis | None:
    """A failure that names a size which only the real model has was met with a stand-in, and decides nothing."""
    sizes = {size for request in scene.hub for size in request.real_sizes}
    if not sizes or scene.type not in _SHAPE_TYPES:
        return None
    named = {int(number) for number in re.findall(r"\d{2,9}", scene.message)} & sizes
    out_of_range = scene.says("index out of range in self", "out of bounds") and "torch" in scene.libraries_called()
    if named or out_of_range:
        seen = f" (the code expects {', '.join(map(str, sorted(named)))})" if named else ""
        advice = f"The model's stand-in has smaller widths and a smaller vocabulary than the real one{seen}."
        return Diagnosis("model.builds", Cause.MODEL, Blame.ASSETS, advice)
    return None


_DATA_LIBRARIES = {"datasets", "tokenizers", "pyarrow", "pandas", "torchvision", "torchaudio"}
_MODEL_LIBRARIES = {"peft", "timm", "accelerate"}
_DATA_PARTS = ("/torch/utils/data/", "/transformers/tokenization", "/transformers/data/", "/datasets/")
_MODEL_PARTS = (
    "/torch/nn/",
    "/torch/autograd/",
    "/torch/_tensor.py",
    "/transformers/models/",
    "/transformers/modeling",
    "/transformers/generation",
    "/transformers/configuration",
)


def by_place(scene: Scene) -> Diagnosis | None:
    below, packages = scene.files_called(), set(scene.libraries_called())
    file = scene.traceback.file or ""
    if any(part in path for path in below for part in _DATA_PARTS) or packages & _DATA_LIBRARIES:
        return Diagnosis("data.loads", Cause.DATA_PIPELINE)
    if any(part in path for path in below for part in _MODEL_PARTS) or packages & _MODEL_LIBRARIES:
        return Diagnosis("model.builds", Cause.MODEL)
    if file.endswith("preprocess.py"):
        return Diagnosis("data.loads", Cause.DATA_PIPELINE)
    if file.endswith("model.py"):
        return Diagnosis("model.builds", Cause.MODEL)
    if file.endswith("evaluate.py"):
        return Diagnosis(COMPLETES, Cause.EVALUATE)
    return None


def memory(scene: Scene) -> Diagnosis | None:
    if scene.type in ("MemoryError", "OutOfMemoryError") or scene.says(
        "can't allocate memory", "Cannot allocate memory"
    ):
        return Diagnosis("mode.trial_memory", Cause.RESOURCE_LIMIT)
    return None
