"""Connections to a database by its URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
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
        engine = create_engine(parsed, pool_pre_ping=True)
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
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def exclusive(engine: Engine) -> Engine:
    """The same engine, whose transactions on SQLite wait for each other before they read, not before they write."""
    return engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")


def _set_up_sqlite(connection: Any, record: Any) -> None:
    # Python's driver would commit before every CREATE TABLE, and a killed program leave half of the tables behind:
    # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#pysqlite-serializable
    connection.isolation_level = None
    # A write-ahead log survives a killed program, and costs one sync a checkpoint instead of three a transaction.
    for line in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {line}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
