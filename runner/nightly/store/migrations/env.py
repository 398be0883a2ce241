"""Run by Alembic, with the connection that `runner.nightly.store.schema` hands it."""

from alembic import context

from runner.nightly.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter tables in place
)
with context.begin_transaction():
    context.run_migrations()
