"""The checklist as report.html shows it: criteria by section, a column per run id, every cell with its evidence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from runner.checklist import load_checklist
from runner.reports.outcomes import Cell, Outcome, outcomes, worst
from runner.reports.text import clip, plain
from runner.review import Review

_TALLY = {
    Cell.PASS: "passed",
    Cell.FAIL: "failed",
    Cell.INCONCLUSIVE: "inconclusive",
    Cell.ADVISORY: "advisory",
    Cell.NOT_EXERCISED: "not exercised",
}


@dataclass(frozen=True)
class MatrixCell:
    cell: Cell
    link: str
    """Where on the page its evidence stands: a finding, an attempt of the stage that decides, or the section's rows."""
    tally: str
    """How many criteria came out how, in words."""


@dataclass(frozen=True)
class MatrixSection:
    number: int
    name: str
    cells: list[MatrixCell]
    rows: list[tuple[str, str, str, list[MatrixCell]]]
    """Criterion, when it fails, why it came out so, and its cell per run id."""


def matrix(review: Review, shown: dict[str, int]) -> list[MatrixSection]:
    """`shown`: finding id -> the number under which it is shown."""
    by_run = outcomes(review)
    views = []
    for number, name in load_checklist().sections.items():
        per_run = [[o for o in found if o.item.section == number] for found in by_run.values()]
        if not per_run or not per_run[0]:
            continue
        rows = [
            (
                plain(row[0].item.criterion),
                _fails_when(row[0].item.criterion),
                clip(row[0].item.why, 600),
                [_cell([outcome], shown, _attempt(review, outcome)) for outcome in row],
            )
            for row in zip(*per_run, strict=True)
        ]
        views.append(
            MatrixSection(number, name, [_cell(column, shown, f"section-{number}") for column in per_run], rows)
        )
    return views


def _cell(column: list[Outcome], shown: dict[str, int], otherwise: str) -> MatrixCell:
    cell = worst(outcome.cell for outcome in column)
    linked = [shown[f.id] for outcome in column if outcome.cell is cell for f in outcome.findings]
    tally = Counter(outcome.cell for outcome in column)
    return MatrixCell(
        cell=cell,
        link=f"finding-{min(linked)}" if linked else otherwise,
        tally=", ".join(f"{tally[cell]} {_TALLY[cell]}" for cell in _TALLY if tally[cell]),
    )


def _attempt(review: Review, outcome: Outcome) -> str:
    """The last attempt of the stage that decides a criterion, for the run where it has one; "" if it did not run."""
    criterion = load_checklist().criteria.get(outcome.item.criterion)
    if criterion is None:
        return ""
    places = [
        place
        for place, stage in enumerate(review.stages, start=1)
        if stage.stage is criterion.decided and stage.run_id in (None, outcome.run_id)
    ]
    return f"attempt-{places[-1]}" if places else ""


def _fails_when(name: str) -> str:
    criterion = load_checklist().criteria.get(name)
    return f"Fails when {criterion.fails_when}." if criterion else ""
