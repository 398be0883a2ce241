"""Artifacts in the store: collections, versions, manifests, aliases, and which run made or used what."""

from __future__ import annotations

import time
from typing import Any

from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.store.database import Database
from sandbox.wandb_mock.store.rows import Alias, Artifact, Collection, Manifest

DELETED = "DELETED"


class Artifacts:
    """Methods that need a row raise RefusedError (404) if there is none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make_collection(self, project_id: int, kind: str, name: str, client_id: str | None) -> Collection:
        """The sequence of this name, created if need be. One name has one type in a project (400)."""
        with self._database.transaction() as database:
            database.write(
                "INSERT OR IGNORE INTO collections (project_id, type, name, client_id, created_at) "
                "VALUES (?, ?, ?, ?, ?)",
                project_id,
                kind,
                name,
                client_id,
                time.time(),
            )
            found = self.find_collection(project_id, name)
        assert found is not None
        if found.type != kind:
            raise RefusedError(400, f"artifact {name!r} already exists with type {found.type!r}; cannot be {kind!r}")
        return found

    def find_collection(self, project_id: int, name: str) -> Collection | None:
        row = self._database.one("SELECT * FROM collections WHERE project_id = ? AND name = ?", project_id, name)
        return Collection.read(row) if row else None

    def collection(self, number: int) -> Collection:
        row = self._database.one("SELECT * FROM collections WHERE id = ?", number)
        if row is None:
            raise RefusedError(404, "artifact collection not found")
        return Collection.read(row)

    def collections(self, project_id: int, kind: str | None = None) -> list[Collection]:
        rows = self._database.all("SELECT * FROM collections WHERE project_id = ? ORDER BY id", project_id)
        return [found for found in map(Collection.read, rows) if kind in (None, found.type)]

    def add(self, collection: Collection, **columns: Any) -> Artifact:
        """A new version, pending until it is committed."""
        columns |= {"collection_id": collection.id, "state": "PENDING", "created_at": time.time()}
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        number = self._database.write(f"INSERT INTO artifacts ({names}) VALUES ({marks})", *columns.values())
        return self.get(number)

    def get(self, number: int) -> Artifact:
        row = self._database.one("SELECT * FROM artifacts WHERE id = ?", number)
        if row is None:
            raise RefusedError(404, "artifact not found")
        return Artifact.read(row)

    def update(self, number: int, description: str | None, metadata: str | None, tags: str | None = None) -> Artifact:
        """Values that are None stay as they were."""
        self._database.write(
            "UPDATE artifacts SET description = coalesce(?, description), metadata = coalesce(?, metadata), "
            "tags = coalesce(?, tags) WHERE id = ?",
            description,
            metadata,
            tags,
            number,
        )
        return self.get(number)

    def by_client_id(self, client_id: str) -> int | None:
        found: int | None = self._database.scalar("SELECT id FROM artifacts WHERE client_id = ?", client_id)
        return found

    def versions(self, collection_id: int) -> list[Artifact]:
        """Committed versions, newest first."""
        rows = self._database.all(
            "SELECT * FROM artifacts WHERE collection_id = ? AND state = 'COMMITTED' ORDER BY version_index DESC",
            collection_id,
        )
        return [Artifact.read(row) for row in rows]

    def commit(self, number: int) -> Artifact:
        """Number the version and move its aliases to it. Committing twice is fine.

        Its number is an alias of its own (`v0`), and `latest` goes to the newest version.
        """
        with self._database.transaction() as database:
            artifact = self.get(number)
            if artifact.state == "PENDING":
                count = database.scalar(
                    "SELECT count(*) FROM artifacts WHERE collection_id = ? AND version_index IS NOT NULL",
                    artifact.collection_id,
                )
                database.write(
                    "UPDATE artifacts SET state = 'COMMITTED', version_index = ? WHERE id = ?", count, number
                )
                wanted = database.scalar("SELECT wanted_aliases FROM artifacts WHERE id = ?", number)
                for alias in [f"v{count}", "latest", *filter(None, wanted.split("\n"))]:
                    self.set_alias(artifact.collection_id, alias, number)
        return self.get(number)

    def delete(self, number: int) -> Artifact:
        with self._database.transaction() as database:
            database.write("UPDATE artifacts SET state = ? WHERE id = ?", DELETED, number)
            database.write("DELETE FROM aliases WHERE artifact_id = ?", number)
        return self.get(number)

    def set_alias(self, collection_id: int, alias: str, artifact_id: int) -> None:
        self._database.write(
            "INSERT INTO aliases (collection_id, alias, artifact_id) VALUES (?, ?, ?) "
            "ON CONFLICT (collection_id, alias) DO UPDATE SET artifact_id = excluded.artifact_id",
            collection_id,
            alias,
            artifact_id,
        )

    def drop_alias(self, artifact_id: int, alias: str) -> None:
        self._database.write("DELETE FROM aliases WHERE artifact_id = ? AND alias = ?", artifact_id, alias)

    def aliases(self, artifact: Artifact) -> list[Alias]:
        rows = self._database.all("SELECT * FROM aliases WHERE artifact_id = ? ORDER BY id", artifact.id)
        return [Alias.read(row) for row in rows]

    def collection_aliases(self, collection_id: int) -> list[Alias]:
        rows = self._database.all("SELECT * FROM aliases WHERE collection_id = ? ORDER BY id", collection_id)
        return [Alias.read(row) for row in rows]

    def resolve(self, collection: Collection, alias: str) -> Artifact | None:
        """The version behind an alias, its number (`v3`) being one."""
        number = self._database.scalar(
            "SELECT artifact_id FROM aliases WHERE collection_id = ? AND alias = ?", collection.id, alias
        )
        return None if number is None else self.get(number)

    def add_manifest(self, artifact_id: int, name: str, digest: str | None, kind: str) -> Manifest:
        number = self._database.write(
            "INSERT INTO manifests (artifact_id, name, digest, type) VALUES (?, ?, ?, ?)",
            artifact_id,
            name,
            digest,
            kind,
        )
        return self.manifest(number)

    def manifest(self, number: int) -> Manifest:
        row = self._database.one("SELECT * FROM manifests WHERE id = ?", number)
        if row is None:
            raise RefusedError(404, "artifact manifest not found")
        return Manifest.read(row)

    def set_manifest_digest(self, number: int, digest: str | None) -> Manifest:
        self._database.write("UPDATE manifests SET digest = coalesce(?, digest) WHERE id = ?", digest, number)
        return self.manifest(number)

    def manifests(self, artifact_id: int) -> list[Manifest]:
        """Newest first."""
        rows = self._database.all("SELECT * FROM manifests WHERE artifact_id = ? ORDER BY id DESC", artifact_id)
        return [Manifest.read(row) for row in rows]

    def add_file(self, artifact_id: int, name: str, md5: str | None) -> int:
        """Announce a file of a version; returns its row id."""
        with self._database.transaction() as database:
            database.write(
                "INSERT INTO artifact_files (artifact_id, name, md5) VALUES (?, ?, ?) "
                "ON CONFLICT (artifact_id, name) DO UPDATE SET md5 = excluded.md5",
                artifact_id,
                name,
                md5,
            )
            return int(
                database.scalar("SELECT id FROM artifact_files WHERE artifact_id = ? AND name = ?", artifact_id, name)
            )

    def announced(self, artifact_id: int, name: str) -> bool:
        """Whether a version said that it has a file of this name."""
        sql = "SELECT 1 FROM artifact_files WHERE artifact_id = ? AND name = ?"
        return self._database.scalar(sql, artifact_id, name) is not None

    def announced_content(self, md5: str) -> bool:
        """Whether any version said that it has a file with this content (base64)."""
        return self._database.scalar("SELECT 1 FROM artifact_files WHERE md5 = ?", md5) is not None

    def use(self, run_id: int, artifact_id: int, role: str) -> None:
        """Note that a run made (`output`) or used (`input`) a version."""
        self._database.write("INSERT OR IGNORE INTO artifact_uses VALUES (?, ?, ?)", run_id, artifact_id, role)

    def of_run(self, run_id: int, role: str) -> list[Artifact]:
        rows = self._database.all(
            "SELECT artifacts.* FROM artifacts JOIN artifact_uses ON artifact_id = artifacts.id "
            "WHERE run_id = ? AND role = ? AND state = 'COMMITTED' ORDER BY artifacts.id",
            run_id,
            role,
        )
        return [Artifact.read(row) for row in rows]

    def users(self, artifact_id: int) -> list[int]:
        """The row ids of the runs that used a version."""
        rows = self._database.all(
            "SELECT run_id FROM artifact_uses WHERE artifact_id = ? AND role = 'input'", artifact_id
        )
        return [row["run_id"] for row in rows]
