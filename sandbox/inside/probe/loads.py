"""Calls that ask for an asset: a model, a data set, a metric. Only the outermost one of a thread is told.

Whether an error that one of them raised was swallowed shows later: the exception is marked, and the host is told which
marks the exception carried that ended the process (endings.py).
"""

import os

from .calls import inside
from .channel import channel
from .places import place
from .quiet import quietly, replace
from .work import work

MARK = "_sandbox_review_load"
MAX_EVENTS = 500

_FROM_PRETRAINED = {
    "transformers.modeling_utils": ("model", ["PreTrainedModel"]),
    "transformers.models.auto.auto_factory": ("model", ["_BaseAutoModelClass"]),
    "transformers.models.auto.tokenization_auto": ("other", ["AutoTokenizer"]),
    "transformers.tokenization_utils_base": ("other", ["PreTrainedTokenizerBase"]),
    "transformers.models.auto.configuration_auto": ("other", ["AutoConfig"]),
    "transformers.configuration_utils": ("other", ["PretrainedConfig", "PreTrainedConfig"]),
    "transformers.models.auto.processing_auto": ("other", ["AutoProcessor"]),
    "transformers.processing_utils": ("other", ["ProcessorMixin"]),
    "transformers.models.auto.image_processing_auto": ("other", ["AutoImageProcessor"]),
    "transformers.image_processing_base": ("other", ["ImageProcessingMixin"]),
    "transformers.models.auto.feature_extraction_auto": ("other", ["AutoFeatureExtractor"]),
    "transformers.feature_extraction_utils": ("other", ["FeatureExtractionMixin"]),
    "peft.peft_model": ("model", ["PeftModel"]),
    "diffusers.pipelines.pipeline_utils": ("model", ["DiffusionPipeline"]),
    "diffusers.models.modeling_utils": ("model", ["ModelMixin"]),
}
"""Module -> kind of asset, and its classes that have a `from_pretrained`."""
_FUNCTIONS = {
    "datasets.load": ("dataset", "datasets", ["load_dataset", "load_dataset_builder"]),
    "evaluate.loading": ("metric", "evaluate", ["load"]),
    "transformers.pipelines": ("model", "transformers", ["pipeline"]),
    "huggingface_hub._snapshot_download": ("other", "huggingface_hub", ["snapshot_download"]),
    "huggingface_hub.file_download": ("other", "huggingface_hub", ["hf_hub_download"]),
    "timm.models._factory": ("model", "timm", ["create_model"]),
    "nltk.downloader": ("other", "nltk", ["download"]),
}
"""Module -> kind of asset, the package's public name, and the functions."""
PARTS = {
    **{module: [("loads", "from_pretrained", module, *what)] for module, what in _FROM_PRETRAINED.items()},
    **{module: [("loads", "functions", module, *what)] for module, what in _FUNCTIONS.items()},
    "torchvision.datasets": [("loads", "torchvision_datasets")],
    "torchvision.models._api": [("loads", "torchvision_weights")],
    "sentence_transformers.SentenceTransformer": [("loads", "sentence_transformers")],
    "sklearn.datasets": [("loads", "sklearn_datasets")],
}
_NOT_DOWNLOADED = {"VisionDataset", "ImageFolder", "DatasetFolder", "FakeData"}
_sent: list = [0]


def from_pretrained(module, kind, classes):
    """Attach to classes of `module` that load by `from_pretrained`."""
    import sys

    package = module.partition(".")[0]
    for name in classes:
        owner = getattr(sys.modules[module], name, None)
        if owner is not None:
            replace(owner, "from_pretrained", lambda original: _method(original, package, kind))


def functions(module, kind, package, names):
    """Attach to functions of `module`."""
    import sys

    for name in names:
        replace(sys.modules[module], name, lambda original, name=name: _call(original, package + "." + name, kind))


def torch_hub():
    """Attach to torch.hub, which torch brings along."""
    import torch

    for name in ("load", "load_state_dict_from_url"):
        replace(torch.hub, name, lambda original, name=name: _call(original, "torch.hub." + name, "model"))


def torchvision_datasets():
    """Attach to the constructors of torchvision's data sets."""
    from torchvision import datasets

    for name in datasets.__all__:
        owner = getattr(datasets, name)
        if isinstance(owner, type) and name not in _NOT_DOWNLOADED and "__init__" in vars(owner):
            api = "torchvision.datasets." + name
            replace(owner, "__init__", lambda original, api=api, name=name: _named(original, api, "dataset", name))


def torchvision_weights():
    """Attach to torchvision's pretrained weights."""
    from torchvision.models import _api

    def make(original):
        def get_state_dict(self, *args, **kwargs):
            return _watched("torchvision.models", "model", str(self), "", original, (self, *args), kwargs)

        return get_state_dict

    replace(_api.WeightsEnum, "get_state_dict", make)


def sentence_transformers():
    """Attach to SentenceTransformer, which loads when it is made."""
    from sentence_transformers.SentenceTransformer import SentenceTransformer

    def make(original):
        def __init__(self, *args, **kwargs):  # noqa: N807
            name = args[0] if args else kwargs.get("model_name_or_path")
            return _watched("sentence_transformers", "model", name, "", original, (self, *args), kwargs)

        return __init__

    replace(SentenceTransformer, "__init__", make)


def sklearn_datasets():
    """Attach to the data sets that scikit-learn downloads."""
    from sklearn import datasets

    for name in dir(datasets):
        if name.startswith("fetch_"):
            replace(datasets, name, lambda original, n=name: _named(original, "sklearn.datasets." + n, "dataset", n))


def _method(original, package, kind):
    def from_pretrained(cls, *args, **kwargs):
        if inside.loads:
            return original(cls, *args, **kwargs)
        owner = cls if isinstance(cls, type) else type(cls)
        name = args[0] if args else kwargs.get("pretrained_model_name_or_path")
        if package == "peft" and len(args) > 1:
            name = args[1]
        api = "%s.%s.from_pretrained" % (package, owner.__name__)
        return _watched(api, kind, name, "", original, (cls, *args), kwargs)

    return from_pretrained


def _call(original, api, kind):
    def load(*args, **kwargs):
        if inside.loads:
            return original(*args, **kwargs)
        if api == "timm.create_model" and not (kwargs.get("pretrained") or (len(args) > 1 and args[1] is True)):
            return original(*args, **kwargs)
        words = [*args, *(kwargs[name] for name in _IDS if name in kwargs)]
        name = words[1] if api == "transformers.pipeline" and len(words) > 1 else words[0] if words else ""
        config = kwargs.get("name") or (args[1] if len(args) > 1 else "") if kind in ("dataset", "metric") else ""
        of = {"dataset": "dataset", "model": "model"}.get(kwargs.get("repo_type"), kind)
        if api == "torch.hub.load" and len(words) > 1:
            name = "%s:%s" % (words[0], words[1])
        return _watched(api, of, name, config, original, args, kwargs)

    return load


_IDS = ("path", "repo_id", "model", "model_name", "info_or_id", "url", "repo_or_dir")


def _named(original, api, kind, name):
    def load(*args, **kwargs):
        return _watched(api, kind, name, "", original, args, kwargs)

    return load


def _watched(api, kind, name, config, original, args, kwargs):
    if inside.loads:
        return original(*args, **kwargs)
    inside.loads += 1
    number = _begins()
    try:
        result = original(*args, **kwargs)
    except BaseException as error:
        _ends(number, api, kind, name, config, error)
        raise
    finally:
        inside.loads -= 1
    _ends(number, api, kind, name, config, None)
    return result


@quietly
def _begins():
    if channel().phase == "import":
        channel().enter("data")
    return channel().next_id()


@quietly
def _ends(number, api, kind, name, config, error):
    if error is not None:
        if hasattr(error, MARK):
            return
        setattr(error, MARK, number)
    _sent[0] += 1
    if _sent[0] > MAX_EVENTS:
        channel().cut("loads")
        return
    fields = {"i": number, "api": api, "kind": kind, "id": _text(name), "config": _text(config), "at": place()}
    if error is not None:
        fields.update(error_type=type(error).__name__, error=str(error)[:500], done=work.counters.done())
    channel().send("load", **fields)


def _text(value):
    if value is None:
        return ""
    return (os.fspath(value) if isinstance(value, os.PathLike) else str(value) if isinstance(value, str) else "")[:200]
