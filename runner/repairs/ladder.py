"""The ladder: which repairs there are, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from runner.evidence import ComposeFacts, Composition
from runner.repairs.base import Blocker, Repair, identity, tracebacks
from runner.review import Traceback
from runner.rules.base import Case, Draft, all_rules
from runner.rules.failures import failures
from runner.vocabulary import Blame, StageName

Rung = Callable[[Blocker], Repair | None]
"""Knows one kind of blocker; None where it is another kind."""

RUNGS: tuple[Rung, ...] = ()


def next_repair(case: Case, done: Sequence[Repair], rungs: Sequence[Rung] = RUNGS) -> Repair | None:
    """The repair for the first blocker that any rung knows; None where none helps.

    Deterministic: the same evidence gives the same repair. An edit that was made before, or that changes nothing, is no
    repair.
    """
    for blocker in blockers(case):
        for rung in rungs:
            repair = rung(blocker)
            if repair is not None and _is_new(repair, case, done):
                return repair.model_copy(update={"over": identity(blocker.draft)})
    return None


def blockers(case: Case) -> Iterator[Blocker]:
    """The submission's own failures, earliest stage first."""
    for draft in all_rules()["implementation.installs"](case).drafts:
        if draft.blame is Blame.SUBMISSION:
            yield Blocker(case, draft)
    for draft in failures(case):
        if draft.blame is Blame.SUBMISSION:
            yield Blocker(case, draft, _traceback(case, draft), _composition(case, draft))


def _is_new(repair: Repair, case: Case, done: Sequence[Repair]) -> bool:
    tree = case.submission.tree()
    changes = any(tree.get(path) != text for path, text in repair.files.items())
    return changes and not any(old.files == repair.files for old in done)


def _traceback(case: Case, draft: Draft) -> Traceback | None:
    for stage, run_id, traceback in tracebacks(case):
        same_run = draft.run_id is None or run_id in (None, draft.run_id)
        if stage is draft.stage and same_run and (traceback.file, traceback.line) == (draft.file, draft.line):
            return traceback
    return None


def _composition(case: Case, draft: Draft) -> Composition | None:
    if draft.stage is not StageName.COMPOSE or draft.criterion != "hydra.composes":
        return None
    facts = case.compose
    failed = [c for c in facts.compositions if not c.ok] if isinstance(facts, ComposeFacts) else []
    return next((c for c in failed if draft.run_id in (None, c.run_id)), None)
