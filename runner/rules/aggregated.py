"""The aggregated metrics: their structure, the primary metric's name, and whether the gap follows from its own values.

The gap is recomputed from what the document itself says, so that made-up numbers do for it: on the runs as they are,
on a variant in which every baseline is better, and where less is better on one in which the proposed method has less.
Source of the definition: the reviewers' checklist, (proposed - baseline) / baseline * 100, its sign reversed where the
metric is to be minimised. An absolute difference, and a fraction instead of per cent, are taken as well.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from runner.comparison import Direction, direction_of, direction_of_name
from runner.evaluation_facts import Evaluation
from runner.review import EvaluationResult
from runner.rules.base import Case, Draft, Judgement, decides, judged, not_exercised, passed
from runner.rules.evaluated import (
    base_of,
    compares,
    doubt,
    evaluation_draft,
    facts_of,
    finished,
    kinds,
    line_of,
    names_text,
    not_applicable,
    unseen,
    variants_of,
)
from runner.rules.evaluation_outputs import document
from runner.vocabulary import Cause, Confidence

PATH = "comparison/aggregated_metrics.json"
WANTED = ("primary_metric", "metrics", "best_proposed", "best_baseline", "gap")


def _asked(case: Case) -> Judgement | None:
    """Why the structure cannot be judged, None where it can."""
    if (missing := unseen(case)) is not None:
        return missing
    asks = case.submission.asks_for_comparison
    if asks is False:
        return not_applicable("the submission's own checklist does not ask for it")
    if asks is None and not names_text(case, "best_baseline"):
        return not_applicable("the submission says nothing of such a structure, and neither does its code")
    if reason := compares(case):
        return not_applicable(reason)
    return None


@decides("evaluate.aggregated_metrics")
def aggregated_metrics(case: Case) -> Judgement:
    if (reason := _asked(case)) is not None:
        return reason
    problems = [_structure_problem(case, evaluation) for evaluation in finished(case)]
    if not problems[0]:
        return passed()
    unnamed = "lacks" in problems[0] and not all(names_text(case, key) for key in WANTED)
    why = "" if unnamed else doubt(case)
    if not why and not all(problems):
        why = "with more rows it is not so"
    if why:
        return not_exercised(f"{problems[0]}; {why}")
    confidence = Confidence.CONFIRMED if len(problems) > 1 else Confidence.OBSERVED
    line = line_of(case, "aggregated_metrics.json")
    draft = evaluation_draft("evaluate.aggregated_metrics", f"{problems[0]}.", line=line, confidence=confidence)
    return judged([draft])


def _structure_problem(case: Case, evaluation: Evaluation) -> str:
    found = document(evaluation, PATH)
    if found is None:
        return f"{{results_dir}}/{PATH} is not written"
    if found.problem:
        return f"{{results_dir}}/{PATH} is not valid JSON: {found.problem}"
    if not found.whole:
        return ""
    content = found.content
    if not isinstance(content, dict):
        return f"{{results_dir}}/{PATH} lacks all of {', '.join(WANTED)}: it is no object"
    sides = set(kinds(case).values())
    wanted = [key for key in WANTED if _has_sides(key, sides)]
    lacking = [key for key in wanted if content.get(key) is None]
    if lacking:
        return f"{{results_dir}}/{PATH} lacks {', '.join(lacking)}"
    for key in ("best_proposed", "best_baseline"):
        if key in wanted and not _entry(content.get(key)):
            return f"{{results_dir}}/{PATH} lacks run_id and value in {key}"
    return ""


def _has_sides(key: str, sides: set[str]) -> bool:
    """Whether the runs are such that a key can be filled."""
    needs = {"best_proposed": {"proposed"}, "best_baseline": {"baseline"}, "gap": {"proposed", "baseline"}}
    return needs.get(key, set()) <= sides


def _entry(value: Any) -> tuple[str, float] | None:
    """Run id and value of a best run."""
    if not isinstance(value, dict):
        return None
    number = _number(value.get("value"))
    return (str(value["run_id"]), number) if isinstance(value.get("run_id"), str) and number is not None else None


@decides("evaluate.primary_metric")
def primary_metric(case: Case) -> Judgement:
    if (reason := _asked(case)) is not None:
        return reason
    wanted = case.submission.hypothesis.primary_metric if case.submission.hypothesis else None
    if not wanted:
        return not_applicable("the hypothesis names no primary metric")
    contents = [_content(evaluation) for evaluation in finished(case)]
    given = [content.get("primary_metric") for content in contents if content is not None]
    if not given or given[0] is None:
        return not_exercised("the evaluation script wrote none")
    if any(_normal(str(value)) == _normal(wanted) for value in given):
        return passed()
    # A script that knows the right name and falls back on another one may do so for want of it in made-up runs.
    if names_text(case, wanted) and (why := doubt(case)):
        return not_exercised(why)
    message = f"primary_metric is {str(given[0])[:200]!r}; the hypothesis names {wanted[:200]!r}."
    return judged([evaluation_draft("evaluate.primary_metric", message, line=line_of(case, "primary_metric"))])


def _normal(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


@decides("evaluate.gap")
def gap(case: Case) -> Judgement:
    if (reason := _asked(case)) is not None:
        return reason
    sides = kinds(case)
    if set(sides.values()) != {"proposed", "baseline"}:
        return not_applicable("the run ids do not say which is proposed and which is a baseline")
    drafts: dict[tuple[str, ...], Draft] = {}
    decided = False
    for evaluation in finished(case):
        content = _content(evaluation)
        if content is None or content.get("gap") is None:
            continue
        proposed, baseline = _entry(content.get("best_proposed")), _entry(content.get("best_baseline"))
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
                root=("gap", re.sub(r"[-\d.e]+", "#", found)[:60]),
            )
            drafts.setdefault((), draft)
    if drafts:
        return judged(drafts.values())
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
        {run_id: value for run_id, text in table.items() if (value := _number(text)) is not None}
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
            if any(abs(n - wanted) <= tolerance + 1e-3 * abs(wanted) + _rounding(n) for n in numbers):
                return ""
    wanted = signs[0] * 100 * difference / abs(baseline)
    sense = f" ({which} is better)" if which else ""
    return (
        f"gap is {numbers[0]:.6g}, but best_proposed {proposed:g} and best_baseline {baseline:g} give {wanted:.6g} "
        f"per cent{sense}."
    )


def _rounding(value: float) -> float:
    """Half a unit of the last decimal that is written, for numbers with few of them; next to nothing for others."""
    for decimals in range(7):
        if abs(value - round(value, decimals)) < 1e-12:
            return 0.5 * 10.0**-decimals if decimals else 0.006
    return 1e-7


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for item in value.values() if (number := _number(item)) is not None]
    number = _number(value)
    return [number] if number is not None else []


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str) and (found := re.fullmatch(r"\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*%?\s*", value)):
        return float(found[1])
    return None


def _close(one: float | None, other: float) -> bool:
    return one is not None and abs(one - other) <= 1e-6 + 1e-4 * abs(other)


def evaluation_result(case: Case) -> EvaluationResult | None:
    """What the script says of the runs as they are, for reports; None where it did not run."""
    facts = facts_of(case)
    if facts is None or not facts.evaluations:
        return None
    base = base_of(case) or facts.evaluations[0]
    content = _content(base) or {}
    return EvaluationResult(
        made_up=facts.made_up,
        variants={item.variant: item.status for item in (base, *variants_of(case))},
        primary_metric=_shown(content.get("primary_metric")),
        best_proposed=_best(content.get("best_proposed")),
        best_baseline=_best(content.get("best_baseline")),
        gap=_shown(content.get("gap")),
        figures=[figure.path for figure in base.figures][:100],
        directory=base.directory,
    )


def _best(value: Any) -> str:
    entry = _entry(value)
    return f"{entry[0]}: {entry[1]:g}" if entry else _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)[:200]


def _content(evaluation: Evaluation) -> Mapping[str, Any] | None:
    found = document(evaluation, PATH)
    return found.content if found is not None and isinstance(found.content, dict) else None
