"""Plausible numbers for metrics by their names, and by whom they are won.

What a name says of its metric is a guess that only makes numbers; no rule judges by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runner.comparison import lower_is_better
from sandbox.json_values import is_number
from sandbox.wandb_mock.history import step_of

ROWS = 24
"""Rows of a history that is made longer: enough for tests of significance and moving averages."""
_COUNTER = re.compile(
    r"(?:^|[/_.\s-])(epoch|step|steps|iter|iteration|batch|seed|count|counts|num|n|tokens|samples|size|params|lr|"
    r"learning_rate|true|predicted|tp|tn|fp|fn)(?:$|[/_.\s\d-])",
    re.IGNORECASE,
)


def is_counter(name: str) -> bool:
    """Whether a name is one of bookkeeping, whose number no run wins by."""
    return bool(_COUNTER.search(name))


def value_of(name: str, place: int, wins: bool, scale: float = 1.0) -> float:
    """A final value of a metric: distinct for every `place` (the run's number), better if the run is to win.

    `scale`: the largest value seen of the metric; above 1 it is taken for a percentage or a quantity.
    """
    small = 0.011 * (place % 7 + 1)
    good, poor = (0.31, 0.52) if lower_is_better(name) else (0.83, 0.61)
    value = (good if wins else poor) + (small if lower_is_better(name) else -small)
    return round(value * (1.0 if scale <= 1 else 100.0 if scale <= 100 else scale), 6)


def curve(name: str, final: float, rows: int = ROWS) -> list[float]:
    """Values over time that end at `final`; a metric that falls begins higher."""
    begin = final * (1.9 if lower_is_better(name) else 0.6)
    wave = [0.0, 0.03, -0.02, 0.04, -0.03]
    values = [begin + (final - begin) * (row / max(1, rows - 1)) ** 0.5 for row in range(rows)]
    return [round(value * (1 + wave[row % 5] * (row < rows - 1)), 6) for row, value in enumerate(values)]


def made_up(
    names: Iterable[str], summary: Iterable[str], place: int, wins: bool
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows of a history and a summary, for names of which no number is known."""
    rows: list[dict[str, Any]] = [{} for _ in range(ROWS)]
    for name in names:
        if is_counter(name):
            values: Sequence[float] = [row // 4 if "epoch" in name.lower() else row for row in range(ROWS)]
        else:
            values = curve(name, value_of(name, place, wins))
        for row, value in zip(rows, values, strict=True):
            row[name] = value
    return rows, {name: _final(name, place, wins) for name in summary}


def _final(name: str, place: int, wins: bool) -> Any:
    """A value of a summary; lists where a name says that there are several."""
    if re.search(r"confusion", name, re.IGNORECASE):
        return [[40 + place, 10], [8, 42 - place]]
    if re.search(r"(?:^|[/_.])(?:preds?|predictions|labels|targets|y_true|y_pred)$", name, re.IGNORECASE):
        return [(number * (3 + place) // 4) % 2 for number in range(40)]
    return 20 + place if is_counter(name) else value_of(name, place, wins)


def changed(
    history: Sequence[Mapping[str, Any]],
    summary: Mapping[str, Any],
    place: int,
    wins: bool,
    scales: Mapping[str, float],
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A run's rows repeated until there are enough, and its summary, with other numbers for every metric in `scales`.

    Which keys stand together in a row stays as it was.
    """
    times = max(1, -(-ROWS // max(1, len(history))))
    step = max((step_of(row, 0) for row in history), default=0) + 1
    rows: list[dict[str, Any]] = [
        {**row, "_step": step_of(row, number) + turn * step}
        for turn in range(times)
        for number, row in enumerate(history)
    ]
    for row in rows:
        row.pop("_runtime", None)
        row.pop("_timestamp", None)
    finals = dict(summary)
    for name, scale in scales.items():
        final = value_of(name, place, wins, scale)
        having = [row for row in rows if is_number(row.get(name))]
        for row, value in zip(having, curve(name, final, len(having)), strict=True):
            row[name] = value
        if is_number(finals.get(name)):
            finals[name] = final
    return rows, {key: value for key, value in finals.items() if not key.startswith("_")}


def scales_of(runs: Iterable[tuple[Sequence[Mapping[str, Any]], Mapping[str, Any]]]) -> dict[str, float]:
    """Metrics of all runs that numbers may be changed of, each with the largest value that a run ended at."""
    seen: dict[str, list[float]] = {}
    ends: dict[str, float] = {}
    for history, summary in runs:
        last: dict[str, float] = {}
        for row in (*history, summary):
            for name, value in row.items():
                if not name.startswith("_") and not is_counter(name) and is_number(value):
                    seen.setdefault(name, []).append(abs(value))
                    last[name] = abs(value)
        ends |= {name: max(value, ends.get(name, 0.0)) for name, value in last.items()}
    # Whole numbers beyond 1 count something, and may have to fit other counts.
    counted = {name for name, values in seen.items() if max(values) > 1 and all(float(v).is_integer() for v in values)}
    return {name: end for name, end in ends.items() if name not in counted}
