"""What the server makes of a run's history rows: flat keys, facts about each key, samples. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.json_values import is_number

Row = dict[str, Any]


def flatten(row: Mapping[str, Any]) -> Row:
    """Nested values as the server gives them back: {"a": {"b": 1}} is the key "a.b".

    Typed values (media, histograms: dictionaries with a "_type") and lists stay whole.
    """
    flat: Row = {}
    waiting = list(reversed(list(row.items())))
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, dict) and value and "_type" not in value:
            waiting.extend((f"{key}.{inner}", value[inner]) for inner in reversed(value))
        else:
            flat[key] = value
    return flat


def type_name(value: Any) -> str:
    """The server's word for a value's type in `historyKeys`."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float) or value in ("NaN", "Infinity", "-Infinity"):
        return "number"
    if isinstance(value, dict):
        return str(value.get("_type", "map"))
    if isinstance(value, list):
        return "list"
    return "nil" if value is None else "string"


def key_facts(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The `historyKeys` object: per key how often each type came, the last number and whether it only ever rose."""
    counts: dict[str, dict[str, int]] = {}
    last: dict[str, float] = {}
    rising: dict[str, bool] = {}
    last_step = -1
    for row in map(flatten, rows):
        for key, value in row.items():
            kind = type_name(value)
            counts.setdefault(key, {}).setdefault(kind, 0)
            counts[key][kind] += 1
            if is_number(value):
                rising[key] = rising.get(key, True) and value >= last.get(key, value)
                last[key] = value
        last_step = max(last_step, step_of(row, last_step))
    keys = {
        key: {
            "typeCounts": [{"type": kind, "count": count} for kind, count in kinds.items()],
            "monotonic": rising.get(key, False),
            "previousValue": last.get(key, -1),
        }
        for key, kinds in counts.items()
    }
    return {"sets": [], "keys": keys, "lastStep": last_step}


def step_of(row: Mapping[str, Any], otherwise: int) -> int:
    """A row's own step where that is a number; what a client sent may be anything."""
    step = row.get("_step")
    return int(step) if is_number(step) else otherwise


def thin(rows: list[Row], samples: int) -> list[Row]:
    """At most so many rows, evenly spread, first and last always among them.

    The real server picks at random; an even choice gives the same answer twice.
    """
    if samples >= len(rows):
        return rows
    if samples <= 1:
        return rows[-1:] if samples == 1 else []
    distance = (len(rows) - 1) / (samples - 1)
    return [rows[round(index * distance)] for index in range(samples)]


@dataclass(frozen=True)
class Selection:
    """One question for sampled history. Steps: from `min_step` on, below `max_step`."""

    keys: tuple[str, ...] = ()
    min_step: float = -math.inf
    max_step: float = math.inf
    samples: int = 500


def select(rows: Iterable[Mapping[str, Any]], wanted: Selection) -> list[Row]:
    """The rows that have all of the wanted keys, cut down to these keys; all rows whole if none is named."""
    found = []
    for number, row in enumerate(map(flatten, rows)):
        if not wanted.min_step <= step_of(row, number) < wanted.max_step:
            continue
        if not wanted.keys:
            found.append(row)
        elif all(key in row for key in wanted.keys):
            found.append({key: row[key] for key in wanted.keys})
    return thin(found, wanted.samples)
