"""Whether evaluation asks for metric names that training logs.

Only where a full run was really logged is anything known of what training does not log; and since that run was cut
short, a name that stands in training's source, or fits one put together there, counts as logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from runner.evaluation_facts import EvaluateFacts, Evaluation, RunAsked
from runner.rules.base import Case, Draft, Judgement, decides, judged, missing_stage, not_exercised, passed
from runner.rules.evaluated import asked_with_default, base_of, doubt, evaluation_draft, facts_of, finished, line_of
from runner.vocabulary import Cause, Confidence, StageName, Status

CRITERION = "wandb.keys_match_evaluation"
_PREFIXES = ("train", "eval", "val", "valid", "validation", "test", "dev", "final", "best")


@decides(CRITERION)
def keys_match_evaluation(case: Case) -> Judgement:
    facts, base = facts_of(case), base_of(case)
    if facts is None or base is None:
        return not_exercised(missing_stage(case, StageName.EVALUATE))
    drafts = missed_names(case) or _empty_results(case)
    if drafts:
        return judged(drafts)
    if tried := [request for _, request in _missed_requests(case, facts, base)]:
        return not_exercised(
            f"it asks for {tried[0][0]!r}, which is not logged, and for other names, maybe in its place"
        )
    if not any(run.origin == "logged" for run in base.runs):
        return not_exercised("full mode logged nothing, so what training logs is not known")
    if base.status is not Status.OK:
        return not_exercised("the evaluation script did not run to its end")
    return passed()


def missed_names(case: Case) -> list[Draft]:
    """Names that the script asks the history for by name, else the one whose absence ended it by a KeyError."""
    facts, base = facts_of(case), base_of(case)
    if facts is None or base is None:
        return []
    crash = _missed_key(case, facts, base)
    return _by_name(case, facts, base) or ([crash] if crash is not None else [])


def _missed_key(case: Case, facts: EvaluateFacts, base: Evaluation) -> Draft | None:
    """The script ended by a KeyError for a name that training never logs."""
    if base.traceback is None or base.status is not Status.FAILED:
        return None
    traceback = base.traceback
    if traceback.type.rsplit(".", 1)[-1] != "KeyError" or not (traceback.file or "").endswith("evaluate.py"):
        return None
    found = re.search(r"""['"]([^'"\n]{1,100})['"]""", traceback.message)
    last = next((frame for frame in reversed(traceback.frames) if frame.in_submission), None)
    about_config = last is not None and re.search(r"conf(?:ig)?\b|cfg", last.source)
    if found is None or about_config or not _read_all(base) or not _unknown(facts, base, found[1]):
        return None
    return evaluation_draft(
        CRITERION,
        f"The evaluation script asks for {found[1]!r}, which training never logs, and ends with a KeyError. "
        f"{_logged_words(base)}",
        line=traceback.line,
        cause=Cause.EVALUATE,
        confidence=Confidence.CONFIRMED if len(finished(case)) == 0 else Confidence.OBSERVED,
        seen=f"{traceback.file}:{traceback.line}: {last.source if last else ''}\nKeyError: {traceback.message[:500]}",
        root=(traceback.type, traceback.file or "", str(traceback.line)),
    )


def logged_elsewhere(case: Case, message: str) -> bool:
    """Whether a KeyError is for a name that stands in training's source: it may be logged later, or by another run."""
    facts, base = facts_of(case), base_of(case)
    found = re.search(r"""['"]([^'"\n]{1,100})['"]""", message)
    return bool(found and facts and base and not _unknown(facts, base, found[1]))


def _read_all(base: Evaluation) -> bool:
    """Whether what the script missed can have been in what it got: it had read some run's data."""
    return any(asked.history or asked.summary for asked in base.asked)


def _by_name(case: Case, facts: EvaluateFacts, base: Evaluation) -> list[Draft]:
    """Names given to `history(keys=[...])`: one that no row has leaves no row at all."""
    drafts = []
    for asked, request in _missed_requests(case, facts, base):
        if _tried_in_turn(case, facts, base, asked, request):
            continue
        for key in (key for key in request if _unknown(facts, base, key)):
            message = (
                f"The evaluation script asks the history for {key!r}, which training never logs, so that no row "
                f"comes back. {_logged_words(base)}"
            )
            drafts.append(evaluation_draft(CRITERION, message, run_id=asked.run_id, line=line_of(case, key)))
    first: dict[str, Draft] = {}
    for draft in drafts:
        first.setdefault(draft.message, draft)
    return [replace(draft, run_id=None) for draft in first.values()]


def _missed_requests(case: Case, facts: EvaluateFacts, base: Evaluation) -> Iterator[tuple[RunAsked, list[str]]]:
    """Requests of the history that no row can answer."""
    for asked in base.asked:
        for request in asked.requests or [asked.keys]:
            if asked.run_id in case.run_ids and any(_unknown(facts, base, key) for key in request):
                yield asked, [key for key in request if not key.startswith("_")]


def _tried_in_turn(case: Case, facts: EvaluateFacts, base: Evaluation, asked: RunAsked, missed: list[str]) -> bool:
    """Whether a name may be one of several that a script tries until one has rows: another was asked for like it and
    is logged, and all that is to come of it was written."""
    others = [[key for key in request if not key.startswith("_")] for request in asked.requests]
    alike = [other for other in others if len(other) == len(missed)]
    answered = any(not any(_unknown(facts, base, key) for key in other) for other in alike)
    return answered and _wrote_all(case, base)


def _wrote_all(case: Case, base: Evaluation) -> bool:
    """Whether the script ended well, with metrics of every run and best values that are something."""
    written = {document.path for document in base.documents if not document.problem}
    metrics = all(f"{run_id}/metrics.json" in written for run_id in case.run_ids)
    return base.status is Status.OK and metrics and not any(map(_nothing, _best_values(base)))


def _empty_results(case: Case) -> list[Draft]:
    """The best values are nothing, whatever the runs' numbers are: the name that they come from was never logged."""
    if doubt(case) or len(finished(case)) < 2:
        return []
    values = [_best_values(evaluation) for evaluation in finished(case)]
    if not all(best and all(_nothing(value) for value in best) for best in values):
        return []
    # The values may come from what no variant changes, such as predictions; a name must be there that explains them.
    facts, base = facts_of(case), base_of(case)
    missing = [name for name in sorted(asked_with_default(case)) if facts and base and _unknown(facts, base, name)]
    if not missing:
        return []
    message = (
        f"Both best values are {values[0][0]!r} whatever the runs logged: the evaluation script asks for "
        f"{missing[0]!r}, which training never logs. {_logged_words(finished(case)[0])}"
    )
    return [evaluation_draft(CRITERION, message, line=line_of(case, missing[0]))]


def _best_values(evaluation: Evaluation) -> list[Any]:
    document = next((d.content for d in evaluation.documents if d.path == "comparison/aggregated_metrics.json"), None)
    if not isinstance(document, dict):
        return []
    best = [document.get("best_proposed"), document.get("best_baseline")]
    return [entry["value"] for entry in best if isinstance(entry, dict) and "value" in entry]


def _nothing(value: Any) -> bool:
    return value is None or value in ("NaN", "Infinity", "-Infinity") or value == 0


def _unknown(facts: EvaluateFacts, base: Evaluation, name: str) -> bool:
    """Whether training is known not to log a name: a run was logged, and neither it nor the source has the name."""
    if not any(run.origin == "logged" for run in base.runs):
        return False
    if any(run.origin == "made-up" for run in base.runs):
        return False
    if name.startswith("_"):
        return False
    known = set(facts.known_names) | {key for run in base.runs for key in (*run.history, *run.summary)}
    bare = re.split(r"[/.]", name)[-1]
    without = re.sub(rf"^(?:{'|'.join(_PREFIXES)})[_/.-]", "", name)
    # A library puts a prefix before names that stand in the source without it.
    if name in known or (bare != name and bare in known) or ("/" in name and without in known):
        return False
    forked = re.sub(r"_(?:step|epoch)$", "", name)
    if forked != name and known & {"on_step", "on_epoch"} and not _unknown(facts, base, forked):
        return False  # Lightning logs a name under both endings where it is told so
    return not any(re.fullmatch(pattern, name) for pattern in facts.name_patterns)


def _logged_words(base: Evaluation) -> str:
    names = dict.fromkeys(key for run in base.runs if run.origin == "logged" for key in (*run.history, *run.summary))
    shown = ", ".join(list(names)[:12])
    return f"It logs: {shown}." if shown else ""
