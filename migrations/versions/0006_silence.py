"""Rounds of EAP that another process went on from, and failures found by their client."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create table and index."""
    op.create_table(
        "continued_round",
        sa.Column("round_key", sa.LargeBinary(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("round_key", name="pk_continued_round"),
    )
    op.create_index("ix_continued_round_at", "continued_round", ["at"])
    op.create_index("ix_failed_authentication_client", "failed_authentication", ["client", "id"])


def downgrade() -> None:
    """Drop both; what they hold matters for a few minutes only."""
    op.drop_index("ix_failed_authentication_client", "failed_authentication")
    op.drop_table("continued_round")
