"""What the terminal shows: the progress of a review while it runs, and its verdict."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from runner.reports.findings import Group, behind, grouped, location, numbers
from runner.reports.progress import Progress
from runner.reports.text import count, last_lines, one_line, plain, seconds
from runner.reports.wording import counts, doubt, headline, what_to_do
from runner.review import Review
from runner.vocabulary import Verdict

__all__ = ["Progress", "make_console", "print_verdict"]

MORE = 9
"""Findings named after the first."""
_STYLES = {Verdict.READY: "bold green", Verdict.NOT_READY: "bold red", Verdict.INCONCLUSIVE: "bold magenta"}


def make_console(json_output: bool = False) -> Console:
    """The console of a command; with `--json` it is stderr, so that stdout is JSON and nothing else."""
    stream = sys.stderr if json_output else sys.stdout
    if isinstance(stream, io.TextIOWrapper):  # a terminal that is not UTF-8 gets escapes rather than an exception
        stream.reconfigure(errors="backslashreplace")
    return Console(stderr=json_output, highlight=False, emoji=False, markup=False)


def print_verdict(review: Review, report_dir: Path, console: Console) -> None:
    """The verdict, the first cause with its evidence, the further findings in a line each, and where the report is."""
    groups = grouped(review.findings)
    shown = numbers(groups)
    main = [group for group in groups if group.blocks or group.undecided]
    console.print()
    console.print(Text(headline(review), style=_STYLES[review.verdict]))
    console.print(Text(_facts(review), style="dim"))
    if why := doubt(review):
        console.print()
        _print_indented(console, one_line(why, 500), 3)
    if main:
        console.print()
        _print_first(console, main[0])
    for group in main[1 : 1 + MORE]:
        _print_further(console, group, behind(group, shown))
    if len(main) > 1 + MORE:
        console.print(Text(f"   and {len(main) - 1 - MORE} more in the report", style="dim"))
    console.print()
    for line in _closing(review):
        _print_indented(console, line)
    console.print(Text.assemble("Report: ", (plain(str(report_dir / "report.html")), "cyan")), soft_wrap=True)


def _facts(review: Review) -> str:
    facts = [one_line(review.submission.id, 40), count(len(review.submission.run_ids), "run id")]
    return ", ".join([*facts, seconds(review.timings.wall_seconds)])


def _print_first(console: Console, group: Group) -> None:
    finding = group.finding
    place = Text.assemble(f"{group.number:>2} ", (_place(group), "bold"), (f"  {plain(finding.criterion)}", "dim"))
    _print_line(console, place)
    _print_indented(console, one_line(finding.message, 500), 3)
    if finding.evidence.strip():
        _print_indented(console, last_lines(finding.evidence, lines=4, limit=320), 5, "dim")


def _print_further(console: Console, group: Group, before: list[int]) -> None:
    line = Text.assemble(f"{group.number:>2} ", (_place(group), "bold"), " ", one_line(group.finding.message, 200))
    if before:
        line.append(f" (behind {', '.join(map(str, before[:3]))})", style="dim")
    _print_line(console, line)


def _print_line(console: Console, line: Text) -> None:
    """On one line: cut at a terminal's edge, whole in a log."""
    if console.is_terminal:
        console.print(line, no_wrap=True, overflow="ellipsis")
    else:
        console.print(line, soft_wrap=True)


def _place(group: Group) -> str:
    place = one_line(location(group.finding), 60) or f"{group.finding.stage.value} stage"
    return f"{place} ({group.finding.blame.value})" if group.undecided else place


def _print_indented(console: Console, text: str, indent: int = 0, style: str = "") -> None:
    """Wrapped to a terminal's width; a log gets the lines as they are."""
    lines = [Text(line, style=style) for line in text.split("\n")]
    if console.is_terminal:
        lines = [part for line in lines for part in line.wrap(console, console.width - indent)]
    for line in lines:
        line.rstrip()
        line.pad_left(indent)
        console.print(line, soft_wrap=True)


def _closing(review: Review) -> list[str]:
    number = counts(review)
    parts = []
    if number["advisory"]:
        parts.append(count(number["advisory"], "advisory finding"))
    if number["not_exercised"]:
        parts.append(count(number["not_exercised"], "criterion", "criteria") + " not exercised")
    lines = [", ".join(parts) + "."] if parts else []
    helped = sum(step.helped for step in review.repairs)
    if helped:
        lines.append(f"Stepped over {count(helped, 'blocker')}; repairs.patch beside the report gets past.")
    return lines + [f"To do: {step}" for step in what_to_do(review)]
