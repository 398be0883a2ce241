"""What a failure for want of a GPU looks like, and what is a mistake with devices all the same."""

from __future__ import annotations

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
    "_cuda_",
    "CUDAGuardImpl",
    "Cannot access accelerator device",
    "flash_attn",
    "FlashAttention",
    "ATen_cuda",
    "invalid device ordinal",
    "No activities specified for the profiler",  # torch.profiler with CUDA as its only activity
    "nccl",
)
_GPU_LIBRARIES = {"bitsandbytes", "triton", "flash_attn", "xformers", "deepspeed", "apex"}


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
    no_triton = scene.type == "ModuleNotFoundError" and scene.says("'triton", "'flash_attn")
    if no_triton or scene.says(*_NO_GPU_WORDS) or set(scene.libraries_called()) & _GPU_LIBRARIES:
        return Diagnosis(
            COMPLETES,
            Cause.DEVICE,
            Blame.INFRASTRUCTURE,
            "This part needs a GPU, and the sandbox has none; review it with gpu=1 on a machine that has one.",
        )
    return None


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
