"""The same mistake once: drafts of several run ids and stages, joined where they have the same root."""

from __future__ import annotations

from dataclasses import replace

from runner.rules.base import Draft
from runner.vocabulary import Blame, Confidence, StageName


def merge(drafts: list[Draft], run_ids: set[str]) -> list[Draft]:
    """Join drafts with the same root: over run ids, and over stages, where seeing it twice confirms it.

    Run ids whose own attempts show another's doing stay apart. Compose looks once, at small stand-ins: what it saw
    is judged as the trials that met it are.
    """
    by_root: dict[tuple[object, ...], list[Draft]] = {}
    for number, draft in enumerate(drafts):
        by_root.setdefault(draft.root or (number,), []).append(draft)
    merged = []
    for same in by_root.values():
        by_blame: dict[Blame, list[Draft]] = {}
        for draft in _judged_by_trials(same):
            by_blame.setdefault(draft.blame, []).append(draft)
        for group in by_blame.values():
            merged += _joined(group, run_ids)
    return merged


def _judged_by_trials(group: list[Draft]) -> list[Draft]:
    """The drafts of one root; those of compose as the trials are judged: by a confirmed one, else by any doubt."""
    trials = [draft for draft in group if draft.stage is not StageName.COMPOSE]
    if not trials:
        return group
    sure = [draft for draft in trials if draft.confidence is Confidence.CONFIRMED]
    doubt = [draft for draft in trials if draft.blame is not Blame.SUBMISSION]
    judge = (sure or doubt or trials)[0]
    return [
        replace(draft, blame=judge.blame, message=judge.message, confirmable=judge.confirmable)
        if draft.stage is StageName.COMPOSE and draft.blame is not judge.blame
        else draft
        for draft in group
    ]


def _joined(group: list[Draft], run_ids: set[str]) -> list[Draft]:
    """One draft for all, or one for each run id where only some have it."""
    first = group[0]
    runs = {draft.run_id for draft in group}
    everywhere = None in runs or runs >= run_ids
    again = len({(draft.stage, draft.run_id) for draft in group if draft.confirmable}) > 1
    sure = again or any(draft.confidence is Confidence.CONFIRMED for draft in group)
    confidence = Confidence.CONFIRMED if sure else first.confidence
    if everywhere or len(runs) == 1:
        return [replace(first, run_id=None if everywhere else first.run_id, confidence=confidence)]
    return [replace(draft, confidence=confidence) for draft in {d.run_id: d for d in group}.values()]
