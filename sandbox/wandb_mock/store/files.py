"""Blobs by address, and the files that a run has."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.store.database import Database
from sandbox.wandb_mock.store.rows import Artifact

PIECE = 2**20


@dataclass(frozen=True)
class StoredFile:
    """A file that has been uploaded, or is about to be (then `size` is 0 and `md5` empty)."""

    id: int
    owner: str
    """run or artifact."""
    name: str
    address: str
    """Where its content is: the path below /storage/."""
    size: int
    md5: str
    """Base64 of the md5 digest, as object stores give it."""
    stored_at: float
    artifact: Artifact | None = None
    """Set in the answer to an announced upload, where clients match answers to questions by it."""


@dataclass(frozen=True)
class Blob:
    """Stored content, to be read piece by piece: many readers at once must not have it all in memory."""

    _database: Database
    _row: int
    size: int

    def pieces(self) -> Iterator[bytes]:
        offset = 0
        while offset < self.size and (piece := self._database.read_blob(self._row, offset, PIECE)):
            yield piece
            offset += len(piece)


class Files:
    def __init__(self, database: Database) -> None:
        self._database = database

    def put_blob(self, address: str, size: int, pieces: Iterable[bytes]) -> None:
        """Store content of this size; it is never in memory as a whole."""
        with self._database.transaction() as database:
            sql = "INSERT OR REPLACE INTO blobs VALUES (?, zeroblob(?), ?)"
            database.write_blob(database.write(sql, address, size, time.time()), pieces)

    def blob(self, address: str) -> Blob:
        """Raises RefusedError (404) if nothing is stored there."""
        row = self._database.one("SELECT rowid, length(content) AS size FROM blobs WHERE address = ?", address)
        if row is None:
            raise RefusedError(404, f"nothing is stored at {address}")
        return Blob(self._database, row["rowid"], row["size"])

    def has_blob(self, address: str) -> bool:
        return self._database.scalar("SELECT 1 FROM blobs WHERE address = ?", address) is not None

    def add_run_file(self, run_id: int, name: str) -> StoredFile:
        """Announce a file of a run; the upload to its address follows."""
        with self._database.transaction() as database:
            database.write("INSERT OR IGNORE INTO files (run_id, name) VALUES (?, ?)", run_id, name)
            number = database.scalar("SELECT id FROM files WHERE run_id = ? AND name = ?", run_id, name)
        return self.describe(number, "run", name, run_address(run_id, name))

    def put_run_file(self, run_id: int, name: str, size: int, pieces: Iterable[bytes]) -> StoredFile:
        self.put_blob(run_address(run_id, name), size, pieces)
        return self.add_run_file(run_id, name)

    def run_files(self, run_id: int) -> list[StoredFile]:
        """Those that have been uploaded, by name."""
        rows = self._database.all("SELECT id, name FROM files WHERE run_id = ? ORDER BY name", run_id)
        found = [self.describe(row["id"], "run", row["name"], run_address(run_id, row["name"])) for row in rows]
        return [file for file in found if file.md5]

    def delete_run_file(self, number: int) -> None:
        """Raises RefusedError (404) if there is no such file."""
        row = self._database.one("SELECT run_id, name FROM files WHERE id = ?", number)
        if row is None:
            raise RefusedError(404, "file not found")
        with self._database.transaction() as database:
            database.write("DELETE FROM files WHERE id = ?", number)
            database.write("DELETE FROM blobs WHERE address = ?", run_address(row["run_id"], row["name"]))

    def describe(self, number: int, owner: str, name: str, address: str) -> StoredFile:
        stored_at = self._database.scalar("SELECT stored_at FROM blobs WHERE address = ?", address)
        if stored_at is None:
            return StoredFile(number, owner, name, address, 0, "", time.time())
        content, digest = self.blob(address), hashlib.md5()
        for piece in content.pieces():
            digest.update(piece)
        md5 = base64.b64encode(digest.digest()).decode()
        return StoredFile(number, owner, name, address, content.size, md5, stored_at)


def run_address(run_id: int, name: str) -> str:
    return f"runs/{run_id}/{name}"
