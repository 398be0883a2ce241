"""The database of nights, through SQLAlchemy: SQLite, PostgreSQL, or what else it speaks."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from runner.nightly.key import Key
from runner.nightly.night import Entry, NightStatus, NightVerdict, Past, Result
from runner.nightly.store.engine import StoreError, open_engine
from runner.nightly.store.records import Stored, StoredNight, as_night, as_past, as_stored, past_query
from runner.nightly.store.schema import SchemaError, upgrade
from runner.nightly.store.tables import AcceptedRow, EntryRow, NightRow, ResultRow


class Store:
    """One database. Every method is one transaction; a program that is killed leaves all or nothing of it."""

    def __init__(self, url: str) -> None:
        """Connect, and bring the schema to this version's. Raises StoreError, SchemaError."""
        self.engine = open_engine(url)
        self.shown = self.engine.url.render_as_string(hide_password=True)
        try:
            upgrade(self.engine)
        except SchemaError:
            self.engine.dispose()
            raise
        except SQLAlchemyError as error:
            self.engine.dispose()
            raise StoreError(f"{self.shown}: {_words(error)}; look at nightly.database") from error

    def close(self) -> None:
        self.engine.dispose()

    # Nights

    def begin(
        self, corpus: str, directory: Path, words: Sequence[str], version: str, source: Path | None = None
    ) -> int:
        """A new night; returns its number."""
        row = NightRow(
            corpus=corpus,
            source=None if source is None else str(source),
            directory=str(directory.absolute()),
            host=socket.gethostname(),
            status=NightStatus.RUNNING,
            tool_version=version,
            words=list(words),
            started_at=datetime.now(UTC),
        )
        return int(self._insert(row))

    def nights(self, corpus: str | None = None, status: NightStatus | None = None) -> list[StoredNight]:
        """All nights, last first."""
        query = select(NightRow.__table__).order_by(NightRow.id.desc())
        if corpus is not None:
            query = query.where(NightRow.corpus == corpus)
        if status is not None:
            query = query.where(NightRow.status == status)
        return [as_night(row) for row in self._rows(query)]

    def night(self, number: int) -> StoredNight:
        """One night. Raises LookupError where there is none of this number."""
        rows = self._rows(select(NightRow.__table__).where(NightRow.id == number))
        if not rows:
            raise LookupError(f"{self.shown}: has no night {number}")
        return as_night(rows[0])

    def source_of(self, corpus: str) -> Path | None:
        """The folder or manifest of the corpus with this name, in its last night; None where that is not known."""
        known = NightRow.source.is_not(None)
        query = select(NightRow.source).where(NightRow.corpus == corpus, known).order_by(NightRow.id.desc()).limit(1)
        return next((Path(row.source) for row in self._rows(query)), None)

    def unfinished(self, corpus: str, words: Sequence[str]) -> list[StoredNight]:
        """Nights of this corpus and command that did not come to their end, last first.

        Whether one lies on this machine, its folder says: a container has another host name at every start.
        """
        query = select(NightRow.__table__).where(NightRow.corpus == corpus, NightRow.status == NightStatus.RUNNING)
        rows = self._rows(query.order_by(NightRow.id.desc()))
        return [as_night(row) for row in rows if row.words == list(words)]

    def end(self, night: int, status: NightStatus, at: datetime | None = None) -> None:
        """Say how a night ended, and when (None: now)."""
        values = {"status": status, "finished_at": at or datetime.now(UTC)}
        with self._transaction() as connection:
            connection.execute(update(NightRow).where(NightRow.id == night).values(values))

    # Results

    def add_result(self, night: int, submission: str, role: str, digest: str, key: Key, result: Result) -> None:
        """Keep one finished review. Adding the same again changes nothing."""
        row = ResultRow(
            key=key.digest,
            submission_digest=digest,
            parts=key.model_dump(),
            night_id=night,
            submission=submission,
            role=role,
            verdict=result.verdict,
            infrastructure=result.infrastructure,
            seconds=result.seconds,
            finished_at=result.finished_at or datetime.now(UTC),
            data=result.model_dump(mode="json"),
        )
        self._insert(row, ignore_twice=True)

    def results_of(self, night: int) -> dict[tuple[str, str], Stored]:
        """(submission, role) -> what was kept of a night; of what changed while it ran, the last."""
        columns = (ResultRow.submission, ResultRow.role, ResultRow.key, ResultRow.data, NightRow.directory)
        rows = self._rows(select(*columns).join(NightRow).where(ResultRow.night_id == night).order_by(ResultRow.id))
        return {(row.submission, row.role): as_stored(row) for row in rows}

    def reusable(self, key: str) -> list[Stored]:
        """Results of finished nights with this key that say something of the submission, last first."""
        query = (
            select(ResultRow.key, ResultRow.data, NightRow.directory)
            .join(NightRow)
            .where(
                ResultRow.key == key,
                ResultRow.infrastructure.is_(False),
                NightRow.status == NightStatus.FINISHED,
                ResultRow.verdict.in_((NightVerdict.READY, NightVerdict.NOT_READY)),
            )
            .order_by(ResultRow.id.desc())
            .limit(20)
        )
        return [as_stored(row) for row in self._rows(query)]

    # Entries

    def add_entry(self, night: int, corpus: str, entry: Entry) -> None:
        """Keep what a night decided of one submission. Adding the same again changes nothing."""
        row = EntryRow(
            night_id=night,
            corpus=corpus,
            submission=entry.submission,
            digest=entry.digest,
            key=entry.now.key,
            change=entry.change,
            verdict=entry.now.verdict,
            seconds=entry.now.seconds,
            decided_at=datetime.now(UTC),
            data=entry.model_copy(update={"history": []}).model_dump(mode="json"),
        )
        self._insert(row, ignore_twice=True)

    def entries_of(self, night: int) -> dict[str, Entry]:
        """Submission -> what was decided of it last."""
        columns = (EntryRow.submission, EntryRow.data)
        rows = self._rows(select(*columns).where(EntryRow.night_id == night).order_by(EntryRow.id))
        return {row.submission: Entry.model_validate(row.data) for row in rows}

    def history(self, corpus: str, limit: int, before: int) -> dict[str, list[Past]]:
        """Submission -> its last `limit` verdicts of nights before night `before`, oldest first."""
        number = func.row_number().over(partition_by=EntryRow.submission, order_by=EntryRow.id.desc()).label("number")
        inner = past_query(EntryRow.corpus == corpus, EntryRow.night_id < before, number).subquery()
        query = select(inner).where(inner.c.number <= limit).order_by(inner.c.id)
        found: dict[str, list[Past]] = {}
        for row in self._rows(query):
            found.setdefault(row.submission, []).append(as_past(row))
        return found

    def history_of(self, submission: str, digest: str | None = None) -> dict[tuple[str, str], list[Past]]:
        """(corpus, submission) -> all verdicts, oldest first: of that name, or of that content under any name."""
        wanted = EntryRow.submission == submission
        if digest:
            wanted = wanted | (EntryRow.digest == digest)
        found: dict[tuple[str, str], list[Past]] = {}
        for row in self._rows(past_query(wanted).order_by(EntryRow.id)):
            found.setdefault((row.corpus, row.submission), []).append(as_past(row))
        return found

    # What verdicts are compared with

    def accepted(self, corpus: str) -> dict[str, Stored]:
        """Submission -> the verdict that was accepted last."""
        last = select(func.max(AcceptedRow.id)).where(AcceptedRow.corpus == corpus).group_by(AcceptedRow.submission)
        query = (
            select(EntryRow.submission, EntryRow.data, NightRow.directory)
            .select_from(AcceptedRow)
            .join(EntryRow, EntryRow.id == AcceptedRow.entry_id)
            .join(NightRow, NightRow.id == EntryRow.night_id)
            .where(AcceptedRow.id.in_(last))
        )
        found = {}
        for row in self._rows(query):
            entry = Entry.model_validate(row.data)
            result = entry.confirmation or entry.now
            found[row.submission] = Stored(result.key, result, Path(row.directory))
        return found

    def accept(self, night: int, names: Iterable[str] | None = None) -> tuple[list[str], list[str]]:
        """From now on compare with a night's verdicts: all, or those of `names`.

        Returns the submissions that were accepted, and those of which the night was not sure.
        """
        wanted = None if names is None else set(names)
        columns = (EntryRow.id, EntryRow.corpus, EntryRow.submission, EntryRow.data)
        rows = self._rows(select(*columns).where(EntryRow.night_id == night).order_by(EntryRow.id))
        rows = [row for row in rows if wanted is None or row.submission in wanted]
        known = {row.id for row in rows if Entry.model_validate(row.data).sure}
        sure = [row for row in rows if row.id in known]
        now = datetime.now(UTC)
        with self._transaction() as connection:
            if sure:
                values = [
                    {"corpus": row.corpus, "submission": row.submission, "entry_id": row.id, "accepted_at": now}
                    for row in sure
                ]
                connection.execute(insert(AcceptedRow), values)
        return [row.submission for row in sure], [row.submission for row in rows if row.id not in known]

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Raises StoreError where the database fails, as when its server is gone."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(
                f"{self.shown}: {_words(error)}; what was recorded is kept: start the same command again"
            ) from error

    def _rows(self, query: Any) -> Sequence[Row[Any]]:
        with self._transaction() as connection:
            return connection.execute(query).all()

    def _insert(self, row: Any, ignore_twice: bool = False) -> int:
        with self._transaction() as connection, Session(connection) as session:
            session.add(row)
            try:
                session.flush()
            except IntegrityError:
                if not ignore_twice:
                    raise
                session.rollback()
                return 0
            return int(row.id)


def _words(error: SQLAlchemyError) -> str:
    return " ".join(str(getattr(error, "orig", None) or error).split())
