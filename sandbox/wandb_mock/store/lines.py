"""The line streams of a run: history, events (system metrics) and console output."""

from __future__ import annotations

from typing import Any

from sandbox.json_values import parse
from sandbox.wandb_mock.store.database import Database

HISTORY, EVENTS, OUTPUT = "history", "events", "output"


class Lines:
    """Numbered lines of text; the number is the offset that clients count in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, run_id: int, stream: str, offset: int, lines: list[str], truncate: bool) -> None:
        """Store lines from this offset on.

        With `truncate`, what stood there and behind goes: a client that starts a run id anew without resuming it
        begins at offset 0, and the server keeps only what it sends then. Console output is not truncated, because
        clients send lines out of order when a progress bar rewrites one.
        """
        with self._database.transaction() as database:
            if truncate:
                database.write(
                    "DELETE FROM lines WHERE run_id = ? AND stream = ? AND number >= ?", run_id, stream, offset
                )
            rows = [(run_id, stream, offset + index, line) for index, line in enumerate(lines)]
            database.write_many("INSERT OR REPLACE INTO lines VALUES (?, ?, ?, ?)", rows)

    def get(self, run_id: int, stream: str) -> list[tuple[int, str]]:
        rows = self._database.all(
            "SELECT number, text FROM lines WHERE run_id = ? AND stream = ? ORDER BY number", run_id, stream
        )
        return [(row["number"], row["text"]) for row in rows]

    def tail(self, run_id: int, stream: str) -> list[str]:
        """The last line, in a list; an empty list if there is none."""
        row = self._database.one(
            "SELECT text FROM lines WHERE run_id = ? AND stream = ? ORDER BY number DESC LIMIT 1", run_id, stream
        )
        return [row["text"]] if row else []

    def count(self, run_id: int, stream: str) -> int:
        """One more than the highest offset, which is where a client that resumes goes on."""
        highest = self._database.scalar("SELECT max(number) FROM lines WHERE run_id = ? AND stream = ?", run_id, stream)
        return 0 if highest is None else int(highest) + 1

    def size(self, run_id: int, stream: str) -> int:
        """Characters of all lines."""
        sql = "SELECT total(length(text)) FROM lines WHERE run_id = ? AND stream = ?"
        return int(self._database.scalar(sql, run_id, stream))

    def rows(self, run_id: int, stream: str) -> list[dict[str, Any]]:
        """The lines parsed as JSON objects (see `json_values.parse`); others are left out."""
        found = []
        for _, text in self.get(run_id, stream):
            try:
                row = parse(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                found.append(row)
        return found
