"""The filters and orders of `Api().runs(...)`: the part of MongoDB's query language that the server takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import regex

from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.store.rows import Run

MISSING = object()
MAX_PATTERN = 500
PATTERN_SECONDS = 0.2
"""The pattern comes from code under review: the standard library's `re` could be made to hang the host."""
DEFAULT_ORDER = "-created_at"
FIELDS: dict[str, Callable[[Run, float], Any]] = {
    "name": lambda run, now: run.name,
    "displayname": lambda run, now: run.display_name,
    "state": lambda run, now: run.state_at(now),
    "tags": lambda run, now: json.loads(run.tags),
    "group": lambda run, now: run.group_name,
    "jobtype": lambda run, now: run.job_type,
    "createdat": lambda run, now: datetime.fromtimestamp(run.created_at, UTC).isoformat(),
    "heartbeatat": lambda run, now: datetime.fromtimestamp(run.heartbeat_at, UTC).isoformat(),
    "updatedat": lambda run, now: datetime.fromtimestamp(run.heartbeat_at, UTC).isoformat(),
    "entity": lambda run, now: run.entity,
    "project": lambda run, now: run.project,
    "host": lambda run, now: run.host,
    "notes": lambda run, now: run.notes,
    "description": lambda run, now: run.description,
    "sweep": lambda run, now: None,
    "username": lambda run, now: run.entity,
    "duration": lambda run, now: run.heartbeat_at - run.created_at,
}


def matches(run: Run, query: Any, now: float) -> bool:
    """Whether a run fits a filter. Raises RefusedError (400) for an operator or field that the server does not know."""
    if not isinstance(query, dict):
        raise RefusedError(400, "filters must be a JSON object")
    return all(_clause(run, key, value, now) for key, value in query.items())


def _clause(run: Run, key: str, value: Any, now: float) -> bool:
    if key in ("$and", "$or", "$nor"):
        if not isinstance(value, list):
            raise RefusedError(400, f"{key} needs a list of filters")
        fits = [matches(run, query, now) for query in value]
        return all(fits) if key == "$and" else any(fits) != (key == "$nor")
    if key == "$not":
        return not matches(run, value, now)
    return _condition(_lookup(run, key, now), value)


def _lookup(run: Run, key: str, now: float) -> Any:
    head, _, rest = key.partition(".")
    plain = head.replace("_", "").lower()
    if rest and plain == "config":
        return _dig(run.config_values, rest.removesuffix(".value"))
    if rest and plain in ("summarymetrics", "summary"):
        return _dig(run.summary_values, rest)
    if rest or plain not in FIELDS:
        raise RefusedError(400, f"cannot filter or order runs by {key!r}")
    return FIELDS[plain](run, now)


def _dig(values: Mapping[str, Any], path: str) -> Any:
    """A key as it stands, else the way down a nested value; `.value` in between is how the server stores entries."""
    if path in values:
        return values[path]
    here: Any = values
    for depth, part in enumerate(path.split(".")):
        if isinstance(here, dict) and part in here:
            here = here[part]
        elif not (depth == 1 and part == "value"):
            return MISSING
    return here


def _condition(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict) and any(key.startswith("$") for key in wanted):
        return all(_operator(found, name, value, wanted) for name, value in wanted.items())
    return _equal(found, wanted)


def _equal(found: Any, wanted: Any) -> bool:
    if isinstance(found, list) and not isinstance(wanted, list):
        return wanted in found
    return bool((None if found is MISSING else found) == wanted)


def _operator(found: Any, name: str, value: Any, wanted: Mapping[str, Any]) -> bool:
    match name:
        case "$eq":
            return _equal(found, value)
        case "$ne":
            return not _equal(found, value)
        case "$gt" | "$gte" | "$lt" | "$lte":
            return _compare(found, name, value)
        case "$in" | "$nin":
            if not isinstance(value, list):
                raise RefusedError(400, f"{name} needs a list")
            return any(_equal(found, one) for one in value) == (name == "$in")
        case "$exists":
            return (found is not MISSING) == bool(value)
        case "$not":
            return not _condition(found, value)
        case "$regex":
            return isinstance(found, str) and _search(value, found, str(wanted.get("$options", "")))
        case "$options":
            return True
        case _:
            raise RefusedError(400, f"unknown filter operator {name!r}")


def _compare(found: Any, name: str, value: Any) -> bool:
    numbers = isinstance(found, int | float) and isinstance(value, int | float)
    if not numbers and not (isinstance(found, str) and isinstance(value, str)):
        return False
    return {"$gt": found > value, "$gte": found >= value, "$lt": found < value, "$lte": found <= value}[name]


def _search(pattern: Any, text: str, options: str) -> bool:
    if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN:
        raise RefusedError(400, f"$regex needs a pattern of at most {MAX_PATTERN} characters")
    try:
        flags = regex.IGNORECASE if "i" in options else 0
        return regex.search(pattern, text, flags, timeout=PATTERN_SECONDS) is not None
    except (regex.error, OverflowError, RecursionError, TimeoutError, ValueError) as problem:
        raise RefusedError(400, f"not a usable regular expression: {pattern!r}") from problem


def ordered(runs: list[Run], order: str | None, now: float) -> list[Run]:
    """Sorted as asked: `+key` rises, `-key` falls, a bare key rises. Runs that lack the key come last."""
    found = list(runs)
    words = [word.strip() for word in (order or DEFAULT_ORDER).split(",") if word.strip()]
    for word in reversed(words):
        falling, key = word.startswith("-"), word.lstrip("+-")
        have = [(run, _lookup(run, key, now)) for run in found]
        given = [pair for pair in have if pair[1] is not MISSING and pair[1] is not None]
        given.sort(key=lambda pair: _rank(pair[1]), reverse=falling)
        lacking = [run for run, value in have if value is MISSING or value is None]
        found = [run for run, _ in given] + lacking
    return found


def _rank(value: Any) -> tuple[int, float, str]:
    if isinstance(value, int | float):
        return (0, float(value), "")
    return (1, 0.0, value if isinstance(value, str) else json.dumps(value, sort_keys=True))
