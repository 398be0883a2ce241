"""Which stage runs, and for how long: a live table on a terminal, one line per finished stage elsewhere."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from runner.reports.text import count, label, megabytes, one_line, seconds
from runner.vocabulary import StageName, Status

_STYLES = {Status.OK: "green", Status.SKIPPED: "dim", Status.INFRASTRUCTURE_ERROR: "magenta"}
"""How a status is coloured; every other one is red."""
_MARKS = {Status.OK: "✓", Status.SKIPPED: "–"}
_COUNTED = (
    ("train_batches", "batch", "batches"),
    ("optimizer_steps", "step", "steps"),
    ("eval_batches", "evaluated", "evaluated"),
)
"""The probe's counters that say how far a command is, and what they count."""
_KEPT = 12
"""Finished stages in the live table; earlier ones are printed above it, so that it fits a small terminal."""


class Finished(Protocol):
    """What is shown of an attempt that has ended: a stage's Evidence, or its StageResult in a review."""

    @property
    def stage(self) -> StageName: ...
    @property
    def run_id(self) -> str | None: ...
    @property
    def attempt(self) -> int: ...
    @property
    def status(self) -> Status: ...
    @property
    def wall_seconds(self) -> float: ...
    @property
    def peak_memory_mb(self) -> float | None: ...


class Progress:
    """A listener to one review, used as a context manager.

    The stages of a review run one after the other; any thread may call.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._finished: list[Finished] = []
        self._running: tuple[StageName, str | None, float] | None = None
        self._note = ""
        self._counters: Callable[[], Mapping[str, float]] = dict
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(self, console=console, refresh_per_second=8) if is_live(console) else None

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._running = None
        if self._live:
            self._live.stop()

    def stage_started(self, stage: StageName, run_id: str | None, note: str = "") -> None:
        """A stage begins, for one run id where it has one."""
        with self._lock:
            self._running, self._note = (stage, run_id, time.monotonic()), note
            self._counters = dict

    def stage_note(self, text: str) -> None:
        """What the running stage is at, in a few words."""
        with self._lock:
            self._note = text

    def stage_counters(self, read: Callable[[], Mapping[str, float]]) -> None:
        """How to ask how far the running command is; asked at every refresh of a live table."""
        with self._lock:
            self._counters = read

    def stage_finished(self, result: Finished) -> None:
        """One attempt of a stage has ended."""
        scrolled = None
        with self._lock:
            self._running, self._note, self._counters = None, "", dict
            self._finished.append(result)
            if len(self._finished) > _KEPT:
                scrolled = self._finished.pop(0)
        if self._live is None:
            self._console.print(_line(result), soft_wrap=True)
        elif scrolled:
            self._console.print(_table([_cells(scrolled)]))

    def __rich__(self) -> Group:
        done = ""
        with self._lock:
            rows = [_cells(result) for result in self._finished]
            if self._running:
                stage, run_id, since = self._running
                note = Text(one_line(self._note, 60) or "running", style="cyan")
                elapsed = seconds(time.monotonic() - since)
                rows.append((self._spinner, stage.value, Text(one_line(run_id or "", 60)), note, elapsed, ""))
                done = _done(self._counters())
        table = _table(rows)
        return Group(table, Text(f"{'':14}{done}", style="dim")) if done else Group(table)


def is_live(console: Console) -> bool:
    """Whether a display that changes is welcome: on a real terminal, and not in a CI that emulates one."""
    return console.is_terminal and not console.is_dumb_terminal and "CI" not in os.environ


def _done(counters: Mapping[str, float]) -> str:
    """How far a command is, in words; "" while the probe has seen no work."""
    counts = [(counters.get(name, 0), noun, plural) for name, noun, plural in _COUNTED]
    return ", ".join(count(round(number), noun, plural) for number, noun, plural in counts if number)


_Cells = tuple[RenderableType, RenderableType, RenderableType, RenderableType, RenderableType, RenderableType]


def _cells(result: Finished) -> _Cells:
    style = _STYLES.get(result.status, "red")
    return (
        Text(_MARKS.get(result.status, "✗"), style=style),
        result.stage.value,
        Text(_which(result)),
        Text(label(result.status), style=style),
        seconds(result.wall_seconds),
        Text(megabytes(result.peak_memory_mb), style="dim"),
    )


def _table(rows: list[_Cells]) -> Table:
    """Columns of fixed width, so that a row printed alone stands in line with the others."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(width=1)
    table.add_column(width=11, no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(width=20, no_wrap=True, overflow="ellipsis")
    table.add_column(width=11, no_wrap=True, justify="right")
    table.add_column(width=8, no_wrap=True, justify="right")
    for row in rows:
        table.add_row(*row)
    return table


def _line(result: Finished) -> Text:
    parts = [_which(result), label(result.status), seconds(result.wall_seconds), megabytes(result.peak_memory_mb)]
    return Text("  ".join([f"{result.stage.value:<11}", *filter(None, parts)]))


def _which(result: Finished) -> str:
    attempt = f"attempt {result.attempt}" if result.attempt > 1 else ""
    return ", ".join(filter(None, [one_line(result.run_id or "", 60), attempt]))
