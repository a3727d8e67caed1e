"""Departures that were looked at once more since the HSS was told."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; those of before are looked at once more."""
    op.add_column("departure", sa.Column("seen_gone", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("departure", "seen_gone")
