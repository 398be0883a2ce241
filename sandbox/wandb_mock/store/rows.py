"""What the store hands out: frozen copies of its rows. Times are seconds since the epoch."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, fields
from typing import Any, Self

CRASHED_AFTER_SECONDS = 300.0
"""A run that is not heard of for five minutes counts as crashed. Source: W&B's documentation of run states."""


@dataclass(frozen=True)
class Row:
    @classmethod
    def read(cls, row: sqlite3.Row) -> Self:
        """From a row that has at least this class's columns."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})


@dataclass(frozen=True)
class Project(Row):
    id: int
    entity: str
    name: str
    description: str | None
    created_at: float


@dataclass(frozen=True)
class Run(Row):
    id: int
    project_id: int
    entity: str
    project: str
    name: str
    """What clients call the run's id."""
    display_name: str
    description: str | None
    notes: str | None
    state: str
    """running, finished, failed, crashed or pending, as it was last said; see `state_at`."""
    config: str
    """JSON: key -> {"value": ..., "desc": ...}, as clients send it."""
    summary: str
    tags: str
    group_name: str | None
    job_type: str | None
    commit_hash: str | None
    repo: str | None
    host: str | None
    program: str | None
    exit_code: int | None
    created_at: float
    heartbeat_at: float
    stopped: int
    made_up: int
    """1 for runs that no client logged: copies and synthesised ones."""

    def state_at(self, now: float) -> str:
        """The state that a reader is told at this time."""
        silent = self.state == "running" and now - self.heartbeat_at > CRASHED_AFTER_SECONDS
        return "crashed" if silent else self.state

    @property
    def config_values(self) -> dict[str, Any]:
        """Key -> value, without W&B's own entries."""
        read = json.loads(self.config)
        plain = {key: entry["value"] if is_entry(entry) else entry for key, entry in read.items()}
        return {key: value for key, value in plain.items() if key not in ("_wandb", "wandb_version")}

    @property
    def summary_values(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.summary)
        return read


def is_entry(value: Any) -> bool:
    """Whether a configuration value is wrapped as clients wrap it."""
    return isinstance(value, dict) and "value" in value


@dataclass(frozen=True)
class Collection(Row):
    id: int
    project_id: int
    type: str
    name: str
    description: str | None
    created_at: float


@dataclass(frozen=True)
class Artifact(Row):
    id: int
    collection_id: int
    version_index: int | None
    state: str
    """PENDING, COMMITTED or DELETED."""
    digest: str
    description: str | None
    metadata: str | None
    tags: str
    history_step: int | None
    created_by: int | None
    created_at: float


@dataclass(frozen=True)
class Manifest(Row):
    id: int
    artifact_id: int
    name: str
    digest: str | None
    type: str


@dataclass(frozen=True)
class Alias(Row):
    id: int
    collection_id: int
    alias: str
    artifact_id: int
