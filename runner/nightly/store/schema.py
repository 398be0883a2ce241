"""Bringing a database to this version's schema, with Alembic."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, select

from runner.nightly.store.engine import exclusive

_LOCK = 0x5B0C
"""Key of PostgreSQL's advisory lock under which programs that begin at once change the schema one after the other."""
_SCRIPTS = Path(__file__).parent / "migrations"


class SchemaError(Exception):
    """The database belongs to another version of the program."""


def upgrade(engine: Engine, to: str = "head") -> None:
    """Make the tables, or change an earlier version's. Raises SchemaError for a later version's."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with exclusive(engine).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        config = _config(connection)
        now = MigrationContext.configure(connection).get_current_revision()
        script = ScriptDirectory.from_config(config)
        if now is not None and now not in {revision.revision for revision in script.walk_revisions()}:
            shown = engine.url.render_as_string(hide_password=True)
            raise SchemaError(f"{shown}: was written by a later version of sandbox-review ({now}); use that, or newer")
        if to != "head" or now != script.get_current_head():
            command.upgrade(config, to)


def downgrade(engine: Engine, to: str) -> None:
    """Undo migrations, down to revision `to` ("base": all of them, and all data with them)."""
    with engine.begin() as connection:
        command.downgrade(_config(connection), to)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config
