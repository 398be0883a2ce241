"""The SQLite file: one connection, one lock, short transactions.

The standard library's sqlite3 rather than an ORM: eleven small tables, all SQL in four modules, and one dependency
less on the host. Blobs are in the file too, so that a store is one file that can be kept as evidence.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS projects (
    id INTEGER PRIMARY KEY, entity TEXT NOT NULL, name TEXT NOT NULL, description TEXT, created_at REAL NOT NULL,
    UNIQUE (entity, name));
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES projects, name TEXT NOT NULL,
    display_name TEXT NOT NULL, description TEXT, notes TEXT, state TEXT NOT NULL, config TEXT NOT NULL,
    summary TEXT NOT NULL, tags TEXT NOT NULL, group_name TEXT, job_type TEXT, commit_hash TEXT, repo TEXT, host TEXT,
    program TEXT, exit_code INTEGER, created_at REAL NOT NULL, heartbeat_at REAL NOT NULL, stopped INTEGER NOT NULL,
    deleted INTEGER NOT NULL, made_up INTEGER NOT NULL, UNIQUE (project_id, name));
CREATE TABLE IF NOT EXISTS lines (
    run_id INTEGER NOT NULL REFERENCES runs, stream TEXT NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (run_id, stream, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alerts (
    run_id INTEGER NOT NULL REFERENCES runs, title TEXT NOT NULL, text TEXT NOT NULL, severity TEXT NOT NULL,
    time REAL NOT NULL);
CREATE TABLE IF NOT EXISTS blobs (address TEXT PRIMARY KEY, content BLOB NOT NULL, stored_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs, name TEXT NOT NULL, UNIQUE (run_id, name));
CREATE TABLE IF NOT EXISTS collections (
    id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES projects, type TEXT NOT NULL, name TEXT NOT NULL,
    description TEXT, client_id TEXT, created_at REAL NOT NULL, UNIQUE (project_id, name));
CREATE TABLE IF NOT EXISTS artifacts (
    id INTEGER PRIMARY KEY, collection_id INTEGER NOT NULL REFERENCES collections, version_index INTEGER,
    state TEXT NOT NULL, digest TEXT NOT NULL, description TEXT, metadata TEXT, tags TEXT NOT NULL, client_id TEXT,
    history_step INTEGER, created_by INTEGER REFERENCES runs, created_at REAL NOT NULL, wanted_aliases TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS manifests (
    id INTEGER PRIMARY KEY, artifact_id INTEGER NOT NULL REFERENCES artifacts, name TEXT NOT NULL, digest TEXT,
    type TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS artifact_files (
    id INTEGER PRIMARY KEY, artifact_id INTEGER NOT NULL REFERENCES artifacts, name TEXT NOT NULL, md5 TEXT,
    UNIQUE (artifact_id, name));
CREATE TABLE IF NOT EXISTS aliases (
    id INTEGER PRIMARY KEY, collection_id INTEGER NOT NULL REFERENCES collections, alias TEXT NOT NULL,
    artifact_id INTEGER NOT NULL REFERENCES artifacts, UNIQUE (collection_id, alias));
CREATE TABLE IF NOT EXISTS artifact_uses (
    run_id INTEGER NOT NULL REFERENCES runs, artifact_id INTEGER NOT NULL REFERENCES artifacts, role TEXT NOT NULL,
    PRIMARY KEY (run_id, artifact_id, role));
"""


class Database:
    """Safe to share between threads; every public method is one transaction unless called inside `transaction`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(TABLES)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Database]:
        """All or nothing, and nobody else in between. May be nested: the outermost one commits."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        with self._lock:
            row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
            return row

    def scalar(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, None if there is none."""
        row = self.one(sql, *values)
        return None if row is None else row[0]

    def write(self, sql: str, *values: Any) -> int:
        """Run one statement; returns the id of the row that it inserted."""
        with self._lock:
            return self._connection.execute(sql, values).lastrowid or 0

    def write_many(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        with self._lock:
            self._connection.executemany(sql, rows)

    def size(self) -> int:
        """Bytes of the file."""
        return int(self.scalar("PRAGMA page_count")) * int(self.scalar("PRAGMA page_size"))

    def text_size(self) -> int:
        """Bytes of the file without blobs: what is in memory when everything is looked at."""
        unused = int(self.scalar("PRAGMA freelist_count")) * int(self.scalar("PRAGMA page_size"))
        return self.size() - unused - int(self.scalar("SELECT total(length(content)) FROM blobs"))

    def write_blob(self, row: int, pieces: Iterable[bytes]) -> None:
        """Fill the blob of this row, which has the size of all pieces together."""
        with self._lock, self._connection.blobopen("blobs", "content", row) as blob:
            for piece in pieces:
                blob.write(piece)

    def read_blob(self, row: int, offset: int, size: int) -> bytes:
        """A part of the blob of this row, b"" if it has been replaced meanwhile."""
        with self._lock:
            try:
                blob = self._connection.blobopen("blobs", "content", row, readonly=True)
            except sqlite3.OperationalError:
                return b""
            with blob:
                blob.seek(offset)
                return blob.read(size)

    def close(self) -> None:
        with self._lock:
            self._connection.close()
