"""Connections to a database by its URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError


class StoreError(Exception):
    """The database cannot be used. The message says which, why, and what to do."""


def open_engine(url: str) -> Engine:
    """An engine for the database at a SQLAlchemy URL. Raises StoreError where there can be none."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
            Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed)
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreError(f"nightly.database: {error}; it looks like postgresql+psycopg://USER@HOST/NAME") from error
    except ModuleNotFoundError as error:
        raise StoreError(
            f"nightly.database: {url.split(':')[0]} needs the Python module {error.name}, which is not installed; "
            "for PostgreSQL: pip install 'sandbox-review[postgresql]'"
        ) from error
    except OSError as error:
        raise StoreError(f"nightly.database: {error.filename} cannot be made: {error.strerror}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: Any, record: Any) -> None:
    # A write-ahead log survives a killed program, and costs one sync a checkpoint instead of three a transaction.
    for line in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {line}")
