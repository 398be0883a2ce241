"""What a failure for want of a GPU looks like, and what is a mistake with devices all the same."""

from __future__ import annotations

import re

from runner.rules.diagnosis.scene import COMPLETES, Diagnosis, Scene
from runner.vocabulary import Blame, Cause

_NO_GPU_WORDS = (
    "not compiled with CUDA",
    "No CUDA GPUs are available",
    "no NVIDIA driver",
    "NVIDIA driver on your system",
    "CUDA is required",
    "CUDA is not available",
    "cuda.is_available() is False",
    "requires a GPU",
    "requires a CUDA",
    "No GPU found",
    "0 active drivers",
    "libcuda",
    "libcudart",
    "torchvision::nms does not exist",
    "CUDAGuardImpl",
    "Cannot access accelerator device",
    "FlashAttention only supports",
    "ATen_cuda",
    "invalid device ordinal",
    "No activities specified for the profiler",  # torch.profiler with CUDA as its only activity
    "nccl",
)
_GPU_LIBRARIES = {"bitsandbytes", "triton", "flash_attn"}
"""What these run, they run on a card alone."""
_GPU_EXTENSIONS = {"xformers", "deepspeed", "apex"}
"""These have parts for any machine, too."""
_WANTS_DEVICE = ("cuda", "gpu", "nvcc", "nvidia", "accelerator", "device", "triton", "kernel", "torch._C")


# What a card would say too: the device stand-in keeps two devices apart, so these are the code's own.
_DEVICE_MISTAKES = (
    "Expected all tensors to be on the same device",
    "can't convert cuda:",
    "Cannot re-initialize CUDA",
    "unscale FP16 gradients",
)


def device_mistake(scene: Scene) -> Diagnosis | None:
    if scene.says(*_DEVICE_MISTAKES):
        return Diagnosis("model.builds", Cause.DEVICE)
    return None


def missing_gpu(scene: Scene) -> Diagnosis | None:
    if scene.gpus:
        return None
    called = set(scene.libraries_called())
    # The builds of torch for a card bring Triton with them.
    no_triton = scene.type == "ModuleNotFoundError" and scene.says("'triton")
    no_symbol = scene.says("torch._C") and scene.says("_cuda_")
    extension = bool(called & _GPU_EXTENSIONS) and scene.says(*_WANTS_DEVICE)
    if _not_declared(scene):
        return None
    words = scene.says(*_NO_GPU_WORDS, "flash_attn", "FlashAttention2", "flash attention")
    if no_triton or no_symbol or extension or words or called & _GPU_LIBRARIES:
        return Diagnosis(
            COMPLETES,
            Cause.DEVICE,
            Blame.INFRASTRUCTURE,
            "This part needs a GPU, and the sandbox has none; review it with gpu=1 on a machine that has one.",
        )
    return None


def _not_declared(scene: Scene) -> bool:
    """Whether flash-attn is missed that pyproject.toml does not name: a machine with a card does not have it either."""
    missed = scene.type in ("ModuleNotFoundError", "ImportError") and scene.says("flash_attn", "flash-attn")
    return missed and scene.pyproject is not None and not re.search(r"flash[-_]attn", scene.pyproject)


def replaced_torch(scene: Scene) -> Diagnosis | None:
    """Another library failing on torch's insides may not have met the torch that it was resolved with."""
    if not scene.replaced_torch or scene.library() in ("", "python"):
        return None
    if scene.type in ("ImportError", "AttributeError") and scene.says("torch"):
        return Diagnosis(
            COMPLETES,
            Cause.PACKAGING,
            Blame.INFRASTRUCTURE,
            "A library does not fit the torch build that stands in for the project's own; try env.torch=auto.",
        )
    return None
