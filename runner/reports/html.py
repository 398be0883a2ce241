"""report.html: one page that needs nothing else, with every text of the submission escaped.

The page's policy allows its own style and script by their hashes and nothing else: were a text of the submission ever
to become markup, it still could neither run nor load anything.
"""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from runner.checklist import load_checklist
from runner.reports.excerpts import Line, excerpt
from runner.reports.findings import Group, behind, grouped, location, numbers, traceback_of
from runner.reports.markdown import spans
from runner.reports.outcomes import Cell, Outcome, outcomes, worst
from runner.reports.text import clip, count, label, megabytes, one_line, plain, seconds
from runner.reports.wording import NAMES, counts, headline, what_to_do
from runner.review import Frame, Review, Traceback

EVIDENCE = 12_000
"""Characters of evidence shown per finding; review.json has it whole."""
OPEN = 3
"""Findings that stand open when the page is opened."""
REASONS = 4
"""Findings named on the first screen."""
_TALLY = {
    Cell.PASS: "passed",
    Cell.FAIL: "failed",
    Cell.INCONCLUSIVE: "inconclusive",
    Cell.ADVISORY: "advisory",
    Cell.NOT_EXERCISED: "not exercised",
}


@dataclass(frozen=True)
class _Fold:
    """Consecutive frames of a traceback, all of the submission or all of libraries."""

    own: bool
    frames: list[Frame]


@dataclass(frozen=True)
class _Finding:
    group: Group
    place: str
    evidence: str
    source: list[Line]
    traceback: Traceback | None
    folds: list[_Fold]
    behind: list[int]
    hides: list[int]

    @property
    def kind(self) -> str:
        return "undecided" if self.group.undecided else self.group.finding.severity.value


@dataclass(frozen=True)
class _Cell:
    cell: Cell
    link: int | None
    """Number of the finding that it opens on."""
    tally: str
    """How many criteria came out how, in words."""


@dataclass(frozen=True)
class _Section:
    number: int
    name: str
    cells: list[_Cell]
    rows: list[tuple[str, str, str, list[_Cell]]]
    """Criterion, when it fails, why it came out so, and its cell per run id."""


def render(review: Review, sources: Mapping[str, str], patch: str = "") -> str:
    """The review as one HTML page. `patch`: all repairs as one diff."""
    groups = grouped(review.findings)
    shown = numbers(groups)
    findings = _findings(review, groups, shown, sources)
    style, script = _asset("report.css"), _asset("report.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            review=review,
            title=headline(review),
            name=NAMES[review.verdict],
            counts=counts(review),
            steps=what_to_do(review),
            findings=findings,
            reasons=[view for view in findings if view.kind != "advisory"][:REASONS],
            runs=[run_id or "submission" for run_id in outcomes(review)],
            sections=_sections(review, shown),
            gpu=any(stage.peak_gpu_memory_mb is not None for stage in review.stages),
            over={step.step: sorted({shown[f] for f in step.over if f in shown}) for step in review.repairs},
            patch=clip(patch, EVIDENCE),
            command=_command(review),
            open=OPEN,
            style=Markup(style),
            script=Markup(script),
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
    )


def _findings(review: Review, groups: list[Group], shown: dict[str, int], sources: Mapping[str, str]) -> list[_Finding]:
    before = {group.number: behind(group, shown) for group in groups}
    hides: dict[int, list[int]] = {}
    for number, steps in before.items():
        for step in steps:
            hides.setdefault(step, []).append(number)
    views = []
    for group in groups:
        finding = group.finding
        traceback = traceback_of(review, finding)
        views.append(
            _Finding(
                group=group,
                place=location(finding),
                evidence=clip(finding.evidence, EVIDENCE),
                source=excerpt(sources, finding.file, finding.line),
                traceback=traceback,
                folds=_folds(traceback),
                behind=before[group.number],
                hides=hides.get(group.number, []),
            )
        )
    return views


def _folds(traceback: Traceback | None) -> list[_Fold]:
    folds: list[_Fold] = []
    for frame in traceback.frames if traceback else []:
        if not folds or folds[-1].own is not frame.in_submission:
            folds.append(_Fold(frame.in_submission, []))
        folds[-1].frames.append(frame)
    return folds


def _sections(review: Review, shown: dict[str, int]) -> list[_Section]:
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
                [_cell([outcome], shown) for outcome in row],
            )
            for row in zip(*per_run, strict=True)
        ]
        views.append(_Section(number, name, [_cell(column, shown) for column in per_run], rows))
    return views


def _cell(column: list[Outcome], shown: dict[str, int]) -> _Cell:
    cell = worst(outcome.cell for outcome in column)
    linked = [shown[f.id] for outcome in column if outcome.cell is cell for f in outcome.findings]
    tally = Counter(outcome.cell for outcome in column)
    return _Cell(
        cell=cell,
        link=min(linked, default=None),
        tally=", ".join(f"{tally[cell]} {_TALLY[cell]}" for cell in _TALLY if tally[cell]),
    )


def _fails_when(name: str) -> str:
    criterion = load_checklist().criteria.get(name)
    return f"Fails when {criterion.fails_when}." if criterion else ""


def _command(review: Review) -> str:
    """What to type to see the same again: the whole review with the same backend."""
    words = ["sandbox-review", plain(review.submission.source), f"backend={plain(review.environment.backend)}"]
    return shlex.join(words)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("runner.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown: dict[str, Any] = {
        "plain": plain,
        "line": one_line,
        "prose": _prose,
        "label": label,
        "seconds": seconds,
        "megabytes": megabytes,
        "count": count,
    }
    environment.filters.update(shown)
    return environment


def _prose(text: str, limit: int) -> Markup:
    """One line of a message: escaped, and its code spans as code."""
    parts = [
        Markup("<code>{}</code>").format(part) if code else escape(part) for code, part in spans(one_line(text, limit))
    ]
    return Markup("").join(parts)


@cache
def _asset(name: str) -> str:
    return files("runner.reports").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The source expression by which a content security policy allows an inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
