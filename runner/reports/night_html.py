"""index.html of a night: every submission with its verdict, what changed, its past nights and its report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from markupsafe import Markup

from runner.nightly.canary import is_well
from runner.nightly.night import Change, Entry, Night, NightVerdict, Result
from runner.nightly.progress import headline, next_steps
from runner.reports.charts import draw_nights
from runner.reports.page import render_page
from runner.reports.text import label, last_lines, one_line

TREND = 14
"""Nights shown of one submission."""
NIGHTS = 60
"""Nights in the chart over all submissions."""
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
    found = night.counts()
    return render_page(
        "night.html.j2",
        ("page.css", "night.css"),
        "night.js",
        night=night,
        title=headline(night),
        state={0: "ready", 1: "not_ready"}.get(night.exit_status, "inconclusive"),
        steps=next_steps(night),
        rows=rows,
        changes=[(change, found[change], TONES[change]) for change in order if found[change]],
        verdicts=Counter(entry.now.verdict for entry in night.entries),
        canary=[(is_well(result), _link(result)) for result in night.canary],
        chart=_chart(night),
    )


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


def _chart(night: Night) -> Markup | None:
    """How many submissions had which verdict, over the nights; None where there is no night to compare with."""
    seen: dict[int, Counter[str]] = {}
    for entry in night.entries:
        for item in entry.history[-NIGHTS:]:
            seen.setdefault(item.night, Counter())[item.verdict.value] += 1
        seen.setdefault(night.number, Counter())[entry.now.verdict.value] += 1
    nights = sorted(seen)[-NIGHTS:]
    if len(nights) < 2:
        return None
    return draw_nights([(number, verdict, count) for number in nights for verdict, count in seen[number].items()])
