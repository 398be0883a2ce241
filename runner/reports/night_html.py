"""index.html of a night: every submission with its verdict, what changed, its past nights and its report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from markupsafe import Markup

from runner.nightly.canary import is_well
from runner.nightly.night import Change, Entry, Night, NightVerdict, Result
from runner.nightly.progress import headline, next_steps, outcome, unknown_words
from runner.reports.charts import draw_nights
from runner.reports.page import render_page
from runner.reports.text import label, last_lines, one_line

TREND = 14
"""Nights shown of one submission."""
CHARTS = {"wide": (60, 1200, 14), "narrow": (14, 280, 12)}
"""The chart over all submissions, for a screen and for a phone: nights, width and size of letters in pixels."""
NAMED = 5
"""Regressions named on the first screen."""
TONES = {
    Change.NEW_FAILURE: "fail",
    Change.FLAKY: "advisory",
    Change.CHANGED_CAUSE: "advisory",
    Change.INFRASTRUCTURE: "inconclusive",
    Change.REPAIRED: "pass",
    Change.CHANGED_TIMING: "timing",
    Change.NEW: "",
    Change.UNCHANGED: "",
}
"""How a change is coloured, by the badges of the page."""


@dataclass(frozen=True)
class _Row:
    entry: Entry
    urgency: int
    """0 is most urgent."""
    tone: str
    link: str
    """To the report; "" where there is none."""
    second: str
    """To the report of the second run."""
    place: str
    message: str
    trend: list[tuple[int, NightVerdict]]
    """Number and verdict of its last nights, this one last."""
    told: str
    """The same in words, for who cannot see it."""
    slower: float | None
    """Times the seconds of the accepted verdict's review; None where there is none to compare with."""


def render(night: Night) -> str:
    """The night as one HTML page, to lie in the night's directory: its links are relative to that."""
    order = list(Change)
    rows = sorted((_row(night, entry, order) for entry in night.entries), key=lambda row: row.urgency)
    regressions = [row for row in rows if row.entry.change is Change.NEW_FAILURE]
    found = night.counts()
    return render_page(
        "night.html.j2",
        ("page.css", "night.css"),
        "night.js",
        night=night,
        title=headline(night),
        state={0: "ready", 1: "not_ready"}.get(night.exit_status, "inconclusive"),
        outcome=outcome(night),
        unknown=unknown_words(night),
        regressions=regressions,
        named=NAMED,
        steps=_steps(night, regressions),
        rows=rows,
        changes=[(change, found[change], TONES[change]) for change in order if found[change]],
        verdicts=Counter(entry.now.verdict for entry in night.entries),
        canary=[(is_well(result), _link(result)) for result in night.canary],
        charts=_charts(night),
    )


def _steps(night: Night, regressions: list[_Row]) -> list[str]:
    """What to do now, as the terminal says it; what regressed the page names itself, with links."""
    accept = f"sandbox-review nightly accept {night.number}"
    named = [one_line(row.entry.submission, 60) for row in regressions[:1]]
    steps = [step for step in next_steps(night) if not any(name in step for name in named)]
    return [step.replace(accept, f"`{accept}`") for step in steps]


def _row(night: Night, entry: Entry, order: list[Change]) -> _Row:
    cause, before = entry.now.first_cause, entry.before
    place = message = ""
    if entry.now.problem:
        message = last_lines(entry.now.problem, 2, 300)
    elif cause is not None:
        place = f"{cause.file}:{cause.line}" if cause.file and cause.line else cause.file or f"{cause.stage} stage"
        message = cause.message
    past = [(night.number, entry.now.verdict)]
    trend = [*((item.night, item.verdict) for item in entry.history[1 - TREND :]), *past]
    timed = before is not None and before.seconds > 0 and entry.now.seconds > 0
    return _Row(
        entry=entry,
        urgency=order.index(entry.change),
        tone=TONES[entry.change],
        link=_link(entry.now),
        second=_link(entry.confirmation) if entry.confirmation else "",
        place=one_line(place, 120),
        message=message,
        trend=trend,
        told=", ".join(f"night {number} {label(verdict)}" for number, verdict in trend),
        slower=entry.now.seconds / before.seconds if before is not None and timed else None,
    )


def _link(result: Result) -> str:
    """To the report of a review, relative to the night's directory. A name in it is no scheme and no query."""
    if result.review is None:
        return ""
    path = quote(str(PurePosixPath(result.review) / "report.html"))
    return f"file://{path}" if path.startswith("/") else path


def _charts(night: Night) -> dict[str, Markup]:
    """How many submissions had which verdict, over the nights; empty where there is no night to compare with."""
    seen: dict[int, Counter[str]] = {}
    for entry in night.entries:
        for item in entry.history[-CHARTS["wide"][0] :]:
            seen.setdefault(item.night, Counter())[item.verdict.value] += 1
        seen.setdefault(night.number, Counter())[entry.now.verdict.value] += 1
    if len(seen) < 2:
        return {}
    bars = {number: [(number, verdict, count) for verdict, count in seen[number].items()] for number in sorted(seen)}
    return {
        name: draw_nights([bar for number in list(bars)[-nights:] for bar in bars[number]], width, font)
        for name, (nights, width, font) in CHARTS.items()
    }
