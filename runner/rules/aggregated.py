"""The aggregated metrics: their structure and the primary metric's name; and what reports say of them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from runner.evaluation_facts import Evaluation
from runner.review import EvaluationResult
from runner.rules.base import Case, Judgement, decides, judged, not_exercised, passed
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
from runner.vocabulary import Confidence

PATH = "comparison/aggregated_metrics.json"
WANTED = ("primary_metric", "metrics", "best_proposed", "best_baseline", "gap")


def not_asked(case: Case) -> Judgement | None:
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
    if (reason := not_asked(case)) is not None:
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
    baseline = entry_of(content.get("best_baseline"))
    if lacking == ["gap"] and baseline is not None and baseline[1] == 0:
        # Nothing can be divided by it, and stand-ins do score zero.
        return ""
    if lacking:
        return f"{{results_dir}}/{PATH} lacks {', '.join(lacking)}"
    for key in ("best_proposed", "best_baseline"):
        if key in wanted and not entry_of(content.get(key)):
            return f"{{results_dir}}/{PATH} lacks run_id and value in {key}"
    return ""


def _has_sides(key: str, sides: set[str]) -> bool:
    """Whether the runs are such that a key can be filled."""
    needs = {"best_proposed": {"proposed"}, "best_baseline": {"baseline"}, "gap": {"proposed", "baseline"}}
    return needs.get(key, set()) <= sides


def entry_of(value: Any) -> tuple[str, float] | None:
    """Run id and value of a best run."""
    if not isinstance(value, dict):
        return None
    given = number(value.get("value"))
    return (str(value["run_id"]), given) if isinstance(value.get("run_id"), str) and given is not None else None


@decides("evaluate.primary_metric")
def primary_metric(case: Case) -> Judgement:
    if (reason := not_asked(case)) is not None:
        return reason
    wanted = case.submission.hypothesis.primary_metric if case.submission.hypothesis else None
    if not wanted:
        return not_applicable("the hypothesis names no primary metric")
    contents = [content_of(evaluation) for evaluation in finished(case)]
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


def evaluation_result(case: Case) -> EvaluationResult | None:
    """What the script says of the runs as they are, for reports; None where it did not run."""
    facts = facts_of(case)
    if facts is None or not facts.evaluations:
        return None
    base = base_of(case) or facts.evaluations[0]
    content = content_of(base) or {}
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
    entry = entry_of(value)
    return f"{entry[0]}: {entry[1]:g}" if entry else _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)[:200]


def content_of(evaluation: Evaluation) -> Mapping[str, Any] | None:
    found = document(evaluation, PATH)
    return found.content if found is not None and isinstance(found.content, dict) else None


def number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str) and (found := re.fullmatch(r"\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*%?\s*", value)):
        return float(found[1])
    return None
