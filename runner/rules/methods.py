"""Whether run ids of different methods execute different methods.

Losses before the first update are equal by right: same seed, same data, same start. Losses after it are not, unless
the methods do the same, or differ only in what so short a trial does not reach. The second is ruled out where the runs'
YAMLs differ in settings and the code reads none of these.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from runner.evidence import Evidence
from runner.probe_facts import ProbeFacts
from runner.rules.base import Case, Draft, Judgement, decides, judged, not_exercised, passed
from runner.rules.configuration import is_read, reads_of
from runner.rules.observed import all_completed, completed, run_draft, unfinished
from runner.rules.probed import disputed, missed, probe_of
from runner.rules.run_config import branches, leaves, run_config, same_value
from runner.source_text import yaml_mapping
from runner.vocabulary import Cause, Confidence

RELATIVE = 1e-6
"""Losses this near are the same: one order above the rounding of float32."""
_LABELS = ("run_id", "name", "method_name", "description", "notes", "title", "tags", "comment", "display_name")


@decides("model.methods_differ")
def methods_differ(case: Case) -> Judgement:
    trials = completed(case)
    pairs = [(a, b) for a, b in combinations(trials, 2) if _method(case, a) != _method(case, b)]
    pairs = [pair for pair in pairs if all(_method(case, evidence) is not None for evidence in pair)]
    if not pairs:
        return not_exercised("no two run ids of different methods completed their trials")
    drafts: list[Draft] = []
    doubts: list[str] = []
    for one, other in pairs:
        draft, doubt = _compare(case, one, other)
        drafts += [draft] if draft is not None else []
        doubts += [doubt] if doubt else []
    if drafts:
        return judged(drafts)
    if doubts:
        return not_exercised(doubts[0])
    return passed() if all_completed(case) else not_exercised(unfinished(case))


def _method(case: Case, evidence: Evidence) -> str | None:
    """The method that the run's YAML names; a section's name or type where it is one."""
    config = run_config(case, evidence.run_id)
    return _method_in(config)


def _method_in(config: Any) -> str | None:
    value = config.get("method")
    if isinstance(value, dict):
        value = next((value[key] for key in ("name", "type", "id") if key in value), None)
    return str(value) if isinstance(value, (str, int, float)) else None


def _compare(case: Case, one: Evidence, other: Evidence) -> tuple[Draft | None, str]:
    """The finding that two runs are one method, or why that cannot be told."""
    a, b = probe_of(one), probe_of(other)
    if a is None or b is None or disputed(one) or disputed(other):
        return None, disputed(one) or disputed(other)
    resolved = [_resolved_method(facts, run_id) for facts, run_id in ((a, one.run_id), (b, other.run_id))]
    if resolved[0] is not None and resolved[0] == resolved[1] and not _opened(a) and not _opened(b):
        if _told_apart(a, b):
            return None, f"Hydra's configuration names the method {resolved[0]!r} for both, but their training differs"
        return _draft(case, one, other, f"Hydra's configuration names the method {resolved[0]!r} for both"), ""
    if not _same_losses(a, b) or _trainable(a) != _trainable(b):
        return None, "" if _told_apart(a, b) else _too_short(a, b)
    if missed(a, "losses", "models") or missed(b, "losses", "models"):
        return None, missed(a, "losses", "models") or missed(b, "losses", "models")
    unread, doubt = _differences_unread(case, one, other, a, b)
    if doubt:
        return None, f"{one.run_id} and {other.run_id} have the same losses, but {doubt}"
    losses = ", ".join(f"{value:.6g}" for value in a.losses[0].first)
    return _draft(case, one, other, f"losses of both: {losses}; never read: {', '.join(unread) or 'method'}"), ""


def _resolved_method(facts: ProbeFacts, run_id: str | None) -> str | None:
    """The method of Hydra's configuration, where it holds the run: at its root, or beside the run id.

    A root may hold another method than the run's own branch, as a default that nothing reads; what stands beside this
    run's id goes first. None where two such places differ, or where it is still to be given (`???`).
    """
    for config in facts.configurations:
        root = yaml_mapping(config.resolved)
        parts = [part for part in branches(root) if part is root or "run_id" in part]
        own = [part for part in parts if str(part.get("run_id")) == run_id]
        found = [name for part in own or parts if (name := _method_in(part)) not in (None, "???")]
        if found:
            return found[0] if not own or len(set(found)) == 1 else None
    return None


def _opened(facts: ProbeFacts) -> bool:
    """Whether a configuration may have got its method later, from a file."""
    return any(config.opened for config in facts.configurations)


def _same_losses(a: ProbeFacts, b: ProbeFacts) -> bool:
    """Whether both have the same losses, one of them behind an update that could show in it."""
    one, other = _sequence(a), _sequence(b)
    if len(one) < 2 or len(one) != len(other) or not (_updated(a) and _updated(b)):
        return False
    return _equal(one, other)


def _equal(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(math.isfinite(x) and math.isclose(x, y, rel_tol=RELATIVE) for x, y in zip(one, other, strict=True))


def _sequence(facts: ProbeFacts) -> list[float]:
    return [value for losses in facts.losses for value in losses.first]


def _updated(facts: ProbeFacts) -> bool:
    """Whether a step that changed something lies before the last loss."""
    effective = max(
        (use.steps - use.steps_at_zero_rate - use.steps_without_gradient for use in facts.optimizers), default=0
    )
    return effective >= 2 and any(use.changed for use in facts.optimizers)


def _told_apart(a: ProbeFacts, b: ProbeFacts) -> bool:
    """Whether what was seen shows two methods; runs without training are not compared by losses."""
    one, other = _sequence(a), _sequence(b)
    if _trainable(a) != _trainable(b) or len(one) != len(other):
        return True
    return bool(one) and all(map(math.isfinite, [*one, *other])) and not _equal(one, other)


def _too_short(a: ProbeFacts, b: ProbeFacts) -> str:
    if not _sequence(a):
        return "the trials propagate no loss, so nothing tells their methods apart"
    return "the trials make too few updates for the losses to tell their methods apart"


def _trainable(facts: ProbeFacts) -> list[int]:
    return sorted(model.trainable for model in facts.models if model.forwards > model.forwards_without_gradients)


def _differences_unread(
    case: Case, one: Evidence, other: Evidence, a: ProbeFacts, b: ProbeFacts
) -> tuple[list[str], str]:
    """Settings in which the YAMLs differ and which neither run reads; a doubt where one of them is read."""
    mine, theirs = (leaves(run_config(case, evidence.run_id)) for evidence in (one, other))
    differ = [key for key in {**mine, **theirs} if not same_value(mine.get(key), theirs.get(key)) and _is_setting(key)]
    settings = [key for key in differ if key.split(".")[0] != "method"]
    for facts in (a, b):
        reads, doubt = reads_of(case, facts)
        if doubt:
            return [], doubt
        read = [key for key in (settings or differ) if is_read(key, reads)]
        if read:
            return [], f"{read[0]} is read, and may act later than a trial reaches"
    return settings, ""


def _is_setting(key: str) -> bool:
    return key.rsplit(".", 1)[-1] not in _LABELS and key.split(".")[0] not in ("optuna", "wandb")


def _draft(case: Case, one: Evidence, other: Evidence, seen: str) -> Draft:
    names = f"{one.run_id} ({_method(case, one)}) and {other.run_id} ({_method(case, other)})"
    message = f"{names} execute the same method: same parameters to train, same losses."
    draft = run_draft(
        "model.methods_differ", Cause.MODEL, one, message, seen=seen, confidence=Confidence.INFERRED,
        root=("same method", one.run_id or "", other.run_id or ""),
    )  # fmt: skip
    return replace(draft, run_id=None if len(case.run_ids) == 2 else one.run_id)
