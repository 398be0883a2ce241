"""One root traceback, one diagnosis: whose mistake it is, and of what kind."""

from __future__ import annotations

from typing import Any

import pytest

from runner.evidence import HubRequest
from runner.review import Frame, Traceback
from runner.rules.diagnosis import Scene, diagnose_traceback
from runner.vocabulary import Blame, Cause, Provided

SITE = "/env/lib/python3.11/site-packages"


def frame(file: str, function: str = "f") -> Frame:
    return Frame(file=file, line=3, function=function, in_submission=file.startswith("src/"))


def scene(kind: str, message: str, *files: str, hub: tuple[HubRequest, ...] = (), gpus: int = 0, **extra: Any) -> Scene:
    frames = [frame(file, "<module>" if extra.get("at_import") else "f") for file in files]
    own = [item for item in frames if item.in_submission]
    file = own[-1].file if own else None
    traceback = Traceback(type=kind, message=message, file=file, line=3 if file else None, frames=frames)
    return Scene(traceback, hub, gpus, extra.get("replaced_torch", False), extra.get("pyproject"))


def asked(kind: str, name: str, reason: str = "", sizes: tuple[int, ...] = ()) -> HubRequest:
    provided = Provided.MISSING if reason else Provided.STAND_IN
    return HubRequest(kind=kind, id=name, provided=provided, reason=reason, real_sizes=list(sizes))  # type: ignore[arg-type]


TORCH = f"{SITE}/torch/nn/modules/linear.py"
HUB = f"{SITE}/huggingface_hub/utils/_http.py"

CASES = [
    # what is the submission's
    (scene("NameError", "name 'DictConfig' is not defined", "src/model.py", at_import=True),
     ("implementation.imports", Cause.IMPORT_NAME, Blame.SUBMISSION)),
    (scene("ModuleNotFoundError", "No module named 'accelerate'", "src/train.py", at_import=True),
     ("implementation.imports", Cause.PACKAGING, Blame.SUBMISSION)),
    (scene("ModuleNotFoundError", "No module named 'src'", "src/train.py", at_import=True),
     ("implementation.imports", Cause.IMPORT_NAME, Blame.SUBMISSION)),
    (scene("ImportError", "Using `device_map` requires Accelerate: `pip install accelerate`", "src/model.py",
           f"{SITE}/transformers/modeling_utils.py"),
     ("implementation.trial_completes", Cause.PACKAGING, Blame.SUBMISSION)),
    (scene("omegaconf.errors.ConfigAttributeError", "Key 'x' is not in struct", "src/train.py",
           f"{SITE}/omegaconf/dictconfig.py"),
     ("implementation.trial_completes", Cause.HYDRA_CONFIG, Blame.SUBMISSION)),
    (scene("hydra.errors.ConfigCompositionException", "Could not override 'run'."),
     ("hydra.composes", Cause.HYDRA_CONFIG, Blame.SUBMISSION)),
    (scene("ValueError", "Config name is missing.", "src/preprocess.py", f"{SITE}/datasets/builder.py"),
     ("data.loads", Cause.DATA_PIPELINE, Blame.SUBMISSION)),
    (scene("RuntimeError", "Dataset scripts are no longer supported, but found conll2003.py", "src/preprocess.py",
           f"{SITE}/datasets/load.py", hub=(asked("dataset", "eriktks/conll2003"),)),
     ("data.loads", Cause.HUB_ASSET, Blame.SUBMISSION)),
    (scene("OSError", "Qwen3-0.6B is not a local folder and is not a valid model identifier", "src/model.py", HUB,
           hub=(asked("model", "Qwen3-0.6B", "nonexistent"),)),
     ("model.builds", Cause.HUB_ASSET, Blame.SUBMISSION)),
    (scene("RuntimeError", "mat1 and mat2 shapes cannot be multiplied (4x7 and 9x2)", "src/model.py", TORCH,
           hub=(asked("model", "bert-base-uncased", sizes=(64, 768)),)),
     ("model.builds", Cause.MODEL, Blame.SUBMISSION)),
    (scene("KeyError", "'label'", "src/preprocess.py"), ("data.loads", Cause.DATA_PIPELINE, Blame.SUBMISSION)),
    (scene("TypeError", "unsupported operand", "src/train.py"),
     ("implementation.trial_completes", Cause.LOGIC, Blame.SUBMISSION)),
    (scene("wandb.errors.CommError", "no network", "src/train.py", f"{SITE}/wandb/sdk/wandb_init.py"),
     ("wandb.off_in_trial", Cause.WANDB, Blame.SUBMISSION)),
    (
        scene("RuntimeError", "Expected all tensors to be on the same device, found cpu", "src/model.py"),
        ("model.builds", Cause.DEVICE, Blame.SUBMISSION),
    ),
    (
        scene("ValueError", "Attempting to unscale FP16 gradients", "src/train.py", f"{SITE}/torch/amp/x.py"),
        ("model.builds", Cause.DEVICE, Blame.SUBMISSION),
    ),
    # what may be our doing
    (
        scene("ModuleNotFoundError", "No module named 'triton'", "src/model.py", at_import=True),
        ("implementation.trial_completes", Cause.DEVICE, Blame.INFRASTRUCTURE),
    ),
    (scene("AssertionError", "Torch not compiled with CUDA enabled", "src/train.py", f"{SITE}/torch/cuda/__init__.py"),
     ("implementation.trial_completes", Cause.DEVICE, Blame.INFRASTRUCTURE)),
    (scene("RuntimeError", "operator torchvision::nms does not exist", "src/model.py", at_import=True),
     ("implementation.trial_completes", Cause.DEVICE, Blame.INFRASTRUCTURE)),
    (scene("RuntimeError", "8-bit wants a GPU tensor", "src/train.py", f"{SITE}/bitsandbytes/optim/optimizer.py"),
     ("implementation.trial_completes", Cause.DEVICE, Blame.INFRASTRUCTURE)),
    (scene("AttributeError", "module 'torch' has no attribute 'zap'", "src/model.py", f"{SITE}/old/lib.py",
           replaced_torch=True),
     ("implementation.trial_completes", Cause.PACKAGING, Blame.INFRASTRUCTURE)),
    (scene("OSError", "somebody/unknown is not a valid model identifier", "src/model.py", HUB,
           hub=(asked("model", "somebody/unknown", "missing"),)),
     ("model.builds", Cause.HUB_ASSET, Blame.ASSETS)),
    (scene("KeyError", "'input_ids'", "src/train.py", hub=(asked("dataset", "somebody/data", "missing"),)),
     ("data.loads", Cause.HUB_ASSET, Blame.ASSETS)),
    (scene("OSError", "You are trying to access a gated repo meta-llama/Llama-2-7b-hf", "src/model.py", HUB,
           hub=(asked("model", "meta-llama/Llama-2-7b-hf", "gated"),)),
     ("model.builds", Cause.HUB_ASSET, Blame.ASSETS)),
    (scene("urllib.error.URLError", "<urlopen error Temporary failure in name resolution>", "src/preprocess.py"),
     ("data.loads", Cause.HUB_ASSET, Blame.ASSETS)),
    (scene("RuntimeError", "mat1 and mat2 shapes cannot be multiplied (4x132 and 768x2)", "src/model.py", TORCH,
           hub=(asked("model", "bert-base-uncased", sizes=(64, 768)),)),
     ("model.builds", Cause.MODEL, Blame.ASSETS)),
    (scene("IndexError", "index out of range in self", "src/model.py", TORCH,
           hub=(asked("model", "bert-base-uncased", sizes=(64, 768)),)),
     ("model.builds", Cause.MODEL, Blame.ASSETS)),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), CASES, ids=[f"{c[0].type}-{c[0].message[:30]}" for c in CASES])
def test_diagnosis(given: Scene, expected: tuple[str, Cause, Blame]) -> None:
    diagnosis = diagnose_traceback(given)
    assert (diagnosis.criterion, diagnosis.cause, diagnosis.blame) == expected


def test_with_a_gpu_its_absence_is_no_excuse() -> None:
    given = scene("RuntimeError", "No CUDA GPUs are available", "src/train.py", gpus=1)
    assert diagnose_traceback(given).blame is Blame.SUBMISSION


MODELS = f"{SITE}/transformers/modeling_utils.py"
DEEPSPEED = f"{SITE}/deepspeed/runtime/engine.py"
NO_FLASH = "FlashAttention2 has been toggled on, but the package flash_attn seems to be not installed."


@pytest.mark.parametrize(
    ("given", "gpu"),
    [
        (scene("AttributeError", "module 'torch._C' has no attribute '_cuda_resetPeak'", "src/train.py"), True),
        (scene("KeyError", "'use_cuda_graph'", "src/train.py"), False),
        (scene("TypeError", "'int' object is not iterable", "src/train.py", DEEPSPEED), False),
        (scene("RuntimeError", "CUDA_HOME does not exist", "src/train.py", DEEPSPEED), True),
        (scene("ImportError", NO_FLASH, "src/model.py", MODELS, pyproject="dependencies = ['flash-attn']"), True),
        (scene("ImportError", NO_FLASH, "src/model.py", MODELS, pyproject="dependencies = ['torch']"), False),
        (scene("ModuleNotFoundError", "No module named 'flash_attn'", "src/model.py", pyproject="['torch']"), False),
        (scene("ModuleNotFoundError", "No module named 'triton'", "src/model.py", pyproject="['torch']"), True),
    ],
)
def test_only_what_a_card_would_mend_is_for_want_of_one(given: Scene, gpu: bool) -> None:
    assert (diagnose_traceback(given).blame is Blame.INFRASTRUCTURE) is gpu


def test_a_name_error_stands_on_its_own_beside_a_missing_asset() -> None:
    given = scene("NameError", "name 'x' is not defined", "src/train.py", hub=(asked("model", "a/b", "missing"),))
    assert diagnose_traceback(given).blame is Blame.SUBMISSION
