"""What an uncaught exception means: which criterion it fails, what kind of mistake it is, and whose.

The question is hard because one exception type has many owners: a KeyError can be a typing error, a field that a
made-up data set lacks, or a configuration key. The rules stand in one tuple at the end, and the first that knows the
scene decides: the missing GPU, the packages and assets that we put in the place of others, then configuration, names
and packages, then the place where it was raised. Only the root traceback and the services' records are read, never
the log around them: a submission prints what it likes. What may be our doing is not held against the submission.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runner.evidence import Evidence, HubRequest
from runner.review import Frame, Traceback
from runner.vocabulary import Blame, Cause, Provided

_COMPLETES = "implementation.trial_completes"


@dataclass(frozen=True)
class Diagnosis:
    """The judgement on one traceback."""

    criterion: str
    cause: Cause
    blame: Blame = Blame.SUBMISSION
    advice: str = ""


@dataclass(frozen=True)
class Scene:
    """A traceback and what is known around it."""

    traceback: Traceback
    hub: Sequence[HubRequest] = ()
    gpus: int = 0
    replaced_torch: bool = False
    """Whether the environment holds another torch than the project resolves to."""

    @property
    def type(self) -> str:
        return self.traceback.type.rsplit(".", 1)[-1]

    @property
    def message(self) -> str:
        return self.traceback.message

    @property
    def frames(self) -> list[Frame]:
        return self.traceback.frames

    def library(self) -> str:
        """Top-level package in which it was raised, "" if in the submission itself."""
        last = self.frames[-1] if self.frames else None
        return "" if last is None or last.in_submission else _package(last.file)

    def libraries_called(self) -> list[str]:
        """Packages on the stack below the deepest frame of the submission, outermost first."""
        names: list[str] = []
        for frame in reversed(self.frames):
            if frame.in_submission:
                break
            names.insert(0, _package(frame.file))
        return names

    def says(self, *words: str) -> bool:
        return any(word.lower() in self.message.lower() for word in words)

    def missing_assets(self, reason: str) -> list[HubRequest]:
        return [request for request in self.hub if request.provided is Provided.MISSING and request.reason == reason]


def diagnose(evidence: Evidence, gpus: int, replaced_torch: bool) -> Diagnosis | None:
    """Judge the root traceback of a failed attempt; None if it has none."""
    if evidence.traceback is None:
        return None
    return diagnose_traceback(Scene(evidence.traceback, evidence.hub, gpus, replaced_torch))


def diagnose_traceback(scene: Scene) -> Diagnosis:
    """The first rule that knows the scene decides."""
    for rule in _RULES:
        diagnosis = rule(scene)
        if diagnosis is not None:
            return diagnosis
    return Diagnosis(_COMPLETES, Cause.UNCLEAR if not scene.frames else Cause.LOGIC)


def _package(file: str) -> str:
    found = re.search(r"(?:site-packages|dist-packages)/([A-Za-z0-9_]+)", file)
    return found.group(1) if found else "python"


# -- the missing GPU -------------------------------------------------------------------------------------------------

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


def _device_mistake(scene: Scene) -> Diagnosis | None:
    if scene.says(*_DEVICE_MISTAKES):
        return Diagnosis("model.builds", Cause.DEVICE)
    return None


def _missing_gpu(scene: Scene) -> Diagnosis | None:
    if scene.gpus:
        return None
    no_triton = scene.type == "ModuleNotFoundError" and scene.says("'triton", "'flash_attn")
    if no_triton or scene.says(*_NO_GPU_WORDS) or set(scene.libraries_called()) & _GPU_LIBRARIES:
        return Diagnosis(
            _COMPLETES,
            Cause.DEVICE,
            Blame.INFRASTRUCTURE,
            "This part needs a GPU, and the sandbox has none; review it with gpu=1 on a machine that has one.",
        )
    return None


def _replaced_torch(scene: Scene) -> Diagnosis | None:
    """Another library failing on torch's insides may not have met the torch that it was resolved with."""
    if not scene.replaced_torch or scene.library() in ("", "python"):
        return None
    if scene.type in ("ImportError", "AttributeError") and scene.says("torch"):
        return Diagnosis(
            _COMPLETES,
            Cause.PACKAGING,
            Blame.INFRASTRUCTURE,
            "A library does not fit the torch build that stands in for the project's own; try env.torch=auto.",
        )
    return None


# -- assets ----------------------------------------------------------------------------------------------------------

_HUB_TYPES = {
    "RepositoryNotFoundError",
    "GatedRepoError",
    "EntryNotFoundError",
    "RemoteEntryNotFoundError",
    "RevisionNotFoundError",
    "HfHubHTTPError",
    "LocalEntryNotFoundError",
    "DatasetNotFoundError",
    "HFValidationError",
    "OfflineModeIsEnabled",
}
_NETWORK_TYPES = {
    "URLError",
    "HTTPError",
    "ConnectionError",
    "ConnectTimeout",
    "MaxRetryError",
    "gaierror",
    "ConnectError",
}
_NETWORK_WORDS = (
    "Name or service not known",
    "name resolution",
    "Network is unreachable",
    "Couldn't reach",
    "Failed to resolve",
    "Connection refused",
    "Can't load the model for",
    "couldn't connect to",
    "offline",
)
_INDEPENDENT_TYPES = {"SyntaxError", "IndentationError", "NameError", "UnboundLocalError", "ModuleNotFoundError"}


def _criterion_of(request: HubRequest) -> str:
    return "data.loads" if request.kind == "dataset" else "model.builds"


def _hub_asset(scene: Scene) -> Diagnosis | None:
    asset_error = scene.type in _HUB_TYPES or scene.says("is not a valid model identifier", "not a local folder")
    for request in scene.missing_assets("nonexistent"):
        if asset_error or _named(request, scene):
            return Diagnosis(
                _criterion_of(request),
                Cause.HUB_ASSET,
                advice=f"The hub has no {request.kind} {request.id!r}: an id is owner/name.",
            )
    for request in scene.missing_assets("gated"):
        if asset_error or _named(request, scene):
            return Diagnosis(
                _criterion_of(request),
                Cause.HUB_ASSET,
                Blame.ASSETS,
                f"{request.id} is gated: without a token that was granted access it cannot be loaded.",
            )
    if scene.missing_assets("infrastructure") and asset_error:
        return Diagnosis(_COMPLETES, Cause.HUB_ASSET, Blame.INFRASTRUCTURE, "A stand-in could not be made.")
    unserved = scene.missing_assets("missing")
    # A run that went on without an asset fails later for reasons that we caused.
    if unserved and scene.type not in _INDEPENDENT_TYPES and not _is_config(scene):
        ids = ", ".join(request.id for request in unserved)
        return Diagnosis(
            _criterion_of(unserved[0]), Cause.HUB_ASSET, Blame.ASSETS, f"The catalogue has no stand-in for {ids}."
        )
    return None


def _named(request: HubRequest, scene: Scene) -> bool:
    return request.id in scene.message


def _network(scene: Scene) -> Diagnosis | None:
    if scene.type in _NETWORK_TYPES or scene.says(*_NETWORK_WORDS):
        if "wandb" in scene.libraries_called():
            return None
        advice = "The code asks the network for something that is not served here."
        return Diagnosis("data.loads", Cause.HUB_ASSET, Blame.ASSETS, advice)
    return None


def _dataset_rules(scene: Scene) -> Diagnosis | None:
    if scene.says("Dataset scripts are no longer supported"):
        return Diagnosis("data.loads", Cause.HUB_ASSET, advice="Installed versions of datasets run no loading scripts.")
    if scene.says("Config name is missing", "BuilderConfig", "Unknown split"):
        return Diagnosis("data.loads", Cause.DATA_PIPELINE)
    return None


# -- configuration, names, packages ----------------------------------------------------------------------------------


def _is_config(scene: Scene) -> bool:
    return scene.traceback.type.startswith(("hydra.", "omegaconf.")) or scene.type.startswith(("Hydra", "ConfigComp"))


def _hydra(scene: Scene) -> Diagnosis | None:
    if scene.traceback.type.startswith("hydra.") or scene.type in ("HydraError", "HydraException"):
        return Diagnosis("hydra.composes", Cause.HYDRA_CONFIG)
    if scene.traceback.type.startswith("omegaconf.") or scene.says("is not in struct", "Missing mandatory value"):
        cause = Cause.OPTUNA if "optuna" in scene.libraries_called() else Cause.HYDRA_CONFIG
        return Diagnosis(_COMPLETES, cause)
    return None


def _names(scene: Scene) -> Diagnosis | None:
    at_import = bool(scene.frames) and any(f.in_submission and f.function == "<module>" for f in scene.frames[-6:])
    criterion = "implementation.imports" if at_import else _COMPLETES
    if scene.type in ("SyntaxError", "IndentationError", "TabError"):
        return Diagnosis("implementation.compiles", Cause.IMPORT_NAME)
    if scene.type == "ModuleNotFoundError":
        found = re.search(r"No module named '?([\w.]+)", scene.message)
        name = found.group(1) if found else ""
        if name.split(".")[0] in ("src", "config"):
            return Diagnosis(
                criterion,
                Cause.IMPORT_NAME,
                advice="src is importable from the repository's root alone; a process started elsewhere misses it.",
            )
        return Diagnosis(
            criterion, Cause.PACKAGING, advice=f"Declare the package that brings {name!r} in pyproject.toml."
        )
    if scene.type == "ImportError":
        if scene.says("pip install", "requires the", "is required"):
            return Diagnosis(criterion, Cause.PACKAGING, advice="Declare the package in pyproject.toml.")
        return Diagnosis(criterion, Cause.IMPORT_NAME)
    if scene.type in ("NameError", "UnboundLocalError"):
        return Diagnosis(criterion, Cause.IMPORT_NAME)
    if scene.type == "AttributeError" and scene.says("module '", "partially initialized module"):
        return Diagnosis(criterion, Cause.IMPORT_NAME)
    return None


def _tools(scene: Scene) -> Diagnosis | None:
    called = scene.libraries_called()
    if "wandb" in called or scene.traceback.type.startswith("wandb."):
        return Diagnosis("wandb.off_in_trial", Cause.WANDB, advice="A trial must not open a W&B run.")
    if "optuna" in called or scene.traceback.type.startswith("optuna."):
        return Diagnosis(_COMPLETES, Cause.OPTUNA)
    return None


# -- what a stand-in may have caused -----------------------------------------------------------------------------------

_SHAPE_TYPES = {"RuntimeError", "ValueError", "IndexError", "AssertionError", "KeyError"}


def _shrunk_model(scene: Scene) -> Diagnosis | None:
    """A failure that names a width which only the stand-in has, or which only the real model has, decides nothing."""
    sizes = {size for request in scene.hub for size in request.replaced_sizes}
    if not sizes or scene.type not in _SHAPE_TYPES:
        return None
    named = {int(number) for number in re.findall(r"\d{2,9}", scene.message)} & sizes
    out_of_range = scene.says("index out of range in self", "out of bounds") and "torch" in scene.libraries_called()
    if named or out_of_range:
        seen = f" ({', '.join(map(str, sorted(named)))})" if named else ""
        advice = f"The model's stand-in has other widths and another vocabulary than the real one{seen}."
        return Diagnosis("model.builds", Cause.MODEL, Blame.ASSETS, advice)
    return None


# -- data, model, evaluation -----------------------------------------------------------------------------------------

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


def _by_place(scene: Scene) -> Diagnosis | None:
    below = []
    for frame in reversed(scene.frames):
        if frame.in_submission:
            break
        below.append(frame.file)
    packages = {_package(file) for file in below}
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
        return Diagnosis(_COMPLETES, Cause.EVALUATE)
    return None


def _memory(scene: Scene) -> Diagnosis | None:
    if scene.type in ("MemoryError", "OutOfMemoryError") or scene.says(
        "can't allocate memory", "Cannot allocate memory"
    ):
        return Diagnosis("mode.trial_memory", Cause.RESOURCE_LIMIT)
    return None


_RULES: tuple[Callable[[Scene], Diagnosis | None], ...] = (
    _device_mistake,
    _missing_gpu,
    _replaced_torch,
    _dataset_rules,
    _hub_asset,
    _network,
    _hydra,
    _names,
    _tools,
    _memory,
    _shrunk_model,
    _by_place,
)
