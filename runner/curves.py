"""What an attempt used over its time, and what it was doing: read from the samples and events in its folder.

The probe's clock is its process's own, so its events are placed by the first one: that of the first Python process,
which starts with the command. Under gVisor and with `uv run` in front, phases may be shown up to a second early.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.probe_stream import Stream, number, read_log

PHASES = ("import", "data", "training", "evaluation")
"""What the probe tells apart; a process imports until it is seen to do anything else."""
MAX_POINTS = 160
"""Points of a curve. Between them the largest memory is kept: a peak is what a curve is looked at for."""
MAX_PHASES = 60
"""Phases of an attempt; the shortest ones go to their neighbours."""


_FIGURES = ("seconds", "cpu_seconds", "memory_mb", "gpu_memory_mb", "gpu_percent")


@dataclass(frozen=True)
class Point:
    """Use of all processes of an attempt together."""

    seconds: float
    """Since the command's start."""
    memory_mb: float
    """Largest since the point before."""
    cores: float
    """Busy on average since the point before."""
    gpu_memory_mb: float | None = None
    """Largest since the point before; None where no GPU was sampled."""
    gpu_percent: float | None = None
    """Of the time that something ran on the GPU."""


@dataclass(frozen=True)
class PhaseSpan:
    """From when to when, in seconds since the command's start, the attempt's working process was in a phase."""

    name: str
    begin: float
    end: float


@dataclass(frozen=True)
class Curve:
    """One attempt."""

    points: list[Point]
    phases: list[PhaseSpan]

    @property
    def seconds(self) -> float:
        return self.points[-1].seconds if self.points else 0.0


def read_curve(folder: Path) -> Curve:
    """The curve of the attempt whose evidence lies in `folder`; an empty one where nothing was sampled."""
    points = _points(folder / "usage.jsonl")
    return Curve(points, _phases(folder / "events.jsonl", points[-1].seconds) if points else [])


def _points(path: Path) -> list[Point]:
    points: list[Point] = []
    before = (0.0, 0.0)
    for sample in _samples(path):
        seconds, cpu, memory, *gpu = sample
        passed = seconds - before[0]
        if passed <= 0:
            continue
        points.append(Point(seconds, memory, max(0.0, cpu - before[1]) / passed, *gpu))
        before = (seconds, cpu)
    return _thinned(points)


def _samples(path: Path) -> list[tuple[float, ...]]:
    """Seconds, CPU seconds, MiB and, where sampled, the GPU's MiB and percent of every sample that can be read.

    The last line of a killed review may be cut.
    """
    if not path.is_file():
        return []
    samples = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            values: dict[str, Any] = json.loads(line)
            wanted = _FIGURES if values.get("gpu_memory_mb") is not None else _FIGURES[:3]
            sample = tuple(float(values[name]) for name in wanted)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
        if all(math.isfinite(value) for value in sample):
            samples.append(sample)
    return samples


def _thinned(points: list[Point]) -> list[Point]:
    if len(points) <= MAX_POINTS:
        return points
    size = math.ceil(len(points) / MAX_POINTS)
    thin, begin = [], 0.0
    for place in range(0, len(points), size):
        part = points[place : place + size]
        busy, last = 0.0, begin
        for point in part:
            busy += point.cores * (point.seconds - last)
            last = point.seconds
        memory = [point.gpu_memory_mb for point in part if point.gpu_memory_mb is not None]
        percent = [point.gpu_percent for point in part if point.gpu_percent is not None]
        thin.append(
            Point(
                last,
                max(point.memory_mb for point in part),
                busy / (last - begin),
                max(memory, default=None),
                sum(percent) / len(percent) if percent else None,
            )
        )
        begin = last
    return thin


def _phases(path: Path, end: float) -> list[PhaseSpan]:
    streams = read_log(path).streams
    # A launcher that waits for its child ends last, and has done nothing.
    worker = max(streams, key=lambda stream: (bool(stream.of("phase")), stream.last_time), default=None)
    if worker is None:
        return []
    zero = min(_time(stream.hello or {}, math.inf) for stream in streams)
    changes = [("import", _time(worker.hello or {}, zero))]
    changes += [(str(event.get("to")), _time(event, zero)) for event in worker.events if event["e"] == "phase"]
    finish = min(end, worker.last_time - zero if _ended(worker) else end)
    spans = []
    for (name, begin), (_, until) in zip(changes, [*changes[1:], ("", zero + finish)], strict=True):
        first, last = max(0.0, begin - zero), min(end, until - zero)
        if name in PHASES and last > first:
            spans.append(PhaseSpan(name, round(first, 3), round(last, 3)))
    return _without_the_shortest(spans)


def _ended(stream: Stream) -> bool:
    return stream.goodbye is not None


def _time(event: dict[str, Any], otherwise: float) -> float:
    value = number(event.get("t"))
    return otherwise if value is None else float(value)


def _without_the_shortest(spans: list[PhaseSpan]) -> list[PhaseSpan]:
    """At most `MAX_PHASES`; the time of one that is dropped goes to the one before it."""
    while len(spans) > MAX_PHASES:
        shortest = min(range(1, len(spans)), key=lambda place: spans[place].end - spans[place].begin)
        before, gone = spans[shortest - 1], spans[shortest]
        joined = PhaseSpan(before.name, before.begin, gone.end)
        spans = [*spans[: shortest - 1], joined, *spans[shortest + 1 :]]
    return spans
