"""The schema of nightly's database, on one screen. Rows are added and never changed, but for how far a night came."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    MetaData,
    String,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """A date and time in UTC. SQLite has no time zones; what it holds is UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC) if value else None


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(naming_convention=_NAMES)


class NightRow(Base):
    """One night; its status and its end are the only cells that change."""

    __tablename__ = "nights"

    id: Mapped[int] = mapped_column(primary_key=True)
    corpus: Mapped[str] = mapped_column(index=True)
    source: Mapped[str | None]
    """The folder or manifest of the corpus, absolute; None for nights of earlier versions."""
    directory: Mapped[str]
    """Absolute."""
    host: Mapped[str]
    """The machine on which it began, for people."""
    status: Mapped[str] = mapped_column(String(20))
    tool_version: Mapped[str]
    words: Mapped[list[str]] = mapped_column(JSON)
    started_at: Mapped[datetime] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)


class ResultRow(Base):
    """One finished review, keyed by what was run."""

    __tablename__ = "results"
    __table_args__ = (
        UniqueConstraint("night_id", "submission", "role", "key"),
        Index("ix_results_digest_finished_at", "submission_digest", "finished_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), index=True)
    submission_digest: Mapped[str] = mapped_column(String(64))
    """Of its content alone; the parts of the key follow."""
    parts: Mapped[dict[str, str]] = mapped_column(JSON)
    night_id: Mapped[int] = mapped_column(ForeignKey("nights.id"))
    submission: Mapped[str]
    """Its name in the corpus; of a canary, the canary's."""
    role: Mapped[str] = mapped_column(String(20))
    """first, again (after infrastructure trouble), confirmation, canary_first, canary_last."""
    verdict: Mapped[str] = mapped_column(String(20))
    infrastructure: Mapped[bool]
    seconds: Mapped[float] = mapped_column(Double)
    finished_at: Mapped[datetime] = mapped_column(Moment)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The `Result` of a night, its review's path relative to the night's directory."""


class EntryRow(Base):
    """What a night said of one submission, once that was decided."""

    __tablename__ = "entries"
    __table_args__ = (
        UniqueConstraint("night_id", "submission", "key"),
        Index("ix_entries_corpus_submission", "corpus", "submission"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    night_id: Mapped[int] = mapped_column(ForeignKey("nights.id"))
    corpus: Mapped[str]
    submission: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64))
    """Of its content alone."""
    key: Mapped[str] = mapped_column(String(64))
    change: Mapped[str] = mapped_column(String(20))
    verdict: Mapped[str] = mapped_column(String(20))
    seconds: Mapped[float] = mapped_column(Double)
    decided_at: Mapped[datetime] = mapped_column(Moment)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The `Entry` of the night, without its history."""


class AcceptedRow(Base):
    """A verdict that was accepted; the last one of a submission is what it is compared with."""

    __tablename__ = "accepted"
    __table_args__ = (Index("ix_accepted_corpus_submission", "corpus", "submission"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    corpus: Mapped[str]
    submission: Mapped[str]
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), index=True)
    accepted_at: Mapped[datetime] = mapped_column(Moment)
