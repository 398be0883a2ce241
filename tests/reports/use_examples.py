"""What the attempts of the example reviews used: samples and events such as the sandbox and the probe leave."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from runner.review import Review, StageResult
from runner.vocabulary import StageName, Status

STEP = 0.3
"""Seconds between two samples."""


@dataclass(frozen=True)
class Part:
    """A part of an attempt; all figures are shares of the attempt's time and peaks."""

    share: float
    phase: str
    memory: tuple[float, float]
    """At its begin and its end."""
    cpu: float
    gpu: float = 0.0
    percent: float = 0.0
    """Of the GPU's time."""


INSTALLING = [
    Part(0.3, "", (0.1, 0.25), 0.4),  # downloads
    Part(0.5, "", (0.25, 1.0), 1.5),  # unpacks
    Part(0.2, "", (0.6, 0.2), 0.8),
]
IMPORTING = [Part(0.7, "", (0.05, 0.8), 1.0), Part(0.3, "", (0.85, 1.0), 1.3)]
TRAINED = [
    Part(0.22, "", (0.02, 0.3), 1.0),
    Part(0.18, "data", (0.32, 0.5), 1.7),
    Part(0.42, "training", (0.88, 1.0), 1.0, 0.96, 88),
    Part(0.18, "evaluation", (0.9, 0.93), 1.1, 0.62, 55),
]
STOPPED = [
    Part(0.2, "", (0.02, 0.3), 1.0),
    Part(0.15, "data", (0.32, 0.45), 1.6),
    Part(0.65, "training", (0.85, 1.0), 1.9),
]
FAILED = [Part(0.4, "", (0.03, 0.4), 1.0), Part(0.35, "data", (0.42, 0.6), 1.6), Part(0.25, "training", (0.7, 1), 1.1)]


def store_use(review: Review, directory: Path) -> None:
    """What the attempts of `review` used, in their folders below `directory`."""
    for stage in review.stages:
        folder = directory / stage.directory
        folder.mkdir(parents=True)
        parts = _parts(stage)
        (folder / "usage.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in _samples(stage, parts)))
        if any(part.phase for part in parts) or stage.stage in (StageName.COMPOSE, StageName.EVALUATE):
            (folder / "events.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in _events(stage, parts)))


def _parts(stage: StageResult) -> list[Part]:
    if stage.stage in (StageName.TRIAL, StageName.FULL):
        return {Status.OK: TRAINED, Status.FAILED: FAILED}.get(stage.status, STOPPED)
    return INSTALLING if stage.stage is StageName.ENVIRONMENT else IMPORTING


def _samples(stage: StageResult, parts: list[Part]) -> list[dict[str, float]]:
    """Rough edges come from a generator with a fixed seed: the same pictures every time."""
    noise = random.Random(stage.directory)
    gpu, memory = stage.peak_gpu_memory_mb, stage.peak_memory_mb or 0.0
    rows, cpu, top = [], 0.0, max(part.memory[1] for part in parts)
    for number in range(1, round(stage.wall_seconds / STEP) + 1):
        done, part = _at(number * STEP / stage.wall_seconds, parts)
        begin, end = part.memory
        cpu += STEP * part.cpu * noise.uniform(0.75, 1.1)
        row = {"seconds": round(number * STEP, 2), "cpu_seconds": cpu, "processes": 2, "disk_mb": 0.1}
        row["memory_mb"] = memory / top * (begin + (end - begin) * done) * noise.uniform(0.97, 1.0)
        if gpu is not None:
            row["gpu_memory_mb"] = gpu * part.gpu * noise.uniform(0.95, 1.0)
            row["gpu_percent"] = part.percent * noise.uniform(0.7, 1.1)
        rows.append(row)
    return rows


def _at(share: float, parts: list[Part]) -> tuple[float, Part]:
    """How far the part that runs then has come, and that part."""
    for part in parts:
        if share <= part.share:
            return share / part.share, part
        share -= part.share
    return 1.0, parts[-1]


def _events(stage: StageResult, parts: list[Part]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [{"e": "hello", "t": 900.0, "parent": 1, "forked": False, "command": "python"}]
    begin = 0.0
    for part in parts:
        if part.phase:
            rows.append({"e": "phase", "t": 900 + stage.wall_seconds * begin, "to": part.phase})
        begin += part.share
    return [{"c": 1, "p": 7, "n": number, **row} for number, row in enumerate(rows, 1)]
