"""A run's YAML as values: its leaves by dotted key, and where they stand in a resolved configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runner.rules.base import Case
from runner.source_text import yaml_mapping

# What a trial may set otherwise than the run's YAML says: how much is run, searched, logged and kept.
SIZES = (
    "epoch", "step", "batch", "iter", "trial", "sample", "limit", "subset_size", "max_", "num_workers", "accumulation",
    "size", "frequency", "interval", "every", "patience", "_examples", "warmup", "timeout", "device", "precision",
    "fp16", "bf16", "dtype", "mixed", "amp",
)  # fmt: skip


def run_config(case: Case, run_id: str | None) -> dict[str, Any]:
    """The run's YAML as a mapping; empty where it cannot be read."""
    text = next((run.run_config for run in case.submission.runs if run.run_id == run_id), "")
    return yaml_mapping(text)


def leaves(config: Mapping[Any, Any], above: str = "") -> dict[str, Any]:
    """Dotted key -> value. A list is one value; an empty mapping is none."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            found |= leaves(value, f"{name}.")
        else:
            found[name] = value
    return found


def branches(config: Mapping[Any, Any], depth: int = 2) -> Iterator[Mapping[Any, Any]]:
    """The configuration and the mappings in it, to a depth at which a run's values may have been put."""
    yield config
    for value in config.values():
        if depth and isinstance(value, Mapping):
            yield from branches(value, depth - 1)


def same_value(one: object, other: object) -> bool:
    """Whether two values are one: 1e-5 is a string to YAML 1.1 and a number to OmegaConf."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_value, one, other))
    a, b = _number(one), _number(other)
    if a is not None and b is not None:
        return a == b or abs(a - b) <= 1e-9 * max(abs(a), abs(b))
    return str(one).strip().lower() == str(other).strip().lower()


def _number(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def is_size(key: str) -> bool:
    """Whether a trial may rightly change it."""
    last = key.rsplit(".", 1)[-1].lower()
    return any(word in last for word in SIZES)
