"""Which part watches which library; a part is loaded when its library is imported."""

import importlib

from .quiet import trouble

_PARTS = {
    "torch": [
        ("torch_training", "watch"),
        ("torch_modules", "watch"),
        ("torch_targets", "watch"),
        ("loads", "torch_hub"),
    ],
    "torch.utils.data.dataloader": [("torch_loaders", "watch")],
    "transformers.generation.utils": [("torch_modules", "watch_generate")],
    "wandb": [("trackers", "watch")],
    "optuna.study.study": [("studies", "watch_studies")],
    "optuna.trial._trial": [("studies", "watch_trials")],
    "omegaconf": [("configuration", "watch_reads")],
    "hydra.core.utils": [("configuration", "watch_jobs")],
    "hydra.compose": [("configuration", "watch_compose")],
    "hydra._internal.instantiate._instantiate2": [("configuration", "watch_instantiate")],
}


def watch(around_import):
    """Attach to each library once it is there; in the order of the lists."""
    from . import frameworks, loads

    for module, parts in [*_PARTS.items(), *loads.PARTS.items(), *frameworks.PARTS.items()]:
        for part, function, *arguments in parts:
            around_import(module, after=_starter(part, function, arguments), report=trouble)


def _starter(part, function, arguments):
    def start():
        getattr(importlib.import_module("." + part, __package__), function)(*arguments)

    return start
