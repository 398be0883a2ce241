"""Who is told how a night goes."""

from __future__ import annotations

from typing import Protocol

from runner.nightly.night import Entry, Result


class Watcher(Protocol):
    """Told what happens, for whoever watches."""

    def began(self, submissions: int, executor: str) -> None: ...
    def running(self, names: list[str]) -> None: ...
    def decided(self, entry: Entry) -> None: ...
    def canary(self, result: Result, last: bool) -> None: ...
