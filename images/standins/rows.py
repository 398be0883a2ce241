"""Makes the rows of one split from a configuration's facts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any

from . import features as types
from .makers import MAKERS

TRIES = 40
"""Draws before a repeated row is accepted: some true data sets are smaller than their possible rows."""


def make_rows(config: Mapping[str, Any], split: str, count: int, rng: Random) -> list[dict[str, Any]]:
    """`count` rows, no two alike but for their running numbers.

    `config.rows.make` names the maker; `columns` maps a column to one of the maker's fields or to
    `{const: value}` (a column named like a field needs no entry); `hidden` maps a split to the values that
    the real data set withholds there, as `label: -1`; `gaps: {share, values}` does so for a share of all rows.
    """
    facts = config["rows"]
    maker = MAKERS[facts["make"]]
    columns = facts.get("columns") or {}
    hidden = (facts.get("hidden") or {}).get(split) or {}
    arguments = dict(facts) | {"features": config["features"], "split": split}
    arguments.setdefault("labels", _label_names(config["features"]))
    gaps = facts.get("gaps") or {"share": 0, "values": {}}
    rows, seen = [], set()
    for number in range(count):
        for _ in range(TRIES):
            made = maker(rng, number, arguments)
            key = json.dumps({k: v for k, v in made.items() if k not in ("index", "id")}, default=repr)
            if key not in seen:
                break
        seen.add(key)
        made.setdefault("index", number)
        unknown = hidden | (gaps["values"] if rng.random() < gaps["share"] else {})
        rows.append({name: _value(name, columns, made) for name in config["features"]} | unknown)
    return rows


def _value(name: str, columns: Mapping[str, Any], made: Mapping[str, Any]) -> Any:
    source = columns.get(name, name)
    return source["const"] if isinstance(source, Mapping) else made[source]


def _label_names(features: Mapping[str, Any]) -> list[str]:
    """The names of the first class-label column, from which makers draw."""
    for feature in features.values():
        if types.constructor(feature) == "class_label":
            return list(feature["class_label"])
    return []
