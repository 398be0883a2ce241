"""What a review says of one criterion for one run id: the checklist's outcome, narrowed to that run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from runner.checklist import load_checklist
from runner.review import ChecklistItem, Finding, Review
from runner.vocabulary import Blame, CriterionOutcome, Severity, Status

_STAGES_PER_RUN = {"trial", "full"}


class Cell(StrEnum):
    """An outcome as shown, most serious first. A failed criterion is split by who has to act."""

    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ADVISORY = "advisory"
    NOT_EXERCISED = "not_exercised"
    PASS = "pass"
    NOT_APPLICABLE = "not_applicable"


_ORDER = {cell: index for index, cell in enumerate(Cell)}


@dataclass(frozen=True)
class Outcome:
    """One criterion for one run id."""

    item: ChecklistItem
    run_id: str | None
    cell: Cell
    findings: tuple[Finding, ...]


def columns(review: Review) -> list[str | None]:
    """The run ids of a review; a single None where it has none."""
    return list(review.submission.run_ids) or [None]


def outcomes(review: Review) -> dict[str | None, list[Outcome]]:
    """Run id -> the outcome of every criterion for it, in the checklist's order."""
    by_id = {finding.id: finding for finding in review.findings}
    return {run_id: [_outcome(review, item, run_id, by_id) for item in review.checklist] for run_id in columns(review)}


def worst(cells: Iterable[Cell]) -> Cell:
    """The most serious of several outcomes; not applicable where there are none."""
    return min(cells, key=_ORDER.__getitem__, default=Cell.NOT_APPLICABLE)


def _outcome(review: Review, item: ChecklistItem, run_id: str | None, by_id: Mapping[str, Finding]) -> Outcome:
    named = [by_id[identifier] for identifier in item.findings if identifier in by_id]
    here = tuple(finding for finding in named if run_id is None or finding.run_id is None or finding.run_id == run_id)
    return Outcome(item, run_id, _cell(review, item, run_id, here), here)


def _cell(review: Review, item: ChecklistItem, run_id: str | None, here: tuple[Finding, ...]) -> Cell:
    if here:
        return worst(_cell_of(finding) for finding in here)
    if item.outcome is CriterionOutcome.FAIL and item.findings:
        # It failed for another run id. A run is passed only by a stage that saw it through.
        return Cell.PASS if _seen_through(review, item, run_id) else Cell.NOT_EXERCISED
    return Cell(item.outcome.value)


def _cell_of(finding: Finding) -> Cell:
    if finding.blame is not Blame.SUBMISSION:
        return Cell.INCONCLUSIVE
    return Cell.FAIL if finding.severity is Severity.BLOCKING else Cell.ADVISORY


def _seen_through(review: Review, item: ChecklistItem, run_id: str | None) -> bool:
    criterion = load_checklist().criteria.get(item.criterion)
    if criterion is None:
        return False
    attempts = [stage for stage in review.stages if stage.stage is criterion.decided]
    if criterion.decided.value in _STAGES_PER_RUN:
        attempts = [stage for stage in attempts if stage.run_id == run_id]
        return bool(attempts) and attempts[-1].status is Status.OK
    return bool(attempts)
