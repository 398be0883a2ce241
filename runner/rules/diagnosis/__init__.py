"""What an uncaught exception means: which criterion it fails, what kind of mistake it is, and whose.

The question is hard because one exception type has many owners: a KeyError can be a typing error, a field that a
made-up data set lacks, or a configuration key. The rules stand in one tuple below, and the first that knows the
scene decides: the missing GPU, the packages and assets that we put in the place of others, then configuration, names
and packages, then the place where it was raised. Only the root traceback and the services' records are read, never
the log around them: a submission prints what it likes. What may be our doing is not held against the submission.
"""

from __future__ import annotations

from collections.abc import Callable

from runner.rules.diagnosis.assets import (
    absent_credential,
    absent_token,
    dataset_rules,
    hub_asset,
    network,
    unknown_architecture,
    unqualified_id,
)
from runner.rules.diagnosis.config import hydra, names, tools, wrong_call
from runner.rules.diagnosis.device import device_mistake, missing_gpu, replaced_torch
from runner.rules.diagnosis.place import by_place, memory, shrunk_model
from runner.rules.diagnosis.scene import COMPLETES, Diagnosis, Scene
from runner.rules.diagnosis.stand_ins import lacking_part, short_split, tokenization, unlisted_configuration
from runner.vocabulary import Cause

__all__ = ["Diagnosis", "Scene", "diagnose_traceback"]

_RULES: tuple[Callable[[Scene], Diagnosis | None], ...] = (
    device_mistake,
    missing_gpu,
    replaced_torch,
    unlisted_configuration,
    dataset_rules,
    unknown_architecture,
    absent_token,
    absent_credential,
    lacking_part,
    hub_asset,
    unqualified_id,
    network,
    hydra,
    names,
    tools,
    memory,
    short_split,
    tokenization,
    shrunk_model,
    wrong_call,
    by_place,
)


def diagnose_traceback(scene: Scene) -> Diagnosis:
    """The first rule that knows the scene decides."""
    for rule in _RULES:
        diagnosis = rule(scene)
        if diagnosis is not None:
            return diagnosis
    return Diagnosis(COMPLETES, Cause.UNCLEAR if not scene.frames else Cause.LOGIC)
