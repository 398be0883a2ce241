"""What the terminal shows of a night: a bar while it runs, what changed as soon as it is known, and the end."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from runner.nightly.canary import is_well
from runner.nightly.night import Change, Entry, FirstCause, Night, NightStatus, Result
from runner.reports.progress import is_live
from runner.reports.text import count, label, last_lines, one_line, plain, seconds

_QUIET = {Change.UNCHANGED, Change.NEW}
_STYLES = {
    Change.NEW_FAILURE: "bold red",
    Change.FLAKY: "yellow",
    Change.CHANGED_CAUSE: "yellow",
    Change.INFRASTRUCTURE: "magenta",
    Change.REPAIRED: "green",
    Change.CHANGED_TIMING: "cyan",
}
_SHOWN = 20
"""Submissions named at the end."""


class NightProgress:
    """A Watcher, used as a context manager. Where nobody watches, as in CI, only the end is printed."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Progress | None = None
        if is_live(console):
            columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, TextColumn("{task.description}"), console=console)
            self._task = self._bar.add_task("the canary", total=None)

    def __enter__(self) -> NightProgress:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def began(self, submissions: int, executor: str) -> None:
        self._console.print(Text(f"{count(submissions, 'submission')}; {plain(executor)}", style="dim"))
        if self._bar:
            self._bar.update(self._task, total=submissions)

    def running(self, names: list[str]) -> None:
        if self._bar:
            self._bar.update(self._task, description=one_line(", ".join(names), 60))

    def decided(self, entry: Entry) -> None:
        if self._bar:
            if entry.change not in _QUIET:
                self._console.print(line_of(entry), soft_wrap=True)
            self._bar.advance(self._task)

    def canary(self, result: Result, last: bool) -> None:
        if not is_well(result):
            when = "after the reviews" if last else "before any review"
            self._console.print(Text(f"The canary, which is known to be ready, failed {when}.", style="bold magenta"))


def line_of(entry: Entry) -> Text:
    """One submission: what changed, from what to what, and the first cause."""
    before = f"{label(entry.before.verdict)} → " if entry.before else ""
    now = label(entry.now.verdict)
    if entry.change is Change.CHANGED_TIMING and entry.before:
        before, now = f"{seconds(entry.before.seconds)} → ", seconds(entry.now.seconds)
    elif entry.change is Change.FLAKY and entry.confirmation:
        now = f"{now}, then {label(entry.confirmation.verdict)}"
    style = _STYLES.get(entry.change, "")
    parts = [f"{label(entry.change):<14}", one_line(entry.submission, 60), f" {before}{now}"]
    line = Text.assemble((parts[0], style), " ", (parts[1], "bold"), " ", parts[2])
    if entry.change is not Change.CHANGED_TIMING:
        line.append(_why(entry.now), style="dim")
    return line


def _why(result: Result) -> str:
    if result.problem:
        return f"  {one_line(last_lines(result.problem, 2, 300), 200)}"
    return f"  {_place(result.first_cause)}" if result.first_cause else ""


def _place(cause: FirstCause) -> str:
    where = f"{cause.file}:{cause.line}" if cause.line else cause.file or f"{cause.stage} stage"
    return f"{one_line(where, 80)} {one_line(cause.message, 200)}"


def print_night(night: Night, directory: Path, console: Console) -> None:
    """How the night ended: the counts, what needs a person, and where everything lies."""
    console.print()
    console.print(Text(headline(night), style=_style(night)))
    found = night.counts()
    console.print(Text(", ".join(f"{number} {label(change)}" for change, number in found.items() if number) or "none"))
    ready, of_all, of_sound = night.ready()
    sound = "" if of_all == of_sound else f"; of {of_sound} without infrastructure trouble"
    console.print(Text(f"{ready} of {of_all} ready{sound}"))
    reused = sum(entry.reused for entry in night.entries)
    if reused:
        console.print(Text(f"{count(reused, 'result')} of earlier nights reused: nothing they depend on has changed."))
    order = list(Change)
    changed = sorted(
        (entry for entry in night.entries if entry.change not in _QUIET), key=lambda entry: order.index(entry.change)
    )
    for entry in changed[:_SHOWN]:
        console.print(line_of(entry), soft_wrap=True)
    if len(changed) > _SHOWN:
        console.print(Text(f"and {len(changed) - _SHOWN} more in the report", style="dim"))
    unexpected = [entry.submission for entry in night.entries if entry.expected_met is False]
    if unexpected:
        names = one_line(", ".join(unexpected[:_SHOWN]), 500)
        console.print(Text(f"Not the verdict that its expect.yaml names: {names}"), soft_wrap=True)
    for line in next_steps(night):
        console.print(Text(line), soft_wrap=True)
    console.print(Text.assemble("Night: ", (plain(str(directory)), "cyan")), soft_wrap=True)


def headline(night: Night) -> str:
    """How the night ended, in one sentence."""
    took = f"{count(len(night.entries), 'submission')}, {seconds(night.wall_seconds)}"
    if night.status is NightStatus.RUNNING:
        return f"{outcome(night)} after {took}"
    if night.status is NightStatus.INFRASTRUCTURE:
        return f"{outcome(night)}: the canary failed"
    unknown = unknown_words(night)
    return f"{outcome(night)}{f', but {unknown}' if unknown else ''} ({took})"


def outcome(night: Night) -> str:
    """How the night ended, in a few words."""
    if night.status is NightStatus.RUNNING:
        return f"Night {night.number} stopped"
    if night.status is NightStatus.INFRASTRUCTURE:
        return f"Night {night.number} says nothing"
    failures = night.counts()[Change.NEW_FAILURE]
    return f"Night {night.number}: {count(failures, 'regression') if failures else 'no regression'}"


def unknown_words(night: Night) -> str:
    """Of how much nothing is known, as infrastructure failed; "" where there is no such submission."""
    lost = night.counts()[Change.INFRASTRUCTURE]
    return f"nothing is known of {count(lost, 'submission')}" if lost else ""


def _style(night: Night) -> str:
    return {0: "bold green", 1: "bold red"}.get(night.exit_status, "bold magenta")


def next_steps(night: Night) -> list[str]:
    """What to do now; empty where there is nothing to do."""
    if night.status is NightStatus.RUNNING:
        return ["To do: start it again with the same words; it goes on where it was."]
    if night.status is NightStatus.INFRASTRUCTURE:
        return ["To do: look at the canary's review, and ask sandbox-review doctor what this machine lacks."]
    regressed = [entry for entry in night.entries if entry.change is Change.NEW_FAILURE]
    steps = [f"To do: look at {_regressions(regressed)}"] if regressed else []
    moved = [entry for entry in night.entries if entry.change not in (Change.UNCHANGED, Change.CHANGED_TIMING)]
    if any(entry.sure for entry in moved):
        when = "If that is meant to fail from now on" if regressed else "To compare with these verdicts from now on"
        steps.append(f"{when}: sandbox-review nightly accept {night.number} (with the same nightly.database=, if any)")
    return steps


def _regressions(regressed: list[Entry]) -> str:
    """Which, and why the first one fails."""
    first, *others = regressed
    name = one_line(first.submission, 60)
    more = f" and {count(len(others), 'further regression')}" if others else ""
    return one_line(f"{name}{more}. {name} was not known to fail:{_why(first.now)}", 280)
