"""What the mock keeps, in one SQLite file."""

from __future__ import annotations

from pathlib import Path

from sandbox.wandb_mock.store.artifacts import Artifacts
from sandbox.wandb_mock.store.database import Database
from sandbox.wandb_mock.store.files import Files
from sandbox.wandb_mock.store.lines import Lines
from sandbox.wandb_mock.store.runs import Runs


class Store:
    """All of it; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        self.runs = Runs(self.database)
        self.lines = Lines(self.database)
        self.files = Files(self.database)
        self.artifacts = Artifacts(self.database)

    def close(self) -> None:
        self.database.close()
