"""report.html: one page that needs nothing else, with every text of the submission escaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from runner.curves import PHASES, Curve
from runner.reports.again import command
from runner.reports.charts import draw
from runner.reports.excerpts import Line, excerpt
from runner.reports.findings import Group, behind, grouped, location, numbers, traceback_of
from runner.reports.matrix import matrix
from runner.reports.outcomes import outcomes
from runner.reports.page import render_page
from runner.reports.text import clip, plain
from runner.reports.wording import NAMES, counts, doubt, evaluation_words, headline, what_to_do
from runner.review import Frame, Review, Traceback

EVIDENCE = 12_000
"""Characters of evidence shown per finding; review.json has it whole."""
OPEN = 3
"""Findings that stand open when the page is opened."""
REASONS = 4
"""Findings named on the first screen."""
CHARTS = 24
"""Attempts with curves: those that took longest. A chart takes about 20 kB."""
SHORT = 1.0
"""Seconds that an attempt must take for its curves to say anything."""


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
class _Chart:
    """The curves of one attempt."""

    place: int
    """The attempt's place among the review's, from 1."""
    svg: Markup
    phases: dict[str, float]
    """Seconds by phase, in the order of a run."""


def render(
    review: Review, sources: Mapping[str, str], patch: str = "", curves: Mapping[str, Curve] | None = None
) -> str:
    """The review as one HTML page.

    `patch`: all repairs as one diff. `curves`: by the folder of an attempt, as the review names it.
    """
    groups = grouped(review.findings)
    shown = numbers(groups)
    findings = _findings(review, groups, shown, sources)
    return render_page(
        "report.html.j2",
        ("page.css", "report.css"),
        "report.js",
        review=review,
        title=headline(review),
        name=NAMES[review.verdict],
        counts=counts(review),
        doubt=doubt(review),
        steps=what_to_do(review),
        evaluated=evaluation_words(review.evaluation) if review.evaluation is not None else "",
        findings=findings,
        reasons=[view for view in findings if view.kind != "advisory"][:REASONS],
        runs=[run_id or "submission" for run_id in outcomes(review)],
        sections=matrix(review, shown),
        charts=_charts(review, curves or {}),
        gpu=any(stage.peak_gpu_memory_mb is not None for stage in review.stages),
        over={step.step: sorted({shown[f] for f in step.over if f in shown}) for step in review.repairs},
        patch=clip(patch, EVIDENCE),
        command=plain(command(review)),
        open=OPEN,
    )


def _charts(review: Review, curves: Mapping[str, Curve]) -> list[_Chart]:
    found = {
        place: curves[stage.directory] for place, stage in enumerate(review.stages, 1) if stage.directory in curves
    }
    telling = [place for place, curve in found.items() if len(curve.points) > 2 and curve.seconds > SHORT]
    longest = sorted(telling, key=lambda place: -found[place].seconds)[:CHARTS]
    return [_Chart(place, draw(found[place]), _by_phase(found[place])) for place in sorted(longest)]


def _by_phase(curve: Curve) -> dict[str, float]:
    total = dict.fromkeys(PHASES, 0.0)
    for span in curve.phases:
        total[span.name] += span.end - span.begin
    return {name: seconds for name, seconds in total.items() if seconds}


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
