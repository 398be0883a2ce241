"""Whether the gap follows from the document's own best values, and these from its own table.

It is recomputed from what the document itself says, so that made-up numbers do for it: on the runs as they are, on a
variant in which every baseline is better, and where less is better on one in which the proposed method has less.
Source of the definition: the reviewers' checklist, (proposed - baseline) / baseline * 100, its sign reversed where the
metric is to be minimised. An absolute difference, and a fraction instead of per cent, are taken as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from runner.comparison import Direction, direction_of, direction_of_name
from runner.rules.aggregated import content_of, entry_of, not_asked, number
from runner.rules.base import Case, Draft, Judgement, decides, judged, not_exercised, passed
from runner.rules.evaluated import evaluation_draft, finished, kinds, line_of, not_applicable
from runner.vocabulary import Cause


@decides("evaluate.gap")
def gap(case: Case) -> Judgement:
    if (reason := not_asked(case)) is not None:
        return reason
    sides = kinds(case)
    if set(sides.values()) != {"proposed", "baseline"}:
        return not_applicable("the run ids do not say which is proposed and which is a baseline")
    drafts: list[Draft] = []
    decided = False
    for evaluation in finished(case):
        content = content_of(evaluation)
        if content is None or content.get("gap") is None:
            continue
        proposed, baseline = entry_of(content.get("best_proposed")), entry_of(content.get("best_baseline"))
        if proposed is None or baseline is None:
            continue
        decided = True
        which = _direction(case, content)
        found = _wrong_side(sides, proposed, baseline) or _wrong_best(content, sides, which, proposed, baseline)
        found = found or _wrong_gap(content.get("gap"), proposed[1], baseline[1], which)
        if found:
            draft = evaluation_draft(
                "evaluate.gap",
                found,
                line=line_of(case, "gap"),
                cause=Cause.EVALUATE,
                seen=f"on the runs as {_VARIANTS[evaluation.variant]}",
                root=("gap",),
            )
            drafts.append(draft)
    if drafts:
        return judged(drafts[:1])
    return passed() if decided else not_exercised("the evaluation script wrote no gap with its two best values")


_VARIANTS = {
    "logged": "they are",
    "baseline-wins": "changed so that every baseline is better",
    "lower-wins": "changed so that the proposed method has the lower values",
}


def _direction(case: Case, content: Mapping[str, Any]) -> Direction | None:
    hypothesis = case.submission.hypothesis
    if hypothesis is not None and hypothesis.primary_metric:
        return direction_of(hypothesis.primary_metric, hypothesis.expected_result)
    return direction_of_name(str(content.get("primary_metric") or ""))


def _wrong_side(sides: Mapping[str, str], proposed: tuple[str, float], baseline: tuple[str, float]) -> str:
    for key, wanted, (run_id, _) in (("best_proposed", "proposed", proposed), ("best_baseline", "baseline", baseline)):
        if sides.get(run_id, wanted) != wanted:
            return f"{key} names {run_id}, which is a {sides[run_id]} run."
    return ""


def _wrong_best(
    content: Mapping[str, Any],
    sides: Mapping[str, str],
    which: Direction | None,
    proposed: tuple[str, float],
    baseline: tuple[str, float],
) -> str:
    """A better run of the same side, in every metric of its own table that the best values can come from."""
    tables = content.get("metrics")
    if which is None or not isinstance(tables, dict):
        return ""
    numbers = [
        {run_id: value for run_id, text in table.items() if (value := number(text)) is not None}
        for table in tables.values()
        if isinstance(table, dict)
    ]
    fitting = [
        t for t in numbers if _close(t.get(proposed[0]), proposed[1]) and _close(t.get(baseline[0]), baseline[1])
    ]
    for key, (run_id, value) in (("best_proposed", proposed), ("best_baseline", baseline)):
        better = [_better(table, sides, which, run_id, value) for table in fitting]
        if better and all(better):
            return f"{key} names {run_id} with {value:g}; {better[0]} is better, since {which} is better."
    return ""


def _better(table: Mapping[str, float], sides: Mapping[str, str], which: Direction, run_id: str, value: float) -> str:
    """A run of the same side whose value in this table is clearly better, "" if there is none."""
    sign = 1 if which == "higher" else -1
    rivals = [other for other in table if sides.get(other) == sides.get(run_id) and other != run_id]
    clear = [other for other in rivals if sign * (table[other] - value) > 1e-3 * max(1.0, abs(value))]
    return f"{clear[0]} with {table[clear[0]]:g}" if clear else ""


def _wrong_gap(given: Any, proposed: float, baseline: float, which: Direction | None) -> str:
    """The gap is what none of the definitions gives."""
    numbers = _numbers(given)
    if not numbers:
        nothing = given in ("NaN", "Infinity", "-Infinity") and baseline == 0
        return "" if nothing else f"gap is no number: {str(given)[:60]!r}."
    if baseline == 0 or not math.isfinite(baseline) or not math.isfinite(proposed):
        return ""
    signs = {"higher": (1,), "lower": (-1,)}.get(which or "", (1, -1))
    difference = proposed - baseline
    loose = _rounding(proposed) + _rounding(baseline)
    for sign in signs:
        for accepted, tolerance in (
            (100 * difference / baseline, 100 * loose * (1 + abs(proposed / baseline)) / abs(baseline)),
            (100 * difference / abs(baseline), 100 * loose * (1 + abs(proposed / baseline)) / abs(baseline)),
            (difference / abs(baseline), loose * (1 + abs(proposed / baseline)) / abs(baseline)),
            (difference, loose),
            (100 * difference, 100 * loose),
        ):
            wanted = sign * accepted
            close = [n for n in numbers if abs(n - wanted) <= tolerance + 1e-3 * abs(wanted) + _rounding(n)]
            if any(not _opposed(n, wanted) for n in close):
                return ""
    wanted = signs[0] * 100 * difference / abs(baseline)
    sense = f" ({which} is better)" if which else ""
    return (
        f"gap is {numbers[0]:.6g}, but best_proposed {proposed:g} and best_baseline {baseline:g} give {wanted:.6g} "
        f"per cent{sense}."
    )


def _opposed(one: float, other: float) -> bool:
    """Whether the signs differ: rounding takes a number to zero at most, never beyond it."""
    return one * other < 0 and abs(one) > _rounding(one)


def _rounding(value: float) -> float:
    """Half a unit of the last decimal that is written, for numbers with few of them; next to nothing for others."""
    for decimals in range(7):
        if abs(value - round(value, decimals)) < 1e-12:
            return 0.5 * 10.0**-decimals if decimals else 0.006
    return 1e-7


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [found for item in value.values() if (found := number(item)) is not None]
    found = number(value)
    return [found] if found is not None else []


def _close(one: float | None, other: float) -> bool:
    return one is not None and abs(one - other) <= 1e-6 + 1e-4 * abs(other)
