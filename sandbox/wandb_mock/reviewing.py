"""What a review does with the store: look at runs as a whole, copy them with other numbers, make some up."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.wandb_mock import history
from sandbox.wandb_mock.store import Store
from sandbox.wandb_mock.store.lines import EVENTS, HISTORY, OUTPUT
from sandbox.wandb_mock.store.rows import Run
from sandbox.wandb_mock.telemetry import client_version, was_offline


@dataclass(frozen=True)
class RunRecord:
    """One run, as the store has it."""

    entity: str
    project: str
    id: str
    name: str
    mode: str
    """online; offline if it was logged offline and synced later; made-up if no client logged it."""
    state: str
    exit_code: int | None
    group: str | None
    job_type: str | None
    tags: tuple[str, ...]
    config: dict[str, Any]
    summary: dict[str, Any]
    history: tuple[dict[str, Any], ...]
    """Rows in order, keys flat, with `_step`."""
    metrics: tuple[str, ...]
    """Names ever logged to the history, without W&B's own (`_step`, `_runtime`, ...), in order of appearance."""
    files: tuple[str, ...]
    alerts: tuple[dict[str, Any], ...]
    client: str
    """The client's version, "" if unknown."""
    created_at: float
    heartbeat_at: float

    @property
    def path(self) -> str:
        """What `Api().run` takes."""
        return f"{self.entity}/{self.project}/{self.id}"


@dataclass(frozen=True)
class MadeUpRun:
    """A run to synthesise. The summary holds each key's last value unless it says otherwise."""

    entity: str
    project: str
    id: str
    history: Sequence[Mapping[str, Any]]
    """Rows of metrics; `_step` counts from 0 where a row has none."""
    config: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    state: str = "finished"
    seconds_a_step: float = 1.0


def stored_runs(path: Path) -> list[RunRecord]:
    """All runs of a store's file that no server has open, oldest first."""
    store = Store(path)
    try:
        return list_runs(store)
    finally:
        store.close()


def list_runs(store: Store) -> list[RunRecord]:
    """All runs, oldest first."""
    return [_record(store, run) for run in store.runs.all()]


def _record(store: Store, run: Run) -> RunRecord:
    rows = tuple(history.flatten(row) for row in store.lines.rows(run.id, HISTORY))
    names = dict.fromkeys(key for row in rows for key in row if not key.startswith("_"))
    online = "offline" if was_offline(run.config) else "online"
    return RunRecord(
        entity=run.entity,
        project=run.project,
        id=run.name,
        name=run.display_name,
        mode="made-up" if run.made_up else online,
        state=run.state_at(time.time()),
        exit_code=run.exit_code,
        group=run.group_name,
        job_type=run.job_type,
        tags=tuple(json.loads(run.tags)),
        config=run.config_values,
        summary=run.summary_values,
        history=rows,
        metrics=tuple(names),
        files=tuple(file.name for file in store.files.run_files(run.id)),
        alerts=tuple(store.runs.alerts(run.id)),
        client=client_version(run.config),
        created_at=run.created_at,
        heartbeat_at=run.heartbeat_at,
    )


def copy_run(
    store: Store,
    source: RunRecord,
    run_id: str,
    numbers: Mapping[str, Any],
    entity: str | None = None,
    project: str | None = None,
) -> RunRecord:
    """The same run under another id (or, in another project, the same one) with some metrics changed.

    `numbers`: metric -> its new last value. The summary gets that value; in the history the last row that has
    the metric does, and the rows before it are moved by the same difference.
    """
    rows = [dict(row) for row in source.history]
    summary = dict(source.summary)
    for key, value in numbers.items():
        summary[key] = value
        having = [row for row in rows if isinstance(row.get(key), int | float)]
        difference = value - having[-1][key] if having else 0
        for row in having:
            row[key] = row[key] + difference
        if having:
            having[-1][key] = value
    made = MadeUpRun(
        entity=entity or source.entity,
        project=project or source.project,
        id=run_id,
        history=rows,
        config=source.config,
        summary=summary,
        name=source.name,
        state=source.state,
    )
    return add_run(store, made)


def add_run(store: Store, made: MadeUpRun) -> RunRecord:
    """Put a run into the store that no client logged; one of the same path is replaced."""
    now = time.time()
    begun = now - made.seconds_a_step * len(made.history)
    rows = [_complete(row, number, begun, made.seconds_a_step) for number, row in enumerate(made.history)]
    summary: dict[str, Any] = {}
    for row in rows:
        summary |= row
    summary |= made.summary
    with store.database.transaction():
        run, _ = store.runs.upsert(made.entity, made.project, made.id)
        store.lines.put(run.id, HISTORY, 0, [json.dumps(row) for row in rows], truncate=True)
        run = store.runs.update(
            run.id,
            display_name=made.name or None,
            state=made.state,
            exit_code=0 if made.state == "finished" else 1,
            config=json.dumps({key: {"value": value, "desc": None} for key, value in made.config.items()}),
            summary=json.dumps(summary),
            heartbeat_at=now,
            made_up=1,
        )
    return _record(store, run)


def _complete(row: Mapping[str, Any], number: int, begun: float, seconds_a_step: float) -> dict[str, Any]:
    """A row with the keys that clients add to each."""
    step = history.step_of(row, number)
    runtime = step * seconds_a_step
    return {"_runtime": runtime, "_timestamp": begun + runtime, **row, "_step": step}


def take_over(store: Store, other: Store, source: RunRecord, state: str = "finished") -> RunRecord:
    """A run of another store as it is there, with its history, console output and files, but for its state."""
    there = other.runs.get(source.entity, source.project, source.id)
    with store.database.transaction():
        run, _ = store.runs.upsert(there.entity, there.project, there.name)
        for stream in (HISTORY, EVENTS, OUTPUT):
            for number, line in other.lines.get(there.id, stream):
                store.lines.put(run.id, stream, number, [line], truncate=False)
        for file in other.files.run_files(there.id):
            content = other.files.blob(file.address)
            store.files.put_run_file(run.id, file.name, content.size, content.pieces())
        kept = (
            "display_name",
            "description",
            "notes",
            "config",
            "summary",
            "tags",
            "group_name",
            "job_type",
            "made_up",
        )
        columns = {name: getattr(there, name) for name in kept}
        run = store.runs.update(run.id, **columns, state=state, exit_code=0, heartbeat_at=time.time())
    return _record(store, run)


def end_open_runs(store: Store) -> list[RunRecord]:
    """Mark every running run as crashed; returns them."""
    open_runs = [run for run in store.runs.all() if run.state == "running"]
    return [_record(store, store.runs.update(run.id, state="crashed")) for run in open_runs]
