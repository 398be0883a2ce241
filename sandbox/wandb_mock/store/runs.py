"""Projects and runs in the store."""

from __future__ import annotations

import json
import time
from typing import Any

from sandbox.wandb_mock.names import check_entity_name, check_project_name, check_run_name, display_name
from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.store.database import Database
from sandbox.wandb_mock.store.rows import Project, Run

SELECT = (
    "SELECT runs.*, projects.entity AS entity, projects.name AS project FROM runs "
    "JOIN projects ON projects.id = runs.project_id WHERE deleted = 0 "
)
UPDATABLE = frozenset(
    [
        "display_name",
        "description",
        "notes",
        "state",
        "config",
        "summary",
        "tags",
        "group_name",
        "job_type",
        "commit_hash",
        "repo",
        "host",
        "program",
        "exit_code",
        "heartbeat_at",
        "stopped",
        "made_up",
    ]
)


class Runs:
    """Finds and changes projects and runs. Methods that need a run raise RefusedError (404) if there is none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def project(self, entity: str, name: str) -> Project | None:
        row = self._database.one("SELECT * FROM projects WHERE entity = ? AND name = ?", entity, name)
        return Project.read(row) if row else None

    def project_by_id(self, number: int) -> Project | None:
        row = self._database.one("SELECT * FROM projects WHERE id = ?", number)
        return Project.read(row) if row else None

    def projects(self, entity: str | None = None) -> list[Project]:
        """All projects, oldest first; of one entity if it is given."""
        found = map(Project.read, self._database.all("SELECT * FROM projects ORDER BY id"))
        return [project for project in found if entity in (None, project.entity)]

    def make_project(self, entity: str, name: str, description: str | None = None) -> Project:
        """The project of this name; it is created if need be, as the real server does on the first run."""
        check_entity_name(entity)
        check_project_name(name)
        with self._database.transaction() as database:
            database.write(
                "INSERT OR IGNORE INTO projects (entity, name, created_at) VALUES (?, ?, ?)", entity, name, time.time()
            )
            if description is not None:
                database.write(
                    "UPDATE projects SET description = ? WHERE entity = ? AND name = ?", description, entity, name
                )
            project = self.project(entity, name)
        assert project is not None
        return project

    def find(self, entity: str, project: str, name: str) -> Run | None:
        row = self._database.one(
            SELECT + "AND projects.entity = ? AND projects.name = ? AND runs.name = ?", entity, project, name
        )
        return Run.read(row) if row else None

    def get(self, entity: str, project: str, name: str) -> Run:
        run = self.find(entity, project, name)
        if run is None:
            raise RefusedError(404, f"run {entity}/{project}/{name} not found")
        return run

    def by_id(self, number: int) -> Run:
        row = self._database.one(SELECT + "AND runs.id = ?", number)
        if row is None:
            raise RefusedError(404, "run not found")
        return Run.read(row)

    def all(self, project_id: int | None = None) -> list[Run]:
        """Oldest first."""
        rows = self._database.all(SELECT + "ORDER BY runs.created_at, runs.id")
        return [run for run in map(Run.read, rows) if project_id in (None, run.project_id)]

    def upsert(self, entity: str, project: str, name: str, **changes: Any) -> tuple[Run, bool]:
        """Create a run or change the existing one; also says whether it was created.

        A deleted run's id cannot be used again (409), as on the real server.
        """
        check_run_name(name)
        with self._database.transaction() as database:
            home = self.make_project(entity, project)
            existing = database.one("SELECT id, deleted FROM runs WHERE project_id = ? AND name = ?", home.id, name)
            if existing is not None and existing["deleted"]:
                raise RefusedError(409, f"run {name} was previously created and deleted; try a new run name")
            if existing is None:
                now = time.time()
                count = database.scalar("SELECT count(*) FROM runs WHERE project_id = ?", home.id)
                number = database.write(
                    "INSERT INTO runs (project_id, name, display_name, state, config, summary, tags, created_at, "
                    "heartbeat_at, stopped, deleted, made_up) "
                    "VALUES (?, ?, ?, 'running', '{}', '{}', '[]', ?, ?, 0, 0, 0)",
                    home.id,
                    name,
                    display_name(count + 1),
                    now,
                    now,
                )
            else:
                number = existing["id"]
            return self.update(number, **changes), existing is None

    def update(self, number: int, **changes: Any) -> Run:
        """Change columns of a run; values that are None stay as they were."""
        given = {column: value for column, value in changes.items() if value is not None}
        unknown = given.keys() - UPDATABLE
        if unknown:
            raise ValueError(f"no such columns of a run: {sorted(unknown)}")
        if given:
            assignments = ", ".join(f"{column} = ?" for column in given)
            self._database.write(f"UPDATE runs SET {assignments} WHERE id = ?", *given.values(), number)
        return self.by_id(number)

    def reopen(self, number: int) -> None:
        """A resumed run has no exit code and runs again."""
        self._database.write("UPDATE runs SET exit_code = NULL, state = 'running', stopped = 0 WHERE id = ?", number)

    def delete(self, number: int) -> None:
        self._database.write("UPDATE runs SET deleted = 1 WHERE id = ?", number)

    def add_alert(self, number: int, title: str, text: str, severity: str) -> None:
        self._database.write("INSERT INTO alerts VALUES (?, ?, ?, ?, ?)", number, title, text, severity, time.time())

    def alerts(self, number: int) -> list[dict[str, Any]]:
        """Oldest first; keys title, text, severity, time."""
        rows = self._database.all("SELECT title, text, severity, time FROM alerts WHERE run_id = ?", number)
        return [dict(row) for row in rows]


def tags_text(tags: list[str] | None) -> str | None:
    return None if tags is None else json.dumps(tags)
