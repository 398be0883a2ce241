"""Configuration, names and packages: what the exception's type says."""

from __future__ import annotations

import re

from runner.rules.diagnosis.place import by_place
from runner.rules.diagnosis.scene import COMPLETES, Diagnosis, Scene
from runner.vocabulary import Cause


def is_config(scene: Scene) -> bool:
    return scene.traceback.type.startswith(("hydra.", "omegaconf.")) or scene.type.startswith(("Hydra", "ConfigComp"))


def hydra(scene: Scene) -> Diagnosis | None:
    if scene.traceback.type.startswith("hydra.") or scene.type in ("HydraError", "HydraException"):
        return Diagnosis("hydra.composes", Cause.HYDRA_CONFIG)
    if scene.traceback.type.startswith("omegaconf.") or scene.says("is not in struct", "Missing mandatory value"):
        cause = Cause.OPTUNA if "optuna" in scene.libraries_called() else Cause.HYDRA_CONFIG
        return Diagnosis(COMPLETES, cause)
    if _below_a_plain_value(scene):
        return Diagnosis(COMPLETES, Cause.HYDRA_CONFIG, advice="The configuration has a plain value in this place.")
    return None


def _below_a_plain_value(scene: Scene) -> bool:
    """`cfg.run.run_id` where `run` is a word: the code and the configuration disagree on what stands there."""
    found = re.match(r"'(?:str|int|float|bool|NoneType)' object has no attribute '(\w+)'", scene.message)
    last = scene.frames[-1] if scene.frames else None
    if found is None or last is None or not last.in_submission:
        return False
    return re.search(rf"\b\w*(?:cfg|config|conf)(?:\.\w+)+\.{found[1]}\b", last.source) is not None


def wrong_call(scene: Scene) -> Diagnosis | None:
    """A function called by an argument that it does not have: the same slip wherever it stands."""
    last = scene.frames[-1] if scene.frames else None
    if scene.type != "TypeError" or last is None or not last.in_submission:
        return None
    if not scene.says("unexpected keyword argument", "multiple values for", "required positional argument"):
        return None
    place = by_place(scene)
    return Diagnosis(place.criterion if place is not None else COMPLETES, Cause.LOGIC)


def names(scene: Scene) -> Diagnosis | None:
    at_import = bool(scene.frames) and any(f.in_submission and f.function == "<module>" for f in scene.frames[-6:])
    criterion = "implementation.imports" if at_import else COMPLETES
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
    if scene.type == "AttributeError" and scene.says(
        "module '", "type object 'OmegaConf'", "partially initialized module"
    ):
        return Diagnosis(criterion, Cause.IMPORT_NAME)
    return None


def tools(scene: Scene) -> Diagnosis | None:
    called = scene.libraries_called()
    if "wandb" in called or scene.traceback.type.startswith("wandb."):
        return Diagnosis("wandb.off_in_trial", Cause.WANDB, advice="A trial must not open a W&B run.")
    if "optuna" in called or scene.traceback.type.startswith("optuna."):
        return Diagnosis(COMPLETES, Cause.OPTUNA)
    return None
