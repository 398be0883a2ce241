"""A night as Markdown, for a step's summary."""

from __future__ import annotations

from runner.nightly.night import Change, Entry, Night
from runner.nightly.progress import headline, next_steps
from runner.reports.markdown import code, inline
from runner.reports.text import label, seconds

SHOWN = 60
"""Submissions named; night.json and index.html have them all."""
_QUIET = {Change.UNCHANGED, Change.NEW}


def summary(night: Night) -> str:
    """What changed, most urgent first, and what to do."""
    order = list(Change)
    changed = sorted((e for e in night.entries if e.change not in _QUIET), key=lambda entry: order.index(entry.change))
    counted = ", ".join(f"{number} {label(change)}" for change, number in night.counts().items() if number)
    parts = [f"# {inline(headline(night), 200)}", inline(counted or "nothing was reviewed", 400)]
    if changed:
        head = "| submission | change | verdict | first cause | time |\n|---|---|---|---|---|"
        rows = [_row(entry) for entry in changed[:SHOWN]]
        more = [f"| and {len(changed) - SHOWN} more | | | | |"] if len(changed) > SHOWN else []
        parts.append("\n".join([head, *rows, *more]))
    parts += [inline(step, 300) for step in next_steps(night)]
    return "\n\n".join(parts) + "\n"


def _row(entry: Entry) -> str:
    before = f"{label(entry.before.verdict)} → " if entry.before else ""
    cause = entry.now.first_cause
    why = entry.now.problem or (f"{cause.file or cause.stage}:{cause.line or ''} {cause.message}" if cause else "")
    cells = [
        code(entry.submission, 80).replace("|", "\\|"),
        label(entry.change),
        f"{before}{label(entry.now.verdict)}",
        inline(why, 200),
        seconds(entry.now.seconds),
    ]
    return f"| {' | '.join(cells)} |"
