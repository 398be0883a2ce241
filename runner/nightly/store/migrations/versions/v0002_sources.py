"""Nights know the folder or manifest of their corpus: two folders may have one name."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("nights", sa.Column("source", sa.String))


def downgrade() -> None:
    op.execute("ALTER TABLE nights DROP COLUMN source")
