"""What the database's rows are outside of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from runner.nightly.night import NightStatus, Past, Result
from runner.nightly.store.tables import AcceptedRow, EntryRow, NightRow


@dataclass(frozen=True)
class StoredNight:
    """One night as the database knows it."""

    number: int
    corpus: str
    directory: Path
    status: NightStatus
    started_at: datetime
    finished_at: datetime | None
    source: Path | None = None
    """The folder or manifest of its corpus."""

    @property
    def mark(self) -> str:
        """What its folder says of it; no two nights have the same, in whichever databases they are."""
        return f"night {self.number} of {self.started_at.isoformat()}"


@dataclass(frozen=True)
class Stored:
    """A result, and what it is a result of."""

    key: str
    result: Result
    directory: Path
    """Of the night in which it was made; the result's `review` is relative to it."""

    def seen_from(self, directory: Path) -> Result:
        """The result, its review's path relative to `directory`."""
        if self.result.review is None or self.directory == directory:
            return self.result
        return self.result.model_copy(
            update={"review": os.path.relpath(self.directory / self.result.review, directory)}
        )


def past_query(*conditions: Any) -> Any:
    """The columns of a `Past`; a condition that is a labelled column is selected, too."""
    was_accepted = select(AcceptedRow.id).where(AcceptedRow.entry_id == EntryRow.id).exists().label("accepted")
    extra = [condition for condition in conditions if getattr(condition, "name", None) == "number"]
    where = [condition for condition in conditions if condition not in extra]
    columns = (EntryRow.id, EntryRow.corpus, EntryRow.submission, EntryRow.night_id, EntryRow.decided_at)
    query = select(*columns, EntryRow.verdict, EntryRow.change, EntryRow.seconds, was_accepted, *extra)
    # What a night says whose canary failed is no verdict.
    return query.join(NightRow).where(NightRow.status != NightStatus.INFRASTRUCTURE, *where)


def as_past(row: Row[Any]) -> Past:
    return Past(
        night=row.night_id,
        finished_at=row.decided_at,
        verdict=row.verdict,
        change=row.change,
        seconds=row.seconds,
        accepted=bool(row.accepted),
    )


def as_stored(row: Row[Any]) -> Stored:
    return Stored(row.key, Result.model_validate(row.data), Path(row.directory))


def as_night(row: Row[Any]) -> StoredNight:
    status = NightStatus(row.status)
    source = None if row.source is None else Path(row.source)
    return StoredNight(row.id, row.corpus, Path(row.directory), status, row.started_at, row.finished_at, source)
