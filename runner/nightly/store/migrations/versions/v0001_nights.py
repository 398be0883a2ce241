"""Nights, results, entries and accepted verdicts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "nights",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("corpus", sa.String, nullable=False),
        sa.Column("directory", sa.String, nullable=False),
        sa.Column("host", sa.String, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("tool_version", sa.String, nullable=False),
        sa.Column("words", sa.JSON, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_nights"),
    )
    op.create_index("ix_nights_corpus", "nights", ["corpus"])
    op.create_table(
        "results",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("submission_digest", sa.String(64), nullable=False),
        sa.Column("parts", sa.JSON, nullable=False),
        sa.Column("night_id", sa.Integer, nullable=False),
        sa.Column("submission", sa.String, nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("infrastructure", sa.Boolean, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.ForeignKeyConstraint(["night_id"], ["nights.id"], name="fk_results_night_id"),
        sa.PrimaryKeyConstraint("id", name="pk_results"),
        sa.UniqueConstraint("night_id", "submission", "role", "key", name="uq_results_night_id_submission_role_key"),
    )
    op.create_index("ix_results_key", "results", ["key"])
    op.create_index("ix_results_digest_finished_at", "results", ["submission_digest", "finished_at"])
    op.create_table(
        "entries",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("night_id", sa.Integer, nullable=False),
        sa.Column("corpus", sa.String, nullable=False),
        sa.Column("submission", sa.String, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("change", sa.String(20), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("decided_at", _MOMENT, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.ForeignKeyConstraint(["night_id"], ["nights.id"], name="fk_entries_night_id"),
        sa.PrimaryKeyConstraint("id", name="pk_entries"),
        sa.UniqueConstraint("night_id", "submission", "key", name="uq_entries_night_id_submission_key"),
    )
    op.create_index("ix_entries_corpus_submission", "entries", ["corpus", "submission"])
    op.create_table(
        "accepted",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("corpus", sa.String, nullable=False),
        sa.Column("submission", sa.String, nullable=False),
        sa.Column("entry_id", sa.Integer, nullable=False),
        sa.Column("accepted_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_accepted_entry_id"),
        sa.PrimaryKeyConstraint("id", name="pk_accepted"),
    )
    op.create_index("ix_accepted_corpus_submission", "accepted", ["corpus", "submission"])
    op.create_index("ix_accepted_entry_id", "accepted", ["entry_id"])


def downgrade() -> None:
    for table in ("accepted", "entries", "results", "nights"):
        op.drop_table(table)
